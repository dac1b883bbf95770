/** A process whose first thread has ended: the kernel may let its memory be written through another one only. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { eventually, processState } from '../support/proc-files.js';
import { bytesAt, trap } from '../support/raw-memory.js';
import { continueAll, launchFixture } from './traced-program.js';

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
