/** The two kinds of code in which single instructions are run, and where the harness has its memory for them. */

import { i386 } from '../../arch/i386/index.js';
import type { ArchModule } from '../../arch/module.js';
import type { CodeBits } from '../../arch/x86/code-mode.js';
import { x86_64 } from '../../arch/x86_64/index.js';
import type { Machine } from '../support/fixture.js';

export interface CodeMachine {
  readonly name: Machine;
  readonly bits: CodeBits;
  readonly module: ArchModule;
  readonly codeAddress: bigint;
  /** In reach of the code, at both ends of what a displacement spans, and for 64-bit code out of reach. */
  readonly slotAddresses: readonly [bigint, ...bigint[]];
  /** Offsets in `struct user_regs_struct`, <sys/user.h>; of 32-bit programs that of their own header. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly pc: string;
  readonly sp: string;
  readonly systemCall: string;
  /** Registers that get random values and pointers to data. */
  readonly randomRegisters: readonly string[];
  /** Get one of a few small multiples of 64: bases where nothing lies. Selectors: none. */
  readonly segmentRegisters: readonly string[];
}

const code64 = 0x4_0000_0000n;
const code32 = 0x4000_0000n;

export const x86Codes: readonly CodeMachine[] = [
  {
    name: 'x86_64',
    bits: 64,
    module: x86_64,
    codeAddress: code64,
    slotAddresses: [
      code64 + 0x20000n,
      code64 - 0x7000_0000n,
      code64 + 0x7000_0000n,
      code64 + 0x10_0000_0000n,
    ],
    offsets: {
      r15: 0,
      r14: 8,
      r13: 16,
      r12: 24,
      rbp: 32,
      rbx: 40,
      r11: 48,
      r10: 56,
      r9: 64,
      r8: 72,
      rax: 80,
      rcx: 88,
      rdx: 96,
      rsi: 104,
      rdi: 112,
      orig_rax: 120,
      rip: 128,
      eflags: 144,
      rsp: 152,
      fs_base: 168,
      gs_base: 176,
    },
    pc: 'rip',
    sp: 'rsp',
    systemCall: 'orig_rax',
    randomRegisters: [
      ...['rbp', 'rbx', 'rax', 'rcx', 'rdx', 'rsi', 'rdi'],
      ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
    ],
    segmentRegisters: ['fs_base', 'gs_base'],
  },
  {
    name: 'i386',
    bits: 32,
    module: i386,
    codeAddress: code32,
    slotAddresses: [code32 + 0x20000n, 0x1000_0000n, 0xb000_0000n],
    offsets: {
      ebx: 0,
      ecx: 4,
      edx: 8,
      esi: 12,
      edi: 16,
      ebp: 20,
      eax: 24,
      fs: 36,
      gs: 40,
      orig_eax: 44,
      eip: 48,
      eflags: 56,
      esp: 60,
    },
    pc: 'eip',
    sp: 'esp',
    systemCall: 'orig_eax',
    randomRegisters: ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'eax'],
    segmentRegisters: [],
  },
];
