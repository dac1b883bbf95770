/** The register sets of an x86-64 thread as the kernel hands them over, and the layout of the general one. */
import type { RegsetRow } from '../module.js';
import { generalRegsetOf } from '../x86/general-regset.js';

/** Slots of `struct user_regs_struct` (<sys/user.h>) in memory order, 8 bytes each, little-endian. */
const generalSlots = [
  'r15',
  'r14',
  'r13',
  'r12',
  'rbp',
  'rbx',
  'r11',
  'r10',
  'r9',
  'r8',
  'rax',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'orig_rax',
  'rip',
  'cs',
  'eflags',
  'rsp',
  'ss',
  'fs_base',
  'gs_base',
  'ds',
  'es',
  'fs',
  'gs',
] as const;

export type GeneralSlot = (typeof generalSlots)[number];

export const generalSlotBytes = 8;

export const generalSet = generalRegsetOf(generalSlots, generalSlotBytes);

/** NT_PRFPREG, <linux/elf.h>: the FXSAVE area, `struct user_fpregs_struct`. Used where the CPU has no XSAVE. */
export const floatingPointRegset = {
  name: 'floating-point',
  noteType: 2,
  sizeBytes: 512,
} as const satisfies RegsetRow;
