/** What the tables say, compared with what the system's headers say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { x86_64 } from '../../../arch/x86_64/index.js';
import { compileFixture } from '../../support/fixture.js';
import { machines } from '../x86/machines.js';

const run = promisify(execFile);

describe('x86_64 and the kernel headers', () => {
  const facts = new Map<string, number>();

  before(async () => {
    const { stdout } = await run(await compileFixture('kernel-facts'));
    for (const line of stdout.trim().split('\n')) {
      const [name = '', value] = line.split(' ');
      facts.set(name, Number(value));
    }
  });

  function fact(name: string): number {
    const value = facts.get(name);
    assert.ok(value !== undefined, name);
    return value;
  }

  it('agree on the general registers', () => {
    const { registers } = x86_64.registerFile(machines.SSE);
    const general = registers.filter(({ regset }) => regset === 'general');
    assert.equal(general.length, 27);
    for (const { name, offset } of general) assert.equal(offset, fact(`general.${name}`), name);
  });

  it('agree on the floating point area', () => {
    for (const machine of ['no XSAVE', 'AVX'] as const) {
      const file = x86_64.registerFile(machines[machine]);
      for (const name of ['fctrl', 'fstat', 'ftag', 'fop', 'fioff', 'fooff', 'mxcsr', 'st0', 'xmm0']) {
        assert.equal(file.byName(name)?.offset, fact(`legacy.${name}`), name);
      }
    }
  });

  it('agree on note types and sizes', () => {
    const rows = [machines['no XSAVE'], machines.AVX].flatMap((facts) => x86_64.registerFile(facts).regsets);
    assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(['general', 'floating-point', 'xstate']));
    for (const { name, noteType, sizeBytes } of rows) {
      assert.equal(noteType, fact(`note.${name}`), name);
      if (name !== 'xstate') assert.equal(sizeBytes, fact(`sizeof.${name}`), name);
    }
    assert.equal(x86_64.general.noteType, fact('note.general'));
    assert.equal(x86_64.general.sizeBytes, fact('sizeof.general'));
  });

  it('agree on where system calls have their values', () => {
    const { syscall, general } = x86_64;
    assert.equal(syscall.numberOffset, fact('abi.rax'));
    assert.equal(syscall.resultOffset, fact('abi.rax'));
    assert.equal(syscall.restartOffset, fact('abi.orig_rax'));
    assert.equal(syscall.nextAddressOffset, fact('abi.rcx'));
    assert.equal(syscall.savedFlagsOffset, fact('abi.r11'));
    assert.deepEqual(
      syscall.argumentOffsets,
      ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'].map((name) => fact(`abi.${name}`)),
    );
    for (const [name, number] of Object.entries(syscall.numbers))
      assert.equal(number, fact(`syscall.${name}`), name);
    assert.equal(general.pcOffset, fact('abi.rip'));
    assert.equal(general.pcUserOffset, fact('user.rip'));
    assert.equal(general.spOffset, fact('abi.rsp'));
    assert.equal(general.flagsOffset, fact('abi.eflags'));
  });

  it('agree on traps, debug registers and ELF', () => {
    assert.equal(x86_64.trapCodes.breakpoint, fact('code.SI_KERNEL'));
    assert.deepEqual(x86_64.trapCodes.breakpoints, [fact('code.SI_KERNEL'), fact('code.TRAP_BRKPT')]);
    assert.equal(x86_64.trapCodes.callStep, fact('code.TRAP_BRKPT'));
    assert.equal(x86_64.general.trapFlag, BigInt(fact('flag.TF')));
    const offset = fact('debug.first') + 6 * fact('debug.step');
    assert.deepEqual(x86_64.debugRegisters(machines.SSE).hits, { kind: 'status', offset });
    assert.equal(x86_64.elfMachine, fact('elf.machine'));
    assert.equal(x86_64.elfClass, fact('elf.class'));
  });

  it('agree on the bits of the flags register', () => {
    const description = x86_64.registerFile(machines.SSE).targetDescription;
    const flags = /<flags id="i386_eflags"[\s\S]*?<\/flags>/.exec(description)?.[0] ?? '';
    const fields = [...flags.matchAll(/name="(\w+)" start="(\d+)" end="(\d+)"/g)];
    assert.equal(fields.length, 16);
    for (const [, name, start, end] of fields) {
      assert.equal(start, end);
      assert.equal(2 ** Number(start), fact(`flag.${name}`), name);
    }
  });
});
