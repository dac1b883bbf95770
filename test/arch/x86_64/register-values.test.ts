import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Register, RegisterFile } from '../../../arch/module.js';
import { x86_64 } from '../../../arch/x86_64/index.js';
import {
  bytesOf,
  type MachineName,
  MemoryRegsets,
  machines,
  numberOf,
  stateBitsOffset,
} from '../x86/machines.js';

const names = Object.keys(machines) as readonly MachineName[];

interface Setup {
  readonly file: RegisterFile;
  readonly regsets: MemoryRegsets;
  find(name: string): Register;
  read(name: string): bigint | undefined;
  write(name: string, value: bigint): boolean;
}

function setUp(machine: MachineName): Setup {
  const file = x86_64.registerFile(machines[machine]);
  const regsets = new MemoryRegsets(file);
  const find = (name: string) => {
    const register = file.byName(name);
    assert.ok(register, name);
    return register;
  };
  return {
    file,
    regsets,
    find,
    read: (name) => numberOf(file.read(find(name), regsets)),
    write: (name, value) => file.write(find(name), bytesOf(value, find(name).bits / 8), regsets),
  };
}

/** Repeatable noise: xorshift32. */
function fillWithNoise(bytes: Uint8Array, seed: number): void {
  let state = seed | 1;
  for (let index = 0; index < bytes.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
}

function setStateBits(set: Uint8Array, bits: bigint): void {
  new DataView(set.buffer).setBigUint64(stateBitsOffset, bits, true);
}

function stateBits(set: Uint8Array): bigint {
  return new DataView(set.buffer).getBigUint64(stateBitsOffset, true);
}

const writableFlags = 0x54dd5n;

/** A value that the kernel would take. */
function acceptable({ name, bits }: Register, noise: bigint): bigint {
  const value = BigInt.asUintN(bits, noise);
  if (['cs', 'ss', 'ds', 'es', 'fs', 'gs'].includes(name)) return (value & 0xfffcn) | 3n;
  if (name === 'fs_base' || name === 'gs_base') return value >> 1n;
  return name === 'mxcsr' ? value & 0xffbfn : value;
}

/** What must be read after a write: some registers keep fewer bits than clients see. */
function kept({ name }: Register, value: bigint, before: bigint): bigint {
  if (['fctrl', 'fstat', 'fiseg', 'foseg'].includes(name)) return value & 0xffffn;
  if (name === 'fop') return (value & 0x7ffn) | (before & ~0x7ffn);
  if (name === 'eflags') return (value & writableFlags) | (before & ~writableFlags);
  return value;
}

/** Which of eight pairs of tag bits say "empty". */
function emptyTags(word: bigint | undefined): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((index) => (((word ?? 0n) >> BigInt(2 * index)) & 3n) === 3n);
}

function fillAll({ file, regsets }: Setup, seed: number, liveBits: bigint): void {
  for (const [index, { name, noteType }] of file.regsets.entries()) {
    const set = regsets.set(name);
    fillWithNoise(set, seed + index * 7919);
    if (noteType === 1) continue;
    new DataView(set.buffer).setUint32(28, 0xffff, true);
    if (noteType === 0x202) setStateBits(set, liveBits);
  }
}

/** The state component bit that a register needs, undefined for the general set. */
function componentsOf({ name, regset }: Register): readonly bigint[] {
  if (regset !== 'xstate') return [];
  if (name === 'mxcsr') return [1n, 2n];
  if (/^xmm(\d|1[0-5])$/.test(name)) return [1n];
  if (/^ymm(\d|1[0-5])h$/.test(name)) return [2n];
  if (/^k\d$/.test(name)) return [5n];
  if (/^zmm(\d|1[0-5])h$/.test(name)) return [6n];
  if (/^([xyz]mm)(1[6-9]|2\d|3[01])h?$/.test(name)) return [7n];
  return name === 'pkru' ? [9n] : [0n];
}

