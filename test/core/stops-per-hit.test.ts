/** A hit that nobody hears of stops the thread once: at the trap. What is behind it is no second stop. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { describe, it } from 'mocha';
import { counting } from '../support/hit-counter.js';
import { continueAll, launchFixture } from './traced-program.js';

const x86Classes = [
  ...['nop', 'push', 'pop', 'move', 'lea', 'load', 'vector', 'call', 'call_register', 'call_memory', 'ret'],
  ...['branch', 'jump', 'jump_register', 'jump_memory', 'loop', 'string', 'push_flags', 'pop_flags'],
  ...['system_call', 'stack_segment'],
];
const aarch64Classes = [
  ...[
    'nop',
    'move',
    'load',
    'vector',
    'address',
    'page',
    'literal',
    'signed_literal',
    'vector_literal',
    'jump',
  ],
  ...[
    'branch',
    'zero_branch',
    'bit_branch',
    'compare_branch',
    'call',
    'call_register',
    'jump_register',
    'ret',
  ],
  ...[
    'authenticate',
    'system_call',
    'exclusive',
    'exclusive_store',
    'copy_prologue',
    'copy_main',
    'copy_epilogue',
  ],
  ...['prefix'],
];
const [fixture, classes] =
  arch() === 'arm64' ? ['instruction-classes-aarch64', aarch64Classes] : ['instruction-classes', x86Classes];
/** The fixture's status where the CPU has no such instruction. */
const unknownInstruction = 77;
const hits = 200;
/** Of the start and the end of a program, the exit event among them. */
const otherStops = 20;

/** How often a thread gave up the processor: once for each of its stops. */
function stopsOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

describe('tracee stops per hit', () => {
  for (const name of classes) {
    it(`${name}: 1`, async function () {
      await using program = await launchFixture(fixture, [name, String(hits)], {
        flags: ['-O1', '-no-pie'],
        holdAt: ['breakpoint'],
      });
      const { attachment, engine, tracer } = program;
      const end = program.symbol('exit_here');
      attachment.insertBreakpoint(program.symbol('main'));
      continueAll(attachment);
      await engine.next('breakpoint');
      attachment.insertBreakpoint(program.symbol(`at_${name}`), { conditions: [counting(1)] });
      attachment.insertBreakpoint(end);
      const before = stopsOf(attachment.process.pid);
      continueAll(attachment);
      const reached = await engine.next('breakpoint', 'exit');
      if (reached.kind === 'exit') {
        assert.deepEqual(reached.status, { kind: 'exited', code: unknownInstruction });
        this.skip();
      }
      const stops = stopsOf(attachment.process.pid) - before;
      assert.equal(tracer.native.variable(1), BigInt(hits));
      tracer.native.setVariable(1, undefined);
      assert.ok(stops >= hits && stops < hits + otherStops, `${stops} stops for ${hits} hits`);
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    });
  }
});
