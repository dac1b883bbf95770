import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { continueAll, launchFixture, usualKinds } from './traced-program.js';

describe('threads of another thread group', () => {
  for (const { memory, hits } of [
    { memory: 'shared', hits: 1 },
    // No trap is in the copy.
    { memory: 'own', hits: 0 },
  ]) {
    it(`are known with ${memory} memory`, async () => {
      await using program = await launchFixture('foreign-threads', [memory], { holdAt: ['signal'] });
      const { attachment, engine } = program;
      const { process } = attachment;
      attachment.insertBreakpoint(program.symbol('work'));
      continueAll(attachment);
      const { child } = await engine.next('clone');
      const { thread, signal } = await engine.next('signal');
      assert.equal(thread, child);
      assert.equal(signal, 10);
      assert.notEqual(child.group, process.pid);
      assert.equal(process.threads.size, 2);
      assert.equal(child.name(), '');
      await attachment.quiesce();
      continueAll(attachment);
      assert.equal((await engine.next('thread-exit')).tid, child.tid);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 4 });
      assert.equal(engine.count('breakpoint'), hits);
    });
  }

  it('become processes for the engines that want them', async () => {
    await using program = await launchFixture('traced-tasks', ['parent'], {
      mask: [...usualKinds, 'separated'],
    });
    const { attachment, engine } = program;
    continueAll(attachment);
    const { process, separate } = await engine.next('separated');
    assert.equal(process, attachment.process);
    assert.notEqual(separate.pid, process.pid);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 4 });
    const heir = separate.attachmentOf(engine);
    assert.ok(heir);
    continueAll(heir);
    const exec = await engine.next('exec');
    assert.equal(exec.thread.process, separate);
    assert.equal(exec.formerTid, exec.thread.tid);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 6 });
  });

  it('are told to be gone where nobody wants them as processes', async () => {
    await using program = await launchFixture('traced-tasks', ['parent'], { mask: [...usualKinds, 'fork'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 4 });
    assert.equal(engine.count('exec'), 0);
  });
});
