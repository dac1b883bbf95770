import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { continueAll, launchFixture } from './traced-program.js';

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
});
