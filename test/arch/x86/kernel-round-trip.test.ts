import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Register } from '../../../arch/module.js';
import { launchFixture } from '../../core/traced-program.js';
import { bytesOf, numberOf } from './machines.js';

/** Not zero, the same for nobody, and taken by the kernel. */
function valueFor({ name, number, bits }: Register, codeSelector: bigint): bigint {
  const pattern = BigInt.asUintN(bits, 0x0123_4567_89ab_cdef_0011_2233_4455_6677n * BigInt(number + 1));
  const special: Readonly<Record<string, bigint>> = {
    eflags: 0xed7n,
    cs: codeSelector,
    ss: 0x2bn,
    ds: 0x2bn,
    es: 0x2bn,
    // Loading a selector makes the kernel take the base from its segment: the bases come from the next stores.
    fs: 0n,
    gs: 0n,
    fs_base: 0x7fff_1000n,
    gs_base: 0x7fff_2000n,
    mxcsr: 0x1fa0n,
    fctrl: 0x27fn,
    // TOP 3: no exception pending.
    fstat: 0x1800n,
    fop: 0x123n,
    fiseg: 0x1234n,
    foseg: 0x5678n,
  };
  // A canonical significand, so that the tags say "valid".
  if (/^st\d$/.test(name)) return (0x3fffn << 64n) | (1n << 63n) | BigInt(number);
  if (name === 'ftag') return 0n;
  return special[name] ?? pattern;
}

for (const machine of ['x86_64', 'i386'] as const) {
  describe(`registers of ${machine} in the kernel`, () => {
    it('keep what is written, each apart from all others', async () => {
      await using program = await launchFixture('sample', [], { machine });
      const { process } = program.attachment;
      const thread = [...process.threads.values()][0];
      assert.ok(thread);
      const { registers } = process.registerFile;
      // The kernel takes any selector of user code; another one's width would make the regset another one.
      const codeSelector = machine === 'i386' ? 0x23n : 0x33n;
      for (const register of registers) {
        const value = bytesOf(valueFor(register, codeSelector), register.bits / 8);
        assert.ok(thread.writeRegister(register, value), `${register.name} refused`);
      }
      // What is read next comes from the kernel, not from what was just written.
      thread.forgetRegisters();
      for (const register of registers) {
        assert.equal(
          numberOf(thread.readRegister(register)),
          valueFor(register, codeSelector),
          register.name,
        );
      }
    });
  });
}
