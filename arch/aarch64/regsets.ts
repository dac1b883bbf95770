/** The register sets of an aarch64 thread as the kernel hands them over: <linux/elf.h>, <asm/ptrace.h>, <asm/sve_context.h>. */
import type { RegsetNote, RegsetRow } from '../module.js';
import { registerBytes } from './general-offsets.js';

/** `struct user_pt_regs`: x0 to x30, sp, pc and pstate, 8 bytes each, little-endian. */
export const generalRegset = { name: 'general', noteType: 1, sizeBytes: 34 * registerBytes } as const;

/** `struct user_fpsimd_state`: v0 to v31, 16 bytes each, fpsr, fpcr, and 8 bytes that mean nothing. */
export const floatingPointLayout = { v: 0, strideBytes: 16, fpsr: 512, fpcr: 516, sizeBytes: 528 } as const;

/** Longest vector that an implementation may have: 2048 bits. */
export const longestVectorBytes = 256;
/** SVE_VQ_BYTES: what vector lengths are multiples of. */
export const quadwordBytes = 16;
/** `struct user_sve_header` and `struct user_za_header`. */
export const vectorHeaderBytes = 16;

/** Of a set with the scalable registers, for vectors of this length; SVE_PT_SVE_SIZE and its like. */
export function scalableLayout(vectorBytes: number): {
  readonly z: number;
  readonly p: number;
  readonly predicateBytes: number;
  readonly ffr: number;
  readonly fpsr: number;
  readonly fpcr: number;
  readonly sizeBytes: number;
} {
  const predicateBytes = vectorBytes / 8;
  const z = vectorHeaderBytes;
  const p = z + 32 * vectorBytes;
  const ffr = p + 16 * predicateBytes;
  const fpsr = roundUp(ffr + predicateBytes);
  return { z, p, predicateBytes, ffr, fpsr, fpcr: fpsr + 4, sizeBytes: roundUp(fpsr + 8) };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / quadwordBytes) * quadwordBytes;
}

const scalableBytes = scalableLayout(longestVectorBytes).sizeBytes;

/** Begins with `struct user_sve_header` or `struct user_za_header`, and these with the size of what is in use. */
const vectorSet = { isInterpreted: true, startsWithSize: true } as const;

/** NT_*: those that hold registers which clients see. Where the machine has no such state the kernel has no such set. */
export const regsets = {
  general: generalRegset,
  floatingPoint: {
    name: 'floating-point',
    noteType: 2,
    sizeBytes: floatingPointLayout.sizeBytes,
    isInterpreted: true,
  },
  /** tpidr_el0, and tpidr2_el0 where there is SME. */
  threadPointers: { name: 'thread-pointers', noteType: 0x401, sizeBytes: 16 },
  systemCall: { name: 'system-call', noteType: 0x404, sizeBytes: 4 },
  scalable: { name: 'scalable', noteType: 0x405, sizeBytes: scalableBytes, ...vectorSet },
  pointerMasks: { name: 'pointer-masks', noteType: 0x406, sizeBytes: 16 },
  tagControl: { name: 'tag-control', noteType: 0x409, sizeBytes: 8 },
  streaming: { name: 'streaming', noteType: 0x40b, sizeBytes: scalableBytes, ...vectorSet },
  za: {
    name: 'za',
    noteType: 0x40c,
    sizeBytes: vectorHeaderBytes + longestVectorBytes ** 2,
    ...vectorSet,
  },
  zt: { name: 'zt', noteType: 0x40d, sizeBytes: 64, isInterpreted: true },
  floatingPointMode: { name: 'floating-point-mode', noteType: 0x40e, sizeBytes: 8 },
  guardedStack: { name: 'guarded-stack', noteType: 0x410, sizeBytes: 24 },
} as const satisfies Readonly<Record<string, RegsetRow & RegsetNote>>;

export type RegsetName = (typeof regsets)[keyof typeof regsets]['name'];