function snapshot({ file, regsets }: Setup): ReadonlyMap<string, bigint | undefined> {
  return new Map(file.registers.map((register) => [register.name, numberOf(file.read(register, regsets))]));
}

function differences(before: Uint8Array, after: Uint8Array): number[] {
  return [...before.keys()].filter((index) => before[index] !== after[index]);
}

/** Writes one register among noise and looks at everything else. */
function checkWrite(setup: Setup, register: Register, noise: bigint): void {
  const { file, regsets } = setup;
  const before = snapshot(setup);
  const bytesBefore = new Map([...regsets.sets].map(([name, set]) => [name, set.slice()]));
  const value = acceptable(register, noise);
  assert.ok(file.write(register, bytesOf(value, register.bits / 8), regsets), `${register.name} refused`);
  for (const [name, old] of before) {
    const now = setup.read(name);
    const dependsOnOthers = name === 'ftag' && /^(st\d|fstat)$/.test(register.name);
    if (dependsOnOthers) continue;
    if (name !== register.name) assert.equal(now, old, `${name} after a write of ${register.name}`);
    else if (name === 'ftag') assert.deepEqual(emptyTags(now), emptyTags(value), name);
    else assert.equal(now, kept(register, value, old ?? 0n), name);
  }
  for (const [name, set] of regsets.sets) {
    const old = bytesBefore.get(name) ?? new Uint8Array(0);
    const hadHeader = name === 'xstate';
    const owners = componentsOf(register);
    const wasInitial = hadHeader && owners.every((bit) => ((stateBits(old) >> bit) & 1n) === 0n);
    if (wasInitial) continue;
    const slotBytes = register.regset === 'general' ? 8 : register.bits / 8;
    for (const index of differences(old, set)) {
      const isOwn =
        name === register.regset && index >= register.offset && index < register.offset + slotBytes;
      assert.ok(isOwn, `byte ${index} of ${name} changed by a write of ${register.name}`);
    }
  }
}

