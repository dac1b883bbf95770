/** Registers, tags and watchpoints of aarch64 in real threads, as far as the machine has them. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import type { HardwarePoint, Register } from '../../arch/module.js';
import { numberOf } from '../../src/base/byte-order.js';
import { errorCodes } from '../../src/base/errors.js';
import { hasMemoryTags, readMemoryTags, type Thread, writeMemoryTags } from '../../src/core/index.js';
import { nativeBinding } from '../../src/native/binding.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const compile = { flags: ['-no-pie', '-march=armv8.5-a+sve+memtag'] };

async function launch(...args: readonly string[]): Promise<TracedProgram> {
  const holdAt = ['breakpoint', 'watchpoint', 'hardware-breakpoint', 'exit'] as const;
  return launchFixture('aarch64-state', args, { ...compile, holdAt });
}

/** The program's only thread, in its next call of stop(). */
async function untilStop(program: TracedProgram): Promise<Thread> {
  program.attachment.insertBreakpoint(program.symbol('stop'));
  continueAll(program.attachment);
  return (await program.engine.next('breakpoint')).thread;
}

/** With the widths that the thread has now. */
function registerOf(thread: Thread, name: string): Register {
  const register = thread.fittedRegisters().byName(name);
  assert.ok(register, name);
  return register;
}

function read(thread: Thread, name: string): Uint8Array {
  const value = thread.readRegister(registerOf(thread, name));
  assert.ok(value, `${name} is not available`);
  return value;
}

function number(thread: Thread, name: string): bigint {
  return numberOf(read(thread, name));
}

function filled(lengthBytes: number, byte: number): Uint8Array {
  return new Uint8Array(lengthBytes).fill(byte);
}

/** Reads what the kernel has, not what was written. */
function readAnew(thread: Thread, name: string): Uint8Array {
  thread.forgetRegisters();
  return read(thread, name);
}

function checkWrite(thread: Thread, { name, bits }: Register, value: Uint8Array): void {
  const before = read(thread, name);
  assert.equal(thread.writeRegister(registerOf(thread, name), value), true, `${name} is not taken`);
  assert.deepEqual(readAnew(thread, name), value, name);
  assert.equal(thread.writeRegister(registerOf(thread, name), before), true, name);
  assert.deepEqual(readAnew(thread, name), before, `${name} of ${bits} bits`);
}

/** Those whose values mean something to the kernel: what it takes of each. */
const choosy: Readonly<Record<string, (thread: Thread) => bigint>> = {
  cpsr: (thread) => number(thread, 'cpsr') ^ (0xfn << 28n),
  fpsr: () => 0x0800009fn,
  fpcr: () => 0x07c00000n,
  tag_ctl: () => 0x7fff3n,
  gcs_features_enabled: () => 0n,
  // Of 64 bits the kernel keeps 32 (asm/processor.h, thread_struct).
  gcs_features_locked: () => 0x61_68_6f_76n,
};
/** Another length, and the modes of SME, change other registers as well. */
const structural = new Set(['vg', 'svg', 'svcr', 'zt0']);
const readOnly = new Set(['pauth_dmask', 'pauth_cmask']);

function valueFor(thread: Thread, register: Register): Uint8Array {
  const lengthBytes = register.bits / 8;
  const choice = choosy[register.name]?.(thread);
  if (choice === undefined)
    return Uint8Array.from({ length: lengthBytes }, (_, index) => index * 7 + register.number);
  return Uint8Array.from({ length: lengthBytes }, (_, index) =>
    Number((choice >> BigInt(8 * index)) & 0xffn),
  );
}

function checkEveryRegister(thread: Thread): string[] {
  const checked: string[] = [];
  for (const register of thread.fittedRegisters().registers) {
    if (structural.has(register.name) || register.name === 'za') continue;
    if (readOnly.has(register.name)) {
      assert.equal(thread.writeRegister(register, filled(register.bits / 8, 1)), false, register.name);
      continue;
    }
    checkWrite(thread, register, valueFor(thread, register));
    checked.push(register.name);
  }
  return checked;
}

function hasFeature(program: TracedProgram, name: string): boolean {
  return program.attachment.process.registerFile.byName(name) !== undefined;
}

