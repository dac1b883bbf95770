/** aarch64 Linux, 64-bit programs. */
import type { ArchModule } from '../module.js';
import { breakpoint, trapCodes } from './breakpoint.js';
import { debugRegisters } from './debug-registers.js';
import { instructionBytes, linkRegister } from './decode.js';
import { sequences } from './exclusive-sequence.js';
import { hasMemoryTags } from './features.js';
import { flow } from './flow.js';
import { flagsOffset, pcOffset, registerBytes, registerOffset, spOffset } from './general-offsets.js';
import { plan, planReach, slotBytes } from './out-of-line.js';
import { registerFile } from './register-file.js';
import { generalRegset } from './regsets.js';
import { syscall } from './syscalls.js';

/** struct rt_sigframe: siginfo_t, then struct ucontext with uc_mcontext from 176 on, <asm/ucontext.h>. */
const signalContext = 128 + 176;
/** struct sigcontext: fault_address, x0 to x30, sp, pc, pstate, <asm/sigcontext.h>. */
const savedPc = 8 + 32 * 8;

export const aarch64: ArchModule = {
  name: 'aarch64',
  isDescribedUnasked: true,
  /** EM_AARCH64, ELFCLASS64: <elf.h>. */
  elfMachine: 183,
  elfClass: 2,
  pointerBytes: 8,
  breakpoint,
  trapCodes,
  instructionAlignment: instructionBytes,
  /** Linux has the top byte of user addresses ignored (TBI): "Tagged virtual addresses in AArch64 Linux". */
  addressMask: (1n << 56n) - 1n,
  hasCoherentText: false,
  registerFile,
  debugRegisters,
  planReach,
  slotBytes,
  plan,
  sequences,
  /** VM_ARM64_BTI, HWCAP2_BTI. */
  guardedMemory: { flag: 'bt', capability: 1n << 17n },
  flow,
  /** "Memory Tagging Extension (MTE) in AArch64 Linux". */
  taggedMemory: (machine) =>
    hasMemoryTags(machine) ? { granuleBytes: 16, tagMask: 0xf, tagType: 1 } : undefined,
  syscall,
  general: {
    noteType: generalRegset.noteType,
    sizeBytes: generalRegset.sizeBytes,
    registerBytes,
    pcOffset,
    pcUserOffset: undefined,
    spOffset,
    flagsOffset,
    trapFlag: 0n,
    alignmentFlag: 0n,
    /** PSTATE.BTYPE. */
    branchTargetFlags: 3n << 10n,
    linkOffset: registerOffset(linkRegister),
    /** PSTATE.DIT: whether data may decide how long instructions take. */
    returnMark: 1n << 24n,
  },
  signalFrames: [{ pcOffset: signalContext + savedPc, flagsOffset: signalContext + savedPc + 8 }],
  /** tcbhead_t: the dtv pointer comes first; blocks lie above it (variant I, "ELF Handling For TLS"). */
  threadLocal: { pointer: { kind: 'register' }, dtvOffset: 0, variant: 1 },
  siginfo: undefined,
};