describe('register values of x86_64', () => {
  for (const machine of names) {
    it(`${machine}: a write changes its own register only`, () => {
      const seeds = fc.integer({ min: 1, max: 0x7fffffff });
      fc.assert(
        fc.property(
          seeds,
          fc.bigInt({ min: 0n, max: 0x3ffn }),
          fc.bigInt({ min: 0n, max: 2n ** 256n }),
          (seed, live, noise) => {
            const setup = setUp(machine);
            for (const register of setup.file.registers) {
              fillAll(setup, seed, live & (machines[machine].xsave?.xcr0 ?? 0n));
              checkWrite(setup, register, noise);
            }
          },
        ),
        { numRuns: 12 },
      );
    }).timeout(60_000);
  }

  it('read as their initial values while the component is unused', () => {
    const setup = setUp('AVX-512, PKRU (Intel)');
    fillAll(setup, 1, 0n);
    const notZero = new Map([
      ['fctrl', 0x37fn],
      ['ftag', 0xffffn],
      ['mxcsr', 0x1f80n],
    ]);
    for (const { name, regset } of setup.file.registers) {
      if (regset === 'xstate') assert.equal(setup.read(name), notZero.get(name) ?? 0n, name);
    }
  });

  it('take the component into use when written, the rest of it as it was', () => {
    const setup = setUp('AVX-512, PKRU (AMD)');
    fillAll(setup, 5, 0n);
    assert.ok(setup.write('zmm3h', 7n));
    assert.equal(stateBits(setup.regsets.set('xstate')), 1n << 6n);
    assert.equal(setup.read('zmm3h'), 7n);
    assert.equal(setup.read('zmm2h'), 0n);
    assert.ok(setup.write('xmm0', 9n));
    assert.equal(stateBits(setup.regsets.set('xstate')), (1n << 6n) | 2n);
    assert.equal(setup.read('mxcsr'), 0x1f80n);
    assert.ok(setup.write('st0', 1n));
    assert.equal(setup.read('fctrl'), 0x37fn);
    assert.equal(setup.read('mxcsr'), 0x1f80n);
  });

  it('keep mxcsr while AVX alone is in use', () => {
    const setup = setUp('AVX');
    const set = setup.regsets.set('xstate');
    setStateBits(set, 4n);
    new DataView(set.buffer).setUint32(24, 0x1fa0, true);
    assert.equal(setup.read('mxcsr'), 0x1fa0n);
    assert.ok(setup.write('xmm1', 1n));
    assert.equal(setup.read('mxcsr'), 0x1fa0n);
  });

  it('expand the tag word from the stack', () => {
    for (const machine of ['no XSAVE', 'SSE'] as const) {
      const setup = setUp(machine);
      setup.write('fstat', 6n << 11n);
      setup.write('ftag', 0x0ffan);
      // TOP is 6: st0 is physical register 6, st1 7, st2 0, st3 1.
      setup.write('st0', 0x3fff_8000_0000_0000_0000n);
      setup.write('st1', 0n);
      setup.write('st2', 0x7fff_8000_0000_0000_0000n);
      setup.write('st3', 0x0000_0000_0000_0000_0001n);
      assert.equal(setup.read('ftag'), 0b01_00_11_11_11_11_10_10n, machine);
    }
  });

  it('tell an unnormal and a denormal from a valid number', () => {
    const setup = setUp('no XSAVE');
    setup.write('ftag', 0n);
    setup.write('st0', 0x3fff_4000_0000_0000_0000n);
    setup.write('st1', 0xbfff_8000_0000_0000_0000n);
    setup.write('st2', 0x8000_0000_0000_0000_0000n);
    assert.equal((setup.read('ftag') ?? 0n) & 0x3fn, 0b01_00_10n);
  });

  it('are narrower than their slots', () => {
    const setup = setUp('SSE');
    setup.regsets.set('general').fill(0xff);
    assert.equal(setup.read('ss'), 0xffffffffn);
    assert.ok(setup.write('ss', 0x2bn));
    assert.ok(setup.write('eflags', 0x246n));
    const view = new DataView(setup.regsets.set('general').buffer);
    assert.equal(view.getBigUint64(160, true), 0x2bn);
    assert.equal(view.getBigUint64(144, true), (0xffffffffn & ~writableFlags) | 0x44n);
  });

  it('refuse what the kernel would refuse', () => {
    const setup = setUp('AVX');
    setup.regsets.set('general').fill(0x33);
    setStateBits(setup.regsets.set('xstate'), 7n);
    for (const [name, value] of [
      ['cs', 0n],
      ['cs', 0x10n],
      ['ds', 0x10033n],
      ['fs_base', 0xffff_8000_0000_0000n],
      ['mxcsr', 0x1_0000n],
    ] as const) {
      assert.equal(setup.write(name, value), false, `${name} ${value}`);
    }
    assert.deepEqual(setup.regsets.written, []);
    assert.ok(setup.write('ds', 0n));
  });

  it('store nothing when nothing changes', () => {
    const setup = setUp('AVX');
    for (const register of setup.file.registers) {
      const value = setup.file.read(register, setup.regsets);
      assert.ok(value && setup.file.write(register, value, setup.regsets));
    }
    assert.deepEqual(setup.regsets.written, []);
  });

  it('are not available without their regset, or in that of a 32-bit program', () => {
    const setup = setUp('AVX');
    setup.regsets.sets.delete('xstate');
    setup.regsets.sets.set('general', new Uint8Array(68));
    for (const name of ['rax', 'r15', 'xmm0', 'ymm3h']) {
      assert.equal(setup.read(name), undefined, name);
      assert.equal(setup.write(name, 1n), false, name);
    }
  });

  it('want exactly their size', () => {
    const { file, find, regsets } = setUp('SSE');
    assert.throws(() => file.write(find('rax'), new Uint8Array(4), regsets), RangeError);
    assert.throws(() => file.read({ ...find('rax'), number: 1 }, regsets), RangeError);
  });
});
