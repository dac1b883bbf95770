import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import { kernelSignal } from '../../src/base/ids.js';
import { thisMachine } from '../support/machine.js';
import { eventually, processState, systemCallOf } from '../support/proc-files.js';
import { systemCalls } from '../support/system-calls.js';
import { continueAll, launchFixture } from './traced-program.js';

const sigusr1 = kernelSignal(10);
const sleeping: readonly number[] = [systemCalls.nanosleep, systemCalls.restart];
/** The first instruction of a function: one that is executed in a slot, and one that is emulated. */
const entries = {
  x86_64: [
    ['in a slot', ['-O1', '-fcf-protection=none']],
    ['emulated', ['-O0', '-fcf-protection=none']],
  ],
  aarch64: [
    ['in a slot', ['-O1']],
    ['a landing pad', ['-O1', '-mbranch-protection=bti']],
  ],
  i386: [],
} as const;

describe('a breakpoint hit is counted once', () => {
  for (const [how, flags] of entries[thisMachine]) {
    it(`when a signal that passes is waiting, the instruction ${how}`, async () => {
      const hits = 5;
      await using program = await launchFixture('signalled-hits', [String(hits)], {
        flags,
        holdAt: ['breakpoint'],
      });
      const { attachment, engine } = program;
      attachment.setPassSignals(new Set([sigusr1]));
      attachment.insertBreakpoint(program.symbol('hot'));
      continueAll(attachment);
      for (let hit = 0; hit < hits; hit++) {
        assert.equal((await engine.next('breakpoint', 'exit')).kind, 'breakpoint');
        process.kill(attachment.process.pid, 'SIGUSR1');
        continueAll(attachment);
      }
      const end = await engine.next('breakpoint', 'exit');
      assert.ok(end.kind === 'exit', 'a handler came back to the breakpoint');
      assert.deepEqual(end.status, { kind: 'exited', code: hits }, 'every signal came, as it was sent');
    });
  }

  it('when the system call there is interrupted and made again', async () => {
    await using program = await launchFixture('system-calls', ['blocked'], {
      flags: ['-no-pie', '-pthread'],
    });
    const { attachment, engine } = program;
    const { pid } = attachment.process;
    attachment.insertBreakpoint(program.symbol('call_instruction'));
    for (let round = 0; round < 3; round++) {
      continueAll(attachment);
      await eventually(
        'it sleeps',
        () => processState(pid) === 'S' && sleeping.includes(systemCallOf(pid) ?? -1),
      );
      await attachment.quiesce();
    }
    assert.equal(engine.count('breakpoint'), 1);
  });
});
