/** What is told of how threads and processes end, and of who executed a program. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import { continueAll, launchFixture } from './traced-program.js';

describe('ends', () => {
  it('of threads that are killed are told as such', async () => {
    await using program = await launchFixture('spinner', ['3']);
    const { attachment, engine } = program;
    continueAll(attachment);
    await engine.next('clone');
    await engine.next('clone');
    process.kill(attachment.process.pid, 'SIGKILL');
    const { status } = await engine.next('exit');
    assert.deepEqual(status, { kind: 'killed', signal: 9 });
    const { isKilled, code } = await engine.next('thread-exit');
    assert.deepEqual([isKilled, code], [true, 9]);
  });

  it('of a process by another thread than the first tell who executed the program', async () => {
    await using program = await launchFixture('traced-tasks', ['exec']);
    const { attachment, engine } = program;
    continueAll(attachment);
    const { child } = await engine.next('clone');
    const { thread, formerTid } = await engine.next('exec');
    assert.equal(formerTid, child.tid);
    assert.equal(Number(thread.tid), Number(attachment.process.pid));
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 6 });
  });
});
