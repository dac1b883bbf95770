/** Slots are mapped by the program itself, in a system call that it makes for us: nothing of its own may be lost by it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { eventually } from '../support/proc-files.js';
import { continueAll, launchFixture } from './traced-program.js';

async function launchHeldAtHot(args: readonly string[] = []) {
  const program = await launchFixture('slot-signals', args, { flags: ['-O1', '-fcf-protection=none'] });
  const { attachment, engine } = program;
  const start = program.symbol('hot');
  const { arch, memory } = attachment.process;
  assert.equal(arch.plan(memory.readExact(start, arch.maxInstructionBytes), start).kind, 'slot');
  engine.holdAt = new Set(['breakpoint']);
  attachment.insertBreakpoint(start);
  continueAll(attachment);
  await engine.next('breakpoint');
  engine.holdAt = new Set();
  return program;
}

describe('mapping memory for slots', () => {
  it("leaves the program's SIGTRAP handler in place", async () => {
    await using program = await launchHeldAtHot();
    continueAll(program.attachment);
    assert.deepEqual((await program.engine.next('exit')).status, { kind: 'exited', code: 1 });
  });

  it('does not swallow a SIGSTOP', async () => {
    await using program = await launchHeldAtHot();
    const { attachment, engine } = program;
    process.kill(attachment.process.pid, 'SIGSTOP');
    continueAll(attachment);
    assert.equal((await engine.next('signal')).signal, 19);
    assert.equal((await engine.next('group-stop')).signal, 19);
  });

  it('is not tried where a seccomp filter watches: sites are passed in place', async () => {
    await using program = await launchHeldAtHot(['no-mmap']);
    const call = sinon.spy(program.tracer.native, 'callSystem');
    continueAll(program.attachment);
    assert.deepEqual((await program.engine.next('exit')).status, { kind: 'exited', code: 1 });
    assert.equal(call.callCount, 0);
  });

  it('sees the end of a program that dies in it', async () => {
    await using program = await launchHeldAtHot();
    const { native } = program.tracer;
    const { pid } = program.attachment.process;
    const original = native.callSystem.bind(native);
    sinon.stub(native, 'callSystem').callsFake((tid, call) => {
      process.kill(pid, 'SIGKILL');
      return original(tid, call);
    });
    continueAll(program.attachment);
    assert.deepEqual((await program.engine.next('exit')).status, { kind: 'killed', signal: 9 });
  });

  it('is unmapped by no thread that is inside a system call', async () => {
    const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const done = resolve(folder, 'done');
    const flags = ['-O1', '-fcf-protection=none'];
    await using program = await launchFixture('families', ['thread-done', done], {
      flags,
      holdAt: ['clone'],
    });
    const { attachment, engine, tracer } = program;
    const call = sinon.spy(tracer.native, 'callSystem');
    attachment.insertBreakpoint(program.symbol('work'));
    continueAll(attachment);
    await engine.next('clone');
    assert.equal(call.callCount, 1, 'the fixture needs a slot');
    await attachment.detach();
    await eventually('the thread was made', () => existsSync(done));
    rmSync(folder, { recursive: true });
  });
});
