import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Thread } from '../../src/core/index.js';
import { turnsOfTimers } from '../support/event-loop.js';
import { eventually } from '../support/proc-files.js';
import { continueAll, launchFixture, RecordingEngine } from './traced-program.js';

describe('several engines on one process', () => {
  it('each hear of their own breakpoints, every hit counted, and one leaves without the others noticing', async () => {
    await using program = await launchFixture('hot-threads', ['4', '30']);
    const { attachment, engine } = program;
    const hot = program.symbol('hot');
    const run = program.symbol('run');
    const others = [new RecordingEngine(), new RecordingEngine(), new RecordingEngine()];
    const attachments = others.map((other) => attachment.process.attachEngine(other));
    attachment.insertBreakpoint(hot);
    attachments[0]?.insertBreakpoint(hot);
    attachments[1]?.insertBreakpoint(run);
    attachments[2]?.insertBreakpoint(run);
    for (const one of [attachment, ...attachments]) continueAll(one);
    await others[2]?.next('breakpoint');
    await attachments[2]?.detach();
    const heard = others[2]?.events.length;
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 120);
    assert.equal(others[0]?.count('breakpoint'), 120);
    assert.equal(others[1]?.count('breakpoint'), 4);
    assert.equal(others[2]?.events.length, heard);
    assert.equal(others[1]?.count('exit'), 1);
  });

  it('leave the event loop to others in a storm of threads, and can be quiesced in it', async () => {
    await using program = await launchFixture('thread-storm');
    const { attachment, engine } = program;
    continueAll(attachment);
    await engine.next('clone');
    await turnsOfTimers(20);
    await eventually('threads are made all the time', () => engine.count('clone') > 20);
    await attachment.quiesce();
    for (const thread of attachment.process.threads.values()) assert.ok(thread.isStopped);
  });

  it('a thread runs only when none of them holds it', async () => {
    await using program = await launchFixture('hot-threads', ['1', '5']);
    const { attachment, engine } = program;
    const other = new RecordingEngine();
    const holding = attachment.process.attachEngine(other);
    const [thread] = [...attachment.process.threads.values()];
    assert.ok(thread);
    continueAll(attachment);
    assert.ok(thread.isStopped);
    holding.resume([{ thread, action: { kind: 'step' } }]);
    await other.next('step-done');
    // It passed the event on without holding the thread, so its wish is now to let it run.
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('step-done'), 0);
  });

  it('the strictest wish wins: one steps, the other only continues', async () => {
    await using program = await launchFixture('hot-threads', ['1', '5']);
    const { attachment, engine } = program;
    const stepper = new RecordingEngine(['step-done']);
    const stepping = attachment.process.attachEngine(stepper);
    const [thread] = [...attachment.process.threads.values()];
    assert.ok(thread);
    continueAll(attachment);
    const seen = new Set<bigint>();
    for (let count = 0; count < 50; count++) {
      stepping.resume([{ thread, action: { kind: 'step' } }]);
      await stepper.next('step-done');
      assert.ok(thread.isStopped);
      seen.add(thread.pc);
    }
    assert.ok(seen.size > 20);
    await stepping.detach();
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
  });

  it('two that each wait for a step of another thread have theirs one after the other', async () => {
    await using program = await launchFixture('spinner', ['3'], { holdAt: ['clone'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    const { child: second } = await engine.next('clone');
    await attachment.quiesce();
    const [first] = [...attachment.process.threads.values()];
    assert.ok(first);
    const waits = [new WaitingEngine(['step-done']), new WaitingEngine(['step-done'])];
    const [a, b] = waits.map((one) => attachment.process.attachEngine(one));
    assert.ok(a && b);
    continueAll(attachment);
    for (let round = 0; round < 20; round++) {
      const one: Thread = round % 2 === 0 ? first : second;
      const other: Thread = one === first ? second : first;
      a.resume([{ thread: one, action: { kind: 'step' } }]);
      b.resume([{ thread: other, action: { kind: 'step' } }]);
      const ends = await Promise.all(waits.map((engineOf) => engineOf.next('step-done')));
      assert.deepEqual([ends[0]?.thread, ends[1]?.thread], [one, other]);
      for (const held of [a, b]) for (const thread of [one, other]) held.vote(thread, { kind: 'hold' });
    }
    // A hold that does not yield counts as ever.
    waits[1]?.stopYielding();
    a.resume([{ thread: first, action: { kind: 'step' } }]);
    b.resume([{ thread: second, action: { kind: 'step' } }]);
    await waits[1]?.next('step-done');
    await turnsOfTimers(20);
    assert.equal(waits[0]?.count('step-done'), 0);
  });
});

/** Its holds yield, as those of a client that waits for a stop. */
class WaitingEngine extends RecordingEngine {
  #isYielding = true;

  stopYielding(): void {
    this.#isYielding = false;
  }

  yields(): boolean {
    return this.#isYielding;
  }
}
