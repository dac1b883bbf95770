/** aarch64 Linux, 64-bit programs. */
import type { ArchModule } from '../module.js';
import { breakpoint, trapCodes } from './breakpoint.js';
import { debugRegisters } from './debug-registers.js';
import { instructionBytes, linkRegister } from './decode.js';
import { sequences } from './exclusive-sequence.js';
import {
  hasDataIndependentTiming,
  hasGuardedStack,
  hasMemoryTags,
  hasSpeculativeStoreBypass,
} from './features.js';
import { flow, transfers } from './flow.js';
import { coreFile, frames } from './frames.js';
import { flagsOffset, pcOffset, registerBytes, registerOffset, spOffset } from './general-offsets.js';
import { lastingSteps } from './lasting-steps.js';
import { orphanHandler } from './orphan-handler.js';
import { plan, planReach, slotBytes } from './out-of-line.js';
import { registerFile } from './register-file.js';
import { generalRegset, regsets } from './regsets.js';
import { syscall } from './syscalls.js';

/** struct rt_sigframe: siginfo_t, then struct ucontext with uc_mcontext from 176 on, <asm/ucontext.h>. */
const signalContext = 128 + 176;
/** struct sigcontext: fault_address, x0 to x30, sp, pc, pstate, <asm/sigcontext.h>. */
const savedPc = 8 + 32 * 8;

export const aarch64: ArchModule = {
  name: 'aarch64',
  target: 'aarch64-unknown',
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
  lastingSteps,
  registerFile,
  debugRegisters,
  planReach,
  slotBytes,
  plan,
  sequences,
  /** VM_ARM64_BTI, HWCAP2_BTI. */
  guardedMemory: { flag: 'bt', capability: 1n << 17n },
  flow,
  transfers,
  /** struct user_gcs, <asm/ptrace.h>. */
  guardedStack: (machine) =>
    hasGuardedStack(machine)
      ? { noteType: regsets.guardedStack.noteType, enabledOffset: 0, pointerOffset: 16 }
      : undefined,
  /** "Memory Tagging Extension (MTE) in AArch64 Linux". */
  taggedMemory: (machine) =>
    hasMemoryTags(machine) ? { granuleBytes: 16, tagMask: 0xf, tagType: 1 } : undefined,
  /** Bits of PSTATE that what is computed does not depend on, where the CPU has one of them. */
  returnMark: (machine) =>
    hasDataIndependentTiming(machine) ? 1n << 24n : hasSpeculativeStoreBypass(machine) ? 1n << 12n : 0n,
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
  },
  signalFrames: [{ pcOffset: signalContext + savedPc, flagsOffset: signalContext + savedPc + 8 }],
  /** tcbhead_t: the dtv pointer comes first; blocks lie above it (variant I, "ELF Handling For TLS"). */
  threadLocal: { pointer: { kind: 'register' }, dtvOffset: 0, variant: 1 },
  frames,
  orphanHandler,
  coreFile,
  siginfo: undefined,
  /** Procedure Call Standard for the Arm 64-bit Architecture, 6.4.5 and 6.8. */
  functionCall: {
    argumentOffsets: [0, 1, 2, 3, 4, 5, 6, 7].map(registerOffset),
    resultOffset: registerOffset(0),
    stackAlignmentBytes: 16,
    redZoneBytes: 0,
  },
};
