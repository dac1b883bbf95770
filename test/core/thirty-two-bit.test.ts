/** 32-bit programs under a 64-bit core: what differs from other programs, end to end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'mocha';
import { address } from '../../src/base/ids.js';
import { Tracer } from '../../src/core/index.js';
import { bounded } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { describeOn } from '../support/machine.js';
import { mappingsOf } from '../support/proc-files.js';
import { TestProcess } from '../support/test-process.js';
import {
  continueAll,
  launchFixture,
  launchOptions,
  pid,
  RecordingEngine,
  symbolValue,
} from './traced-program.js';

function numberAt(bytes: Uint8Array | undefined, offset: number): number {
  assert.ok(bytes);
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(offset, true);
}

describeOn('i386', '64-bit programs that run 32-bit code', () => {
  it('show and take the registers of a 64-bit program', async () => {
    await using program = await launchFixture('other-width', [], { holdAt: ['program-trap'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    const { thread } = await engine.next('program-trap');
    assert.equal(thread.pc, 0x1000_0040n);
    const { registerFile } = attachment.process;
    const [rbx, cs] = ['rbx', 'cs'].map((name) => registerFile.byName(name));
    assert.ok(rbx && cs);
    assert.equal(numberAt(thread.readRegister(cs), 0), 0x23);
    assert.ok(thread.writeRegister(rbx, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)));
    thread.pc = address(0x1000_0041n);
    attachment.resume([{ thread, action: { kind: 'continue' }, signal: 0 }]);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 9 });
  });
});

describeOn('i386', '32-bit programs', () => {
  it('pass a breakpoint in every thread without holding any', async () => {
    await using program = await launchFixture('hot-threads', ['4', '2000'], { machine: 'i386' });
    const { attachment, engine } = program;
    assert.equal(attachment.process.arch.name, 'i386');
    attachment.insertBreakpoint(program.symbol('hot'));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 4 * 2000);
  });

  it('are stepped through a system call, past breakpoints at every instruction on the way', async () => {
    await using program = await launchFixture('thirty-two-bit', [], {
      machine: 'i386',
      flags: ['-O1'],
      holdAt: ['breakpoint', 'step-done'],
    });
    const { attachment, engine } = program;
    const [thread] = attachment.process.threads.values();
    assert.ok(thread);
    const start = program.symbol('call_kernel');
    const end = program.symbol('call_kernel_end');
    const visited: bigint[] = [];
    attachment.insertBreakpoint(start);
    continueAll(attachment);
    await engine.next('breakpoint');
    while (thread.pc >= start && thread.pc < end) {
      visited.push(thread.pc - start);
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done', 'breakpoint');
    }
    // A second time, now past a site at each of them.
    for (const distance of visited) attachment.insertBreakpoint(address(start + distance));
    const again: bigint[] = [];
    continueAll(attachment);
    await engine.next('breakpoint');
    while (thread.pc >= start && thread.pc < end) {
      again.push(thread.pc - start);
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done', 'breakpoint');
    }
    assert.ok(visited.length > 8, `${visited}`);
    assert.deepEqual(again, visited);
    for (const distance of visited) attachment.removeBreakpoint(address(start + distance));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 7 });
  });

  it('show signal information in their own layout, and take it', async () => {
    await using program = await launchFixture('signals', ['queue', 'segv'], {
      machine: 'i386',
      holdAt: ['signal'],
    });
    const { attachment, engine } = program;
    const [thread] = attachment.process.threads.values();
    assert.ok(thread);
    continueAll(attachment);
    await engine.next('signal');
    const info = thread.readSiginfo();
    assert.deepEqual(
      [0, 8, 12, 20].map((offset) => numberAt(info, offset)),
      [36, -1, attachment.process.pid, 1234],
    );
    const changed = info?.slice() ?? new Uint8Array();
    new DataView(changed.buffer).setInt32(20, 4321, true);
    assert.ok(thread.writeSiginfo(changed));
    assert.equal(numberAt(thread.readSiginfo(), 20), 4321);
    continueAll(attachment);
    await engine.next('signal');
    const fault = thread.readSiginfo();
    assert.deepEqual(
      [0, 8, 12].map((offset) => numberAt(fault, offset)),
      [11, 1, 0],
    );
    const value = attachment.process.memory.readExact(program.symbol('last_value'), 4);
    assert.equal(numberAt(value, 0), 4321);
  });

  it('are attached to and let go', async () => {
    const path = await compileFixture('thirty-two-bit', { machine: 'i386', flags: ['-O1'] });
    // Node would take the stops of a child of its own.
    const command = ['/bin/sh', '-c', '"$0" wait; exit $?', path];
    await using shell = await TestProcess.start('thirty-two-bit', command);
    await shell.output.match(/ready/, 10_000);
    const child = Number(readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'latin1'));
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    const attachment = await tracer.attach(pid(child), engine);
    assert.equal(attachment.process.arch.name, 'i386');
    const [thread] = attachment.process.threads.values();
    assert.ok(thread && thread.pc < 1n << 32n);
    await attachment.detach();
    shell.write('\n');
    const exit = await bounded(shell.exit, 10_000, () => 'the end of the program');
    assert.deepEqual(exit, { kind: 'exited', code: 7 });
  });

  it('are held and let go while they run 64-bit code', async () => {
    await using program = await launchFixture('other-width', [], {
      machine: 'i386',
      holdAt: ['program-trap'],
    });
    const { attachment, engine } = program;
    continueAll(attachment);
    const { thread } = await engine.next('program-trap');
    attachment.resume([{ thread, action: { kind: 'continue' }, signal: 0 }]);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 5 });
  });

  it('have their libraries and auxiliary vector read with 4-byte words', async () => {
    await using program = await launchFixture('thirty-two-bit', [], {
      machine: 'i386',
      holdAt: ['breakpoint'],
    });
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('call_kernel'));
    continueAll(attachment);
    await engine.next('breakpoint');
    const names = attachment.process.program.loadedObjects().objects.map(({ name }) => name);
    assert.ok(
      names.some((name) => name.endsWith('/libc.so.6')),
      `${names}`,
    );
    const [thread] = attachment.process.threads.values();
    const main = attachment.process.program.loadedObjects().mainLinkMap;
    assert.ok(thread);
    const own = attachment.process.program.threadLocalAddress(thread, 0n, main);
    assert.ok(own !== undefined);
    assert.equal(numberAt(attachment.process.memory.readExact(address(own), 4), 0), 1234);
  });

  it('that a 64-bit one becomes by an exec are debugged as what they are', async () => {
    const path = await compileFixture('hot-threads', { machine: 'i386' });
    using tracer = new Tracer();
    const engine = new RecordingEngine(['exec', 'step-done']);
    const attachment = await tracer.launch(launchOptions('/usr/bin/env', [path, '2', '50']), engine);
    const { process } = attachment;
    const [thread] = process.threads.values();
    assert.ok(thread);
    assert.equal(process.arch.name, 'x86_64');
    continueAll(attachment);
    await engine.next('exec');
    assert.equal(process.arch.name, 'i386');
    assert.ok(thread.pc < 1n << 32n);
    attachment.resume([{ thread, action: { kind: 'step' } }]);
    await engine.next('step-done');
    const base = mappingsOf(process.pid).find((mapping) => mapping.path === path)?.start ?? 0n;
    attachment.insertBreakpoint(address(base + symbolValue(path, 'hot')));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 100);
  });
});
