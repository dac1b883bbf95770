import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { i386 } from '../../../arch/i386/index.js';
import { moduleFor, modules } from '../../../arch/index.js';
import type { Register, RegisterFile } from '../../../arch/module.js';
import { x86_64 } from '../../../arch/x86_64/index.js';
import { type MachineName, machines } from '../x86/machines.js';

const names = Object.keys(machines) as readonly MachineName[];
const complete: MachineName = 'AVX-512, PKRU (AMD)';

function fileOf(machine: MachineName): RegisterFile {
  return x86_64.registerFile(machines[machine]);
}

function find(file: RegisterFile, name: string): Register {
  const register = file.byName(name);
  assert.ok(register, name);
  return register;
}

/** Words of the x87 that are kept in fewer bytes than clients see. */
const storedBytes: Readonly<Record<string, number>> = {
  fctrl: 2,
  fstat: 2,
  ftag: 1,
  fiseg: 2,
  foseg: 2,
  fop: 2,
};

describe('registers of x86_64', () => {
  it('are found by the ELF header', () => {
    assert.equal(moduleFor('x86_64', 2, 62), x86_64);
    assert.equal(moduleFor('x86_64', 1, 3), i386);
    assert.equal(moduleFor('x86_64', 1, 62), undefined);
    assert.equal(moduleFor('x86_64', 2, 183), undefined);
    assert.equal(moduleFor('aarch64', 2, 62), undefined);
    assert.ok(modules.includes(x86_64));
  });

  for (const machine of names) {
    describe(machine, () => {
      const file = fileOf(machine);

      it('are numbered by their position and named once', () => {
        assert.deepEqual(
          file.registers.map(({ number }) => number),
          file.registers.map((_, index) => index),
        );
        assert.equal(new Set(file.registers.map(({ name }) => name)).size, file.registers.length);
      });

      it('lie inside their regset and do not overlap', () => {
        const taken = new Map<string, string>();
        for (const { name, regset, offset, bits } of file.registers) {
          const row = file.regsets.find((candidate) => candidate.name === regset);
          const sizeBytes = storedBytes[name] ?? bits / 8;
          assert.ok(row && offset + sizeBytes <= row.sizeBytes, `${name} leaves ${regset}`);
          for (let byte = offset; byte < offset + sizeBytes; byte++) {
            const key = `${regset} ${byte}`;
            assert.equal(taken.get(key), undefined, `${name} and ${taken.get(key)} share ${key}`);
            taken.set(key, name);
          }
        }
      });

      it('are sent with a stop: rbp, rsp, rip', () => {
        assert.deepEqual(file.expedited, [6, 7, 16]);
      });

      it('have their roles', () => {
        assert.equal(file.byRole('pc').name, 'rip');
        assert.equal(file.byRole('sp').name, 'rsp');
        assert.equal(file.byRole('fp').name, 'rbp');
        assert.equal(file.byRole('flags').name, 'eflags');
        assert.equal(file.byRole('syscall-number').name, 'orig_rax');
        assert.equal(file.byRole('thread-pointer').name, 'fs_base');
      });
    });
  }

  it('have the numbers that clients know from gdbserver', () => {
    const expected = {
      rax: 0,
      rip: 16,
      gs: 23,
      st0: 24,
      fctrl: 32,
      fop: 39,
      xmm0: 40,
      mxcsr: 56,
      orig_rax: 57,
      fs_base: 58,
      gs_base: 59,
      ymm0h: 60,
      xmm16: 76,
      ymm16h: 92,
      k0: 108,
      zmm0h: 116,
      zmm31h: 147,
      pkru: 148,
    };
    const file = fileOf(complete);
    for (const [name, number] of Object.entries(expected))
      assert.equal(find(file, name).number, number, name);
    assert.equal(file.registers.length, 149);
  });

  it('are as many as the machine has features', () => {
    assert.equal(fileOf('no XSAVE').registers.length, 60);
    assert.equal(fileOf('SSE').registers.length, 60);
    assert.equal(fileOf('AVX').registers.length, 76);
  });

  it('leave out AVX-512 unless all three of its components are enabled', () => {
    const full = machines[complete];
    const { xsave } = full;
    assert.ok(xsave);
    for (const missing of [5n, 6n, 7n]) {
      const file = x86_64.registerFile({ ...full, xsave: { ...xsave, xcr0: xsave.xcr0 & ~(1n << missing) } });
      assert.equal(file.byName('k0'), undefined);
      assert.equal(file.byName('zmm0h'), undefined);
      assert.equal(find(file, 'pkru').number, 76);
    }
  });

  it('take the places of components from CPUID', () => {
    const offsets = (machine: MachineName) =>
      ['k1', 'zmm1h', 'xmm17', 'ymm17h', 'zmm17h', 'pkru'].map((name) => find(fileOf(machine), name).offset);
    assert.deepEqual(offsets('AVX-512, PKRU (AMD)'), [840, 928, 1472, 1488, 1504, 2432]);
    assert.deepEqual(offsets('AVX-512, PKRU (Intel)'), [1096, 1184, 1728, 1744, 1760, 2688]);
  });

  it('use the FXSAVE regset only where there is no XSAVE', () => {
    const sets = (machine: MachineName) =>
      fileOf(machine).regsets.map(({ noteType, sizeBytes }) => [noteType, sizeBytes]);
    assert.deepEqual(sets('no XSAVE'), [
      [1, 216],
      [2, 512],
    ]);
    assert.deepEqual(sets('AVX'), [
      [1, 216],
      [0x202, 832],
    ]);
  });
});
