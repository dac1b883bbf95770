/** The register sets of a 32-bit thread as the kernel hands them over, and the layout of the general one. */
import type { RegsetRow } from '../module.js';
import { generalRegsetOf } from '../x86/general-regset.js';

/** Slots of i386's `struct user_regs_struct` (<sys/user.h>) in memory order, 4 bytes each, little-endian. */
const generalSlots = [
  'ebx',
  'ecx',
  'edx',
  'esi',
  'edi',
  'ebp',
  'eax',
  'ds',
  'es',
  'fs',
  'gs',
  'orig_eax',
  'eip',
  'cs',
  'eflags',
  'esp',
  'ss',
] as const;

export type GeneralSlot = (typeof generalSlots)[number];

export const generalSlotBytes = 4;

export const generalSet = generalRegsetOf(generalSlots, generalSlotBytes);

/**
 * NT_PRXFPREG, <linux/elf.h>: the FXSAVE area, `struct user_fpxregs_struct`. Used where the CPU has no XSAVE. NT_PRFPREG
 * is the older FSAVE area, without SSE.
 */
export const floatingPointRegset = {
  name: 'floating-point',
  noteType: 0x46e62b7f,
  sizeBytes: 512,
} as const satisfies RegsetRow;
