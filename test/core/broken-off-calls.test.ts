/** A system call at a breakpoint that a signal breaks off fails, or is made again, as it does by itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { kernelSignal } from '../../src/base/ids.js';
import { counting } from '../support/hit-counter.js';
import { continueAll, launchFixture } from './traced-program.js';

const sigalrm = kernelSignal(14);
/** The fixture makes so many; the one that is made again is the same call. */
const calls = 4n;

describe('a system call at a breakpoint', () => {
  for (const isTold of [false, true]) {
    it(`is broken off by a signal as it is elsewhere, ${isTold ? 'which an engine hears of' : 'of which nobody hears'}`, async () => {
      await using program = await launchFixture('broken-off-calls', [], { flags: ['-O1', '-no-pie'] });
      const { attachment, engine, tracer } = program;
      if (!isTold) attachment.setPassSignals(new Set([sigalrm]));
      attachment.insertBreakpoint(program.symbol('call_instruction'), { conditions: [counting(1)] });
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
      assert.equal(engine.count('signal') > 0, isTold);
      assert.equal(tracer.native.variable(1), calls);
    });
  }

  it('comes back after interrupts', async () => {
    await using program = await launchFixture('broken-off-calls', [], { flags: ['-O1', '-no-pie'] });
    const { attachment, engine, tracer } = program;
    attachment.setPassSignals(new Set([sigalrm]));
    attachment.insertBreakpoint(program.symbol('call_instruction'), { conditions: [counting(1)] });
    for (let round = 0; round < 5; round++) {
      continueAll(attachment);
      await attachment.quiesce();
    }
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(tracer.native.variable(1), calls);
  });

  it('is broken off in the same way when its breakpoint has gone meanwhile', async () => {
    await using program = await launchFixture('broken-off-calls', [], {
      flags: ['-O1', '-no-pie'],
      holdAt: ['signal'],
    });
    const { attachment, engine } = program;
    const at = program.symbol('call_instruction');
    attachment.insertBreakpoint(at, { conditions: [counting(1)] });
    continueAll(attachment);
    await engine.next('signal');
    engine.holdAt = new Set();
    attachment.removeBreakpoint(at);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
  });
});
