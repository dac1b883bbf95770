import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { continueAll, launchFixture, RecordingEngine } from './traced-program.js';

describe('children and execs', () => {
  const expectations = [
    // The child runs its own copy without traps; the parent alone is hit.
    { what: 'fork', code: 11, hits: 1 },
    // The child shares the memory and passes the trap unseen.
    { what: 'vfork', code: 12, hits: 1 },
    { what: 'exec', code: 33, hits: 1 },
    { what: 'thread-exec', code: 33, hits: 1 },
    { what: 'leader-exit', code: 7, hits: 2 },
  ];
  for (const { what, code, hits } of expectations) {
    it(`${what}: nothing of ours is left in the way`, async () => {
      await using program = await launchFixture('families', [what]);
      const { attachment, engine } = program;
      attachment.insertBreakpoint(program.symbol('work'));
      continueAll(attachment);
      const exit = await engine.next('exit');
      assert.deepEqual(exit.status, { kind: 'exited', code });
      assert.equal(engine.count('breakpoint'), hits);
      assert.equal(engine.count('exec'), what.endsWith('exec') ? 1 : 0);
    });
  }

  it('a process whose leader has exited can be quiesced', async () => {
    await using program = await launchFixture('families', ['leader-exit'], { holdAt: ['clone'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    await engine.next('clone');
    await attachment.quiesce();
    const [leader] = [...attachment.process.threads.values()];
    assert.ok(leader);
    attachment.resume([{ thread: leader, action: { kind: 'continue' } }]);
    assert.equal((await engine.next('thread-exit')).tid, leader.tid);
    await attachment.quiesce();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 7 });
  });

  it('an engine that throws loses its attachment only', async () => {
    await using program = await launchFixture('families', ['exec']);
    const { attachment, engine, tracer } = program;
    const failing = new RecordingEngine();
    failing.onEvent = () => {
      throw new Error('broken on purpose');
    };
    const warnings: string[] = [];
    tracer.warn = (message) => warnings.push(message);
    const second = attachment.process.attachEngine(failing);
    second.insertBreakpoint(program.symbol('work'));
    continueAll(second);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 33 });
    assert.equal(second.isAttached, false);
    assert.equal(warnings.length, 1);
  });
});
