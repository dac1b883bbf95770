/** What the tables say, compared with what the system's headers say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { i386 } from '../../../arch/i386/index.js';
import type { SiginfoLayout } from '../../../arch/module.js';
import { compileFixture } from '../../support/fixture.js';
import { bytesOf, machines, numberOf } from '../x86/machines.js';

const run = promisify(execFile);

/** Offset and length of the members in the 64-bit siginfo_t, <asm-generic/siginfo.h>. */
const ownMembers: Readonly<Record<string, readonly [number, number]>> = {
  pid: [16, 4],
  uid: [20, 4],
  timerid: [16, 4],
  overrun: [20, 4],
  value: [24, 8],
  status: [24, 4],
  utime: [32, 8],
  stime: [40, 8],
  addr: [16, 8],
  addr_lsb: [24, 2],
  lower: [32, 8],
  upper: [40, 8],
  pkey: [32, 4],
  band: [16, 8],
  fd: [24, 4],
  call_addr: [16, 8],
  syscall: [24, 4],
  arch: [28, 4],
};

/** Signal, si_code, and the members that a program finds then: sigaction(2). */
const infos: readonly (readonly [string, number, number, readonly string[]])[] = [
  ['kill', 10, 0, ['pid', 'uid']],
  ['tgkill', 10, -6, ['pid', 'uid', 'value']],
  ['sigqueue', 36, -1, ['pid', 'uid', 'value']],
  ['timer', 14, -2, ['timerid', 'overrun', 'value']],
  ['the kernel itself', 11, 0x80, ['pid', 'uid']],
  ['child', 17, 1, ['pid', 'uid', 'status', 'utime', 'stime']],
  ['illegal instruction', 4, 2, ['addr']],
  ['division by zero', 8, 1, ['addr']],
  ['breakpoint', 5, 1, ['addr']],
  ['fault', 11, 1, ['addr']],
  ['bounds', 11, 3, ['addr', 'lower', 'upper']],
  ['protection key', 11, 4, ['addr', 'pkey']],
  ['bus error', 7, 2, ['addr']],
  ['broken memory', 7, 4, ['addr', 'addr_lsb']],
  ['input', 29, 1, ['band', 'fd']],
  ['input by another signal', 40, 1, ['band', 'fd']],
  ['queued input', 29, -5, ['band', 'fd']],
  ['seccomp', 31, 1, ['call_addr', 'syscall', 'arch']],
];

describe('i386 and the kernel headers', () => {
  const facts = new Map<string, number>();

  before(async () => {
    const { stdout } = await run(await compileFixture('kernel-facts-i386', { machine: 'i386' }));
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
    const { registers } = i386.registerFile(machines.SSE);
    const general = registers.filter(({ regset }) => regset === 'general');
    assert.equal(general.length, 17);
    for (const { name, offset } of general) assert.equal(offset, fact(`general.${name}`), name);
    assert.equal(i386.general.sizeBytes, fact('sizeof.general'));
    assert.equal(i386.general.pcOffset, fact('general.eip'));
    assert.equal(i386.general.spOffset, fact('general.esp'));
    assert.equal(i386.general.flagsOffset, fact('general.eflags'));
  });

  it('agree on the floating point area', () => {
    const file = i386.registerFile(machines['no XSAVE']);
    const words = [
      'fctrl',
      'fstat',
      'ftag',
      'fop',
      'fioff',
      'fiseg',
      'fooff',
      'foseg',
      'mxcsr',
      'st0',
      'xmm0',
    ];
    for (const name of words) assert.equal(file.byName(name)?.offset, fact(`legacy.${name}`), name);
  });

  it('agree on note types and sizes', () => {
    const rows = [machines['no XSAVE'], machines.AVX].flatMap(
      (machine) => i386.registerFile(machine).regsets,
    );
    for (const { name, noteType, sizeBytes } of rows) {
      assert.equal(noteType, fact(`note.${name}`), name);
      if (name !== 'xstate') assert.equal(sizeBytes, fact(`sizeof.${name}`), name);
    }
  });

  it('agree on system calls and ELF', () => {
    const { syscall } = i386;
    assert.equal(syscall.numberOffset, fact('general.eax'));
    assert.equal(syscall.restartOffset, fact('general.orig_eax'));
    assert.deepEqual(
      syscall.argumentOffsets,
      ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'].map((name) => fact(`general.${name}`)),
    );
    for (const [name, number] of Object.entries(syscall.numbers))
      assert.equal(number, fact(`syscall.${name}`), name);
    assert.equal(i386.elfMachine, fact('elf.machine'));
    assert.equal(i386.elfClass, fact('elf.class'));
  });

  for (const [what, signal, code, members] of infos) {
    it(`agree on siginfo_t: ${what}`, () => {
      const layout = i386.siginfo as SiginfoLayout;
      const own = new Uint8Array(128);
      own.set(bytesOf(BigInt(signal), 4));
      own.set(bytesOf(7n, 4), 4);
      own.set(bytesOf(BigInt.asUintN(32, BigInt(code)), 4), 8);
      const values = members.map((name, index) => {
        const [offset, lengthBytes] = ownMembers[name] ?? [0, 0];
        const value = BigInt.asUintN(Math.min(lengthBytes * 8, 32), 0x8765_4321n * BigInt(index + 1));
        own.set(bytesOf(value, lengthBytes), offset);
        return value;
      });
      const program = layout.toProgram(own);
      assert.equal(program.length, fact('sizeof.siginfo'));
      const read = (name: string): bigint | undefined => {
        const offset = fact(`siginfo.${name}`);
        return numberOf(program.subarray(offset, offset + fact(`sizeof.siginfo.${name}`)));
      };
      assert.deepEqual(['signo', 'errno'].map(read), [BigInt(signal), 7n]);
      assert.equal(read('code'), BigInt.asUintN(32, BigInt(code)));
      assert.deepEqual(members.map(read), values);
      assert.deepEqual(layout.fromProgram(program), own);
    });
  }
});
