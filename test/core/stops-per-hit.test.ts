/** A hit that nobody hears of stops the thread once: at the trap. What is behind it is no second stop. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { counting } from '../support/hit-counter.js';
import { continueAll, launchFixture } from './traced-program.js';

const classes = [
  ...['nop', 'push', 'pop', 'move', 'lea', 'load', 'vector', 'call', 'call_register', 'call_memory', 'ret'],
  ...['branch', 'jump', 'jump_register', 'jump_memory', 'loop', 'string', 'push_flags', 'pop_flags'],
  ...['system_call', 'stack_segment'],
];
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
    it(`${name}: 1`, async () => {
      await using program = await launchFixture('instruction-classes', [name, String(hits)], {
        flags: ['-O1'],
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
      await engine.next('breakpoint');
      const stops = stopsOf(attachment.process.pid) - before;
      assert.equal(tracer.native.variable(1), BigInt(hits));
      tracer.native.setVariable(1, undefined);
      assert.ok(stops >= hits && stops < hits + otherStops, `${stops} stops for ${hits} hits`);
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    });
  }
});
