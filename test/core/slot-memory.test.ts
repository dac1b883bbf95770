/** Slots are mapped by the program itself, in a system call that it makes for us: nothing of its own may be lost by it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { address } from '../../src/base/ids.js';
import { program as expression } from '../support/agent-program.js';
import { thisMachine } from '../support/machine.js';
import { eventually, mappingsOf } from '../support/proc-files.js';
import { continueAll, launchFixture } from './traced-program.js';

async function launchHeldAtHot(args: readonly string[] = []) {
  const program = await launchFixture('slot-signals', args, { flags: ['-O1', '-fcf-protection=none'] });
  const { attachment, engine } = program;
  const start = program.symbol('hot');
  const { arch, memory } = attachment.process;
  assert.equal(arch.plan(memory.readExact(start, arch.planReach.fromBytes), start).kind, 'slot');
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

  it('is not tried where a seccomp filter watches: the slot is behind the text, which is restored', async () => {
    await using program = await launchHeldAtHot(['no-mmap']);
    const call = sinon.spy(program.tracer.native, 'callSystem');
    const inPlace = sinon.spy(program.tracer.native, 'stepInPlace');
    continueAll(program.attachment);
    assert.deepEqual((await program.engine.next('exit')).status, { kind: 'exited', code: 1 });
    assert.equal(call.callCount, 0);
    assert.equal(inPlace.callCount, 0);
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

  for (const mode of ['plenty', 'crowded', 'limited']) {
    for (const flags of [['-no-pie'], ['-pie', '-fPIE']]) {
      it(`is found in a program with ${mode} memory (${flags[0]}), for text far from all else as well`, async () => {
        await using program = await launchFixture('crowded-memory', [mode], {
          flags: ['-O1', '-fcf-protection=none', ...flags],
          holdAt: ['breakpoint'],
        });
        const { attachment, engine, tracer } = program;
        attachment.insertBreakpoint(program.symbol('ready'));
        continueAll(attachment);
        await engine.next('breakpoint');
        const inPlace = sinon.spy(tracer.native, 'stepInPlace');
        const text = ['load', 'plain'].map((name) => program.symbol(name));
        for (const site of [...text, address(0x1234_5678_9000n)]) attachment.insertBreakpoint(site);
        engine.holdAt = new Set();
        continueAll(attachment);
        assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
        assert.equal(engine.count('breakpoint'), 150);
        // The branch out of a slot reaches 128 MiB on aarch64: behind the program's text is no room for what is further.
        const isOutOfReach = mode === 'limited' && thisMachine === 'aarch64';
        assert.equal(inPlace.callCount, isOutOfReach ? 50 : 0);
      });
    }
  }

  it('shows what was behind the text, and has it back', async () => {
    await using program = await launchHeldAtHot(['no-mmap']);
    const { attachment, engine } = program;
    const { memory, rawMemory, slots } = attachment.process.addressSpace;
    engine.holdAt = new Set(['breakpoint']);
    continueAll(attachment);
    await engine.next('breakpoint');
    const place = attachment.process.sites.describe(program.symbol('hot'))?.match(/0x[0-9a-f]+$/)?.[0];
    const slot = address(BigInt(place ?? 0));
    assert.ok(slots.contains(slot));
    assert.deepEqual(memory.readExact(slot, 32), new Uint8Array(32));
    const now = new Uint8Array(32);
    const [thread] = attachment.process.threads.values();
    assert.ok(thread && rawMemory.read(slot, now) === 32 && now.some((byte) => byte !== 0));
    slots.release(thread);
    assert.ok(rawMemory.read(slot, now) === 32 && now.every((byte) => byte === 0));
  });

  it('is bounded, however many breakpoints come and go', async () => {
    await using program = await launchHeldAtHot();
    const { attachment } = program;
    const { pid } = attachment.process;
    const libc = mappingsOf(pid).find(
      ({ path, permissions }) => /libc\.so/.test(path) && permissions === 'r-xp',
    );
    assert.ok(libc);
    // Some of these bytes are instructions with an operand that nothing is near to.
    sinon.stub(program.tracer, 'warn');
    const never = expression(['const8', 0]);
    const pages = (): number =>
      mappingsOf(pid).filter(({ path, permissions }) => path === '' && permissions === 'r-xp').length;
    // Whatever bytes they begin at, nobody comes by.
    const insertSome = (first: number, count: number): void => {
      for (let index = first; index < first + count; index++) {
        const site = address(libc.start + BigInt(index * 3));
        attachment.insertBreakpoint(site, { conditions: [never] });
        attachment.removeBreakpoint(site);
      }
    };
    insertSome(0, 6000);
    const before = pages();
    assert.ok(before > 1 && before < 24, `${before} pages`);
    insertSome(6000, 12000);
    assert.ok(pages() <= before + 2, `${pages()} pages after ${before}`);
  });
});
