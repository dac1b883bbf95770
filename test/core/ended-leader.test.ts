/** A process whose first thread has ended: the kernel may let its memory be written through another one only. */
import assert from 'node:assert/strict';
import host from 'node:process';
import { describe, it } from 'mocha';
import type { CoreEvent, EventAnswer } from '../../src/core/index.js';
import { eventually, processState } from '../support/proc-files.js';
import { bytesAt, trap } from '../support/raw-memory.js';
import { continueAll, launchFixture, RecordingEngine } from './traced-program.js';

describe('a process whose first thread has ended', () => {
  it('takes breakpoints, and is rid of them again', async () => {
    await using program = await launchFixture('ended-leader', [], { flags: ['-no-pie', '-pthread'] });
    const { attachment } = program;
    const { pid } = attachment.process;
    continueAll(attachment);
    await eventually('the first thread has ended', () => processState(pid) === 'Z');
    const at = program.symbol('outlive');
    const original = attachment.process.memory.readExact(at, trap.length);
    attachment.insertBreakpoint(at);
    assert.deepEqual(attachment.process.memory.readExact(at, trap.length), original);
    const [tid] = [...attachment.process.threads.keys()].filter((one) => Number(one) !== Number(pid));
    assert.ok(tid !== undefined);
    assert.deepEqual(bytesAt(tid, at), trap);
    attachment.removeBreakpoint(at);
    assert.deepEqual(bytesAt(tid, at), original);
  });
});

/** Looks, whenever a thread has ended, as it is looked where the leader is a zombie and others have yet to end. */
class LookingEngine extends RecordingEngine {
  override onEvent(event: CoreEvent): EventAnswer {
    if (event.kind === 'thread-exit') event.process.findZombieLeader(() => true);
    return super.onEvent(event);
  }
}

/** The process ends, and each of its threads but the first is told of before. */
async function expectOneEnd(engine: RecordingEngine, count: number): Promise<void> {
  const { leader, status } = await engine.next('exit');
  assert.deepEqual(status, { kind: 'killed', signal: 9 });
  assert.equal(leader.state.kind, 'gone');
  const ended = engine.events.flatMap((event) => (event.kind === 'thread-exit' ? [event.tid] : []));
  assert.equal(ended.length, count - 1);
  assert.ok(!ended.includes(leader.tid));
}

describe('a first thread that is killed with the others', () => {
  it('is not taken for one that ended alone where they were stopped, however long they need', async () => {
    const count = 4;
    const engine = new LookingEngine();
    await using program = await launchFixture('spinner', [`${count}`], { flags: ['-pthread'], engine });
    const { attachment } = program;
    const { process } = attachment;
    continueAll(attachment);
    for (let made = 1; made < count; made++) await engine.next('clone');
    await attachment.quiesce();
    host.kill(process.pid, 'SIGKILL');
    await expectOneEnd(engine, count);
  });

  it('is not taken for one that ended alone where they ran', async () => {
    const count = 4;
    const engine = new LookingEngine();
    await using program = await launchFixture('spinner', [`${count}`], { flags: ['-pthread'], engine });
    continueAll(program.attachment);
    for (let made = 1; made < count; made++) await engine.next('clone');
    host.kill(program.attachment.process.pid, 'SIGKILL');
    await expectOneEnd(engine, count);
  });
});
