import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { i386 } from '../../../arch/i386/index.js';
import type { RegisterFile } from '../../../arch/module.js';
import { launchFixture } from '../../core/traced-program.js';
import { bytesOf, type MachineName, MemoryRegsets, machines, numberOf } from '../x86/machines.js';

const names = Object.keys(machines) as readonly MachineName[];

function fileOf(machine: MachineName): RegisterFile {
  return i386.registerFile(machines[machine]);
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

describe('registers of i386', () => {
  for (const machine of names) {
    it(`lie inside their regset and do not overlap: ${machine}`, () => {
      const file = fileOf(machine);
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
  }

  it('have the numbers that clients know from gdbserver', () => {
    const file = fileOf('AVX-512, PKRU (AMD)');
    const expected = {
      eax: 0,
      ebx: 3,
      eip: 8,
      gs: 15,
      st0: 16,
      fctrl: 24,
      xmm0: 32,
      xmm7: 39,
      mxcsr: 40,
      orig_eax: 41,
      ymm0h: 42,
      k0: 50,
      zmm0h: 58,
      zmm7h: 65,
      pkru: 66,
    };
    for (const [name, number] of Object.entries(expected))
      assert.equal(file.byName(name)?.number, number, name);
    assert.equal(file.registers.length, 67);
  });

  it('are sent with a stop: ebp, esp, eip', () => {
    assert.deepEqual(fileOf('AVX').expedited, [5, 4, 8]);
  });

  it('use the regset with SSE where there is no XSAVE', () => {
    const sets = (machine: MachineName) =>
      fileOf(machine).regsets.map(({ noteType, sizeBytes }) => [noteType, sizeBytes]);
    assert.deepEqual(sets('no XSAVE'), [
      [1, 68],
      [0x46e62b7f, 512],
    ]);
    assert.deepEqual(sets('AVX'), [
      [1, 68],
      [0x202, 832],
    ]);
  });

  it('are in a set of the kernel where there is no XSAVE, too', async () => {
    await using program = await launchFixture('sample', [], { machine: 'i386' });
    const { process } = program.attachment;
    const [thread] = process.threads.values();
    const own = process.registerFile.byName('xmm3');
    assert.ok(thread && own);
    const value = bytesOf(0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00n, 16);
    assert.ok(thread.writeRegister(own, value));
    const file = fileOf('no XSAVE');
    const kernelSets = {
      read: (name: string) => {
        const row = file.regsets.find((one) => one.name === name);
        return row && process.native.getRegset(thread.tid, row.noteType, row.sizeBytes);
      },
      write: () => assert.fail('nothing is written'),
    };
    for (const [name, expected] of [
      ['xmm3', value],
      ['fctrl', bytesOf(0x37fn, 4)],
      ['mxcsr', bytesOf(0x1f80n, 4)],
    ] as const) {
      const register = file.byName(name);
      assert.ok(register);
      assert.deepEqual(file.read(register, kernelSets), expected, name);
    }
  });

  it('are read and written four bytes wide', () => {
    const file = fileOf('SSE');
    const regsets = new MemoryRegsets(file);
    regsets.set('general').fill(0xee);
    const ecx = file.byName('ecx');
    assert.ok(ecx);
    assert.ok(file.write(ecx, bytesOf(0x12345678n, 4), regsets));
    assert.equal(numberOf(file.read(ecx, regsets)), 0x12345678n);
    const changed = [...regsets.set('general')].flatMap((byte, index) => (byte === 0xee ? [] : [index]));
    assert.deepEqual(changed, [4, 5, 6, 7]);
    assert.throws(() => file.write(ecx, bytesOf(0n, 8), regsets), RangeError);
  });

  it('are not there for a thread that has the other kind of regset', () => {
    const file = fileOf('SSE');
    const regsets = new MemoryRegsets(file);
    regsets.sets.set('general', new Uint8Array(60));
    assert.equal(file.read(file.byRole('pc'), regsets), undefined);
  });

  it('have no register for the thread pointer', () => {
    assert.throws(() => fileOf('AVX').byRole('thread-pointer'), /thread-pointer/);
    assert.deepEqual(i386.threadLocal.pointer, { kind: 'user-area', offset: 176 });
  });
});
