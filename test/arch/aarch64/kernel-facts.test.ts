/** What the tables say, compared with what the cross compiler's headers say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { registerOffset } from '../../../arch/aarch64/general-offsets.js';
import { aarch64 } from '../../../arch/aarch64/index.js';
import { floatingPointLayout, regsets, scalableLayout } from '../../../arch/aarch64/regsets.js';
import { fixtureSource } from '../../support/fixture.js';
import { machines } from './machines.js';

const run = promisify(execFile);

describe('aarch64 and the kernel headers', () => {
  const facts = new Map<string, number>();

  before(async () => {
    const source = fixtureSource('kernel-facts-aarch64');
    const { stdout } = await run('aarch64-linux-gnu-gcc', ['-S', '-o', '-', source]);
    for (const [, name = '', value] of stdout.matchAll(/\/\/ fact (\S+) (\S+)/g))
      facts.set(name, Number(value));
  });

  function fact(name: string): number {
    const value = facts.get(name);
    assert.ok(value !== undefined, name);
    return value;
  }

  it('agree on the general registers', () => {
    const file = aarch64.registerFile(machines.plain);
    assert.equal(registerOffset(1), fact('general.x1'));
    const { pcOffset, spOffset, flagsOffset } = aarch64.general;
    assert.deepEqual(
      [spOffset, pcOffset, flagsOffset],
      ['sp', 'pc', 'pstate'].map((name) => fact(`general.${name}`)),
    );
    for (const role of ['sp', 'pc'] as const) assert.equal(file.byRole(role).offset, fact(`general.${role}`));
    assert.equal(file.byName('cpsr')?.offset, fact('general.pstate'));
    assert.equal(aarch64.general.sizeBytes, fact('sizeof.general'));
    assert.equal(aarch64.general.branchTargetFlags, BigInt(fact('flag.BTYPE')));
  });

  it('agree on the vector registers', () => {
    assert.equal(floatingPointLayout.v + floatingPointLayout.strideBytes, fact('floating-point.v1'));
    assert.equal(floatingPointLayout.fpsr, fact('floating-point.fpsr'));
    assert.equal(floatingPointLayout.fpcr, fact('floating-point.fpcr'));
    assert.equal(floatingPointLayout.sizeBytes, fact('sizeof.floating-point'));
    for (const bytes of [16, 32, 48, 256]) {
      const { z, p, predicateBytes, ffr, fpsr, fpcr, sizeBytes } = scalableLayout(bytes);
      assert.equal(z, fact('sizeof.header'));
      assert.equal(z + bytes, fact(`z1.${bytes}`));
      assert.equal(p + predicateBytes, fact(`p1.${bytes}`));
      assert.equal(ffr, fact(`ffr.${bytes}`));
      assert.equal(fpsr, fact(`fpsr.${bytes}`));
      assert.equal(fpcr, fact(`fpcr.${bytes}`));
      assert.equal(sizeBytes, fact(`size.${bytes}`));
    }
    assert.equal(regsets.za.sizeBytes, fact('sizeof.za.256'));
  });

  it('agree on note types', () => {
    // Debian 12's headers are older than the last ones.
    const known = Object.values(regsets).filter(({ noteType }) => noteType < 0x40d);
    for (const { name, noteType } of known) assert.equal(noteType, fact(`note.${name}`), name);
  });

  it('agree on signal frames, traps and ELF', () => {
    assert.deepEqual(aarch64.signalFrames, [
      { pcOffset: fact('frame.pc'), flagsOffset: fact('frame.pstate') },
    ]);
    assert.equal(aarch64.trapCodes.breakpoint, fact('code.TRAP_BRKPT'));
    assert.equal(aarch64.trapCodes.callStep, fact('code.SI_USER'));
    assert.equal(aarch64.elfMachine, fact('elf.machine'));
    assert.equal(aarch64.elfClass, fact('elf.class'));
  });

  it('agree on the numbers of system calls', () => {
    for (const [name, number] of Object.entries(aarch64.syscall.numbers))
      assert.equal(number, fact(`syscall.${name}`), name);
  });

  it('agree on the capabilities that features need', () => {
    const has = (feature: string, capabilities: object): boolean =>
      aarch64
        .registerFile({ ...machines.plain, vectorBytes: 16, streamingVectorBytes: 16, ...capabilities })
        .targetDescription.includes(`"org.gnu.gdb.aarch64.${feature}"`);
    assert.ok(!has('sve', {}) && has('sve', { hwcap: BigInt(fact('hwcap.SVE')) }));
    assert.ok(!has('pauth', {}) && has('pauth', { hwcap: BigInt(fact('hwcap.PACA')) }));
    assert.ok(!has('mte', {}) && has('mte', { hwcap2: BigInt(fact('hwcap2.MTE')) }));
    assert.ok(!has('sme', {}) && has('sme', { hwcap2: BigInt(fact('hwcap2.SME')) }));
  });
});