/** Vector lengths that the machine has, in bytes: of those asked for. */
async function lengthsOf(...wanted: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (const bytes of wanted) {
    await using program = await launch('vectors', `${bytes}`, `${bytes}`);
    const thread = await untilStop(program);
    if (number(thread, 'vg') === BigInt(bytes / 8)) found.push(bytes);
  }
  return found;
}

function point(kind: HardwarePoint['kind'], address: bigint, lengthBytes: number): HardwarePoint {
  return { kind, address, lengthBytes };
}

if (process.arch === 'arm64') {
  describe('aarch64 threads', () => {
    it('take and keep every register', async () => {
      await using program = await launch();
      const thread = await untilStop(program);
      const checked = checkEveryRegister(thread);
      for (const name of ['x0', 'x30', 'sp', 'pc', 'cpsr', 'fpcr', 'tpidr', 'syscall_number'])
        assert.ok(checked.includes(name), name);
    });

    it('run on with what was written', async () => {
      await using program = await launch();
      const thread = await untilStop(program);
      const stops = program.symbol('stops');
      program.attachment.removeBreakpoint(program.symbol('stop'));
      const word = registerOf(thread, 'x30');
      assert.ok(thread.readRegister(word));
      continueAll(program.attachment);
      assert.deepEqual((await program.engine.next('exit')).status, { kind: 'exited', code: 0 });
      assert.ok(stops > 0n);
    });

    it('have vectors as long as they say, also when that changes', async () => {
      const lengths = await lengthsOf(16, 32, 64, 128, 256);
      for (const [index, length] of lengths.entries()) {
        const next = lengths[(index + 1) % lengths.length] ?? length;
        await using program = await launch('vectors', `${length}`, `${next}`);
        for (const bytes of [length, next]) {
          const thread = await untilStop(program);
          assert.equal(number(thread, 'vg'), BigInt(bytes / 8));
          assert.deepEqual(read(thread, 'z0'), filled(bytes, 1));
          assert.deepEqual(read(thread, 'z31'), filled(bytes, 31));
          assert.deepEqual(read(thread, 'p0'), filled(bytes / 8, 0xff));
          assert.deepEqual(read(thread, 'p1'), filled(bytes / 8, 0x55));
          assert.deepEqual(read(thread, 'ffr'), filled(bytes / 8, 0xff));
          checkEveryRegister(thread);
        }
      }
    });

    it('are seen with the length of another one, cut or filled up with zeros', async () => {
      const lengths = await lengthsOf(16, 64);
      if (lengths.length < 2) return;
      await using program = await launch('vectors', '16', '64');
      const narrow = (await untilStop(program)).fittedRegisters();
      const thread = await untilStop(program);
      const wide = thread.fittedRegisters();
      const [short, long] = [narrow.byName('z0'), wide.byName('z0')];
      assert.ok(short && long);
      assert.deepEqual(thread.readRegister(short), filled(16, 1));
      assert.equal(thread.writeRegister(short, filled(16, 9)), true);
      const now = readAnew(thread, 'z0');
      assert.deepEqual(now.subarray(0, 16), filled(16, 9));
      assert.deepEqual(now.subarray(16), filled(48, 1));
      assert.equal(
        thread.writeRegister(registerOf(thread, 'vg'), Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)),
        true,
      );
      thread.forgetRegisters();
      assert.equal(number(thread, 'vg'), 2n);
      assert.equal(thread.readRegister(long)?.length, 64);
      assert.deepEqual(thread.readRegister(long)?.subarray(16), filled(48, 0));
    });

    it('have a matrix and a streaming mode', async () => {
      await using program = await launch('matrix', '32');
      if (!hasFeature(program, 'za')) return;
      const thread = await untilStop(program);
      assert.equal(number(thread, 'svcr'), 3n);
      const bytes = Number(number(thread, 'svg')) * 8;
      assert.equal(number(thread, 'vg'), BigInt(bytes / 8));
      assert.deepEqual(read(thread, 'z0'), filled(bytes, 7));
      assert.deepEqual(read(thread, 'za'), filled(bytes ** 2, 5));
      checkEveryRegister(thread);
      checkWrite(thread, registerOf(thread, 'za'), valueFor(thread, registerOf(thread, 'za')));
      assert.equal(
        thread.writeRegister(registerOf(thread, 'svcr'), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0)),
        true,
      );
      thread.forgetRegisters();
      assert.equal(number(thread, 'svcr'), 0n);
      assert.deepEqual(read(thread, 'za'), filled(bytes ** 2, 0));
      assert.equal(
        thread.writeRegister(registerOf(thread, 'svcr'), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)),
        true,
      );
      assert.equal(number(thread, 'svcr'), 3n);
    });

    it('tell how their pointers are signed', async () => {
      await using program = await launch();
      if (!hasFeature(program, 'pauth_cmask')) return;
      const thread = await untilStop(program);
      const mask = number(thread, 'pauth_cmask');
      assert.notEqual(mask, 0n);
      assert.equal(mask & 0xffff_ffffn, 0n, 'no bits of a place in memory');
    });

    it('have tags of memory', async () => {
      await using program = await launch('tags');
      if (program.attachment.process.taggedMemory === undefined) return;
      const thread = await untilStop(program);
      const { memory } = program.attachment.process;
      const tagged = numberOf(memory.readExact(program.symbol('tagged'), 8));
      assert.equal(tagged >> 56n, 9n);
      assert.deepEqual(readMemoryTags(thread, tagged, 32), Uint8Array.of(9, 3));
      assert.deepEqual(readMemoryTags(thread, tagged + 8n, 0), Uint8Array.of(9));
      assert.deepEqual(readMemoryTags(thread, tagged + 15n, 2), Uint8Array.of(9, 3));
      writeMemoryTags(thread, tagged + 16n, 48, Uint8Array.of(1, 2));
      assert.deepEqual(readMemoryTags(thread, tagged, 64), Uint8Array.of(9, 1, 2, 1));
      assert.ok(hasMemoryTags(thread, tagged));
      assert.ok(!hasMemoryTags(thread, program.symbol('tagged')));
      assert.throws(() => readMemoryTags(thread, program.symbol('tagged'), 1), { code: errorCodes.MEMORY });
      assert.equal(number(thread, 'tag_ctl') & 3n, 3n);
      // A tag of the address says nothing of where it is.
      const at = tagged as typeof tagged & Parameters<typeof memory.readExact>[0];
      assert.equal(numberOf(memory.readExact(at, 8)), 42n);
      memory.write(at, Uint8Array.of(43));
      assert.equal(numberOf(memory.readExact(at, 8)), 43n);
    });

    for (const kind of ['continue', 'step'] as const) {
      it(`return where their guarded stack says, past breakpoints by "${kind}"`, async function () {
        const holdAt = ['breakpoint', 'step-done', 'exit'] as const;
        await using program = await launchFixture('guarded-stack', [], { flags: ['-no-pie'], holdAt });
        const { attachment, engine } = program;
        if (!hasFeature(program, 'gcspr')) this.skip();
        const names = ['direct_call', 'leaf', 'register_call', 'signed_call', 'system_call', 'return'];
        const places = names.map((name) => [program.symbol(name), name] as const);
        const nameAt = new Map<bigint, string>(places);
        for (const [place] of places) attachment.insertBreakpoint(place);
        const hits = new Map<string, number>();
        continueAll(attachment);
        for (;;) {
          const event = await engine.next('breakpoint', 'step-done', 'exit');
          if (event.kind === 'exit') {
            assert.deepEqual(event.status, { kind: 'exited', code: 0 });
            break;
          }
          // A step may end at a breakpoint.
          const stop = [event, ...engine.events.splice(0)];
          const hit = stop.find((one) => one.kind === 'breakpoint');
          const name = hit && nameAt.get(hit.address);
          if (name !== undefined) hits.set(name, (hits.get(name) ?? 0) + 1);
          const action = { kind: hit === undefined ? 'continue' : kind } as const;
          attachment.resume([{ thread: event.thread, action }]);
        }
        // Each of the three calls of the leaf returns from it.
        assert.deepEqual(hits, new Map(names.map((name) => [name, name === 'leaf' ? 9 : 3])));
      });
    }

    it('have as many debug registers as the kernel says', async () => {
      const { breakpointSlots, watchpointSlots } = nativeBinding().machineFacts();
      assert.ok(breakpointSlots >= 2 && watchpointSlots >= 2);
      await using program = await launch();
      const { attachment } = program;
      const watched = program.symbol('watched');
      for (let slot = 0; slot < watchpointSlots; slot++)
        attachment.insertHardwarePoint(point('write', watched + BigInt(8 * slot), 8));
      assert.throws(() => attachment.insertHardwarePoint(point('read', watched, 1)), {
        code: errorCodes.NO_DEBUG_REGISTER,
      });
      for (let slot = 0; slot < breakpointSlots; slot++)
        attachment.insertHardwarePoint(point('execute', program.symbol('main') + BigInt(4 * slot), 1));
      assert.throws(() => attachment.insertHardwarePoint(point('execute', program.symbol('stop'), 1)), {
        code: errorCodes.NO_DEBUG_REGISTER,
      });
    });

    it('stop before each access to a watched byte, and go past it', async () => {
      await using program = await launch('watched');
      const { attachment, engine } = program;
      const byte = point('access', program.symbol('watched') + 19n, 1);
      attachment.insertHardwarePoint(byte);
      for (const place of ['byte_store', 'pair_store', 'odd_store', 'zero_block', 'byte_load']) {
        continueAll(attachment);
        const event = await engine.next('watchpoint', 'exit');
        assert.equal(event.kind, 'watchpoint', place);
        assert.ok(event.kind === 'watchpoint');
        assert.deepEqual(event.point, byte);
        assert.equal(event.thread.pc, program.symbol(place), place);
      }
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    });

    it('tell reads from writes', async () => {
      await using program = await launch('watched');
      const { attachment, engine } = program;
      attachment.insertHardwarePoint(point('read', program.symbol('watched') + 19n, 1));
      continueAll(attachment);
      assert.equal((await engine.next('watchpoint')).thread.pc, program.symbol('byte_load'));
      continueAll(attachment);
      await engine.next('exit');
    });

    it('step past an access that is watched', async () => {
      await using program = await launch('watched');
      const { attachment, engine } = program;
      attachment.insertHardwarePoint(point('write', program.symbol('watched') + 16n, 16));
      continueAll(attachment);
      const { thread } = await engine.next('watchpoint');
      assert.equal(thread.pc, program.symbol('byte_store'));
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      engine.holdAt = new Set([...engine.holdAt, 'step-done']);
      const next = await engine.next('step-done', 'watchpoint');
      assert.equal(next.kind, 'step-done');
      assert.equal(thread.pc, program.symbol('pair_store'));
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      assert.equal((await engine.next('step-done', 'watchpoint')).kind, 'watchpoint');
    });

    it('stop once at a hardware breakpoint, also where a breakpoint is', async () => {
      for (const withBreakpoint of [false, true]) {
        await using program = await launch('watched');
        const { attachment, engine } = program;
        const at = program.symbol('byte_store');
        attachment.insertHardwarePoint(point('execute', at, 1));
        attachment.insertHardwarePoint(point('write', program.symbol('watched') + 19n, 1));
        if (withBreakpoint) attachment.insertBreakpoint(at);
        const kinds: string[] = [];
        do {
          continueAll(attachment);
          kinds.push((await engine.next('breakpoint', 'hardware-breakpoint', 'watchpoint', 'exit')).kind);
        } while (kinds.at(-1) !== 'exit' && kinds.length < 12);
        const watched = ['watchpoint', 'watchpoint', 'watchpoint', 'watchpoint'];
        const hits = withBreakpoint ? kinds.filter((kind) => kind !== 'breakpoint') : kinds;
        assert.deepEqual(hits, ['hardware-breakpoint', ...watched, 'exit']);
        assert.equal(kinds.filter((kind) => kind === 'breakpoint').length, withBreakpoint ? 1 : 0);
      }
    });

    it('are stepped from as any other address, and met again', async () => {
      await using program = await launch('watched');
      const { attachment, engine } = program;
      const at = program.symbol('byte_store');
      attachment.insertHardwarePoint(point('execute', at, 1));
      continueAll(attachment);
      const { thread } = await engine.next('hardware-breakpoint');
      engine.holdAt = new Set([...engine.holdAt, 'step-done', 'signal']);
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      const stepped = await engine.next('step-done', 'signal', 'hardware-breakpoint');
      assert.equal(stepped.kind, 'step-done');
      assert.equal(thread.pc, at + 4n);
      thread.pc = at;
      continueAll(attachment);
      assert.equal((await engine.next('hardware-breakpoint', 'signal', 'exit')).kind, 'hardware-breakpoint');
    });
  });
}
