import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { describeOn } from '../support/machine.js';
import { trap } from '../support/raw-memory.js';
import { continueAll, launchFixture } from './traced-program.js';

describe('breakpoint', () => {
  it('is hit exactly once for each call, by many threads at once, without stopping any', async () => {
    await using program = await launchFixture('hot-threads', ['32', '50']);
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('hot'));
    continueAll(attachment);
    const exit = await engine.next('exit');
    assert.deepEqual(exit.status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 32 * 50);
  });

  it('is hit exactly once for each call where every instruction of the function has one', async () => {
    await using program = await launchFixture('hot-threads', ['4', '20'], { flags: ['-O1'] });
    const { attachment, engine } = program;
    const start = program.symbol('hot');
    const text = attachment.process.memory.readExact(start, 64);
    // One on each byte would be wrong: only on the starts of instructions, as the planner itself finds them.
    let at = 0n;
    let sites = 0;
    while (sites < 3) {
      const address = (start + at) as typeof start;
      attachment.insertBreakpoint(address);
      sites += 1;
      const plan = attachment.process.arch.plan(text.subarray(Number(at)), address);
      assert.notEqual(plan.kind, 'refuse');
      if (plan.kind !== 'refuse') at += BigInt(plan.lengthBytes);
    }
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 4 * 20 * sites);
  });

  it('is never visible in memory, and writes under it are kept', async () => {
    await using program = await launchFixture('hot-threads', ['1', '1']);
    const { attachment } = program;
    const at = program.symbol('hot');
    const { memory } = attachment.process;
    const before = memory.readExact(at, 16);
    attachment.insertBreakpoint(at);
    assert.deepEqual(memory.readExact(at, 16), before);
    const raw = new Uint8Array(trap.length);
    attachment.process.addressSpace.rawMemory.read(at, raw);
    assert.deepEqual(raw, trap);
    const changed = before.slice();
    changed[0] = 0x90;
    changed[5] = 0x91;
    memory.write(at, changed);
    assert.deepEqual(memory.readExact(at, 16), changed);
    attachment.process.addressSpace.rawMemory.read(at, raw);
    assert.deepEqual(raw, trap);
    memory.write(at, before);
    attachment.removeBreakpoint(at);
    attachment.process.addressSpace.rawMemory.read(at, raw);
    assert.deepEqual(raw, before.subarray(0, trap.length));
  });

  it('leaves the text as it was after detach, slots unmapped', async () => {
    await using program = await launchFixture('hot-threads', ['4', '1000000000']);
    const { attachment, engine } = program;
    engine.holdAt = new Set(['breakpoint']);
    const { process } = attachment;
    const at = program.symbol('hot');
    const before = process.memory.readExact(at, 256);
    const mapsBefore = readFileSync(`/proc/${process.pid}/maps`, 'latin1');
    attachment.insertBreakpoint(at);
    continueAll(attachment);
    await engine.next('breakpoint');
    await attachment.quiesce();
    engine.holdAt = new Set();
    continueAll(attachment);
    for (let hit = 0; hit < 20; hit++) await engine.next('breakpoint');
    await attachment.detach();
    const memory = readFileSync(`/proc/${process.pid}/maps`, 'latin1');
    assert.ok(!/ r-xp 00000000 00:00 0 +$/m.test(memory), 'slot memory is left');
    assert.notEqual(memory, mapsBefore);
    const { openSync, readSync, closeSync } = await import('node:fs');
    const file = openSync(`/proc/${process.pid}/mem`, 'r');
    const after = new Uint8Array(256);
    readSync(file, after, 0, 256, at);
    closeSync(file);
    assert.deepEqual(after, before);
    const { kill } = await import('node:process');
    kill(process.pid, 'SIGKILL');
  });
});

describeOn('x86_64', 'breakpoint on a push', () => {
  it('is hit right behind one that is stepped over in place', async () => {
    await using program = await launchFixture('hot-threads', ['4', '20']);
    const { attachment, engine } = program;
    // With a watchpoint the push at the start is not emulated.
    attachment.insertHardwarePoint({ kind: 'write', address: program.symbol('started'), lengthBytes: 4 });
    const start = program.symbol('hot');
    const text = attachment.process.memory.readExact(start, 16);
    const push = attachment.process.arch.plan(text, start);
    assert.ok(push.kind === 'emulate' && push.effect.op === 'push-register');
    attachment.insertBreakpoint(start);
    attachment.insertBreakpoint((start + BigInt(push.lengthBytes)) as typeof start);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 2 * 4 * 20);
  });
});
