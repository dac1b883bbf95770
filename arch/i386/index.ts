/** 32-bit programs on x86-64 Linux. */
import type { ArchModule } from '../module.js';
import { commonFacts } from '../x86/common-facts.js';
import { coreFile, frames } from './frames.js';
import { orphanHandler } from './orphan-handler.js';
import { flow, plan, transfers } from './out-of-line.js';
import { registerFile } from './register-file.js';
import { generalSet } from './regsets.js';
import { siginfo } from './siginfo.js';
import { syscall } from './syscalls.js';

/** offsetof(struct user_regs_struct, gs_base) of the 64-bit tracer's user area, <sys/user.h>: resolved from the selector. */
const gsBaseOffset = 176;

export const i386: ArchModule = {
  ...commonFacts,
  name: 'i386',
  target: 'i386-pc',
  /** EM_386, ELFCLASS32: <elf.h>. */
  elfMachine: 3,
  elfClass: 1,
  pointerBytes: 4,
  registerFile,
  plan,
  flow,
  transfers,
  syscall,
  general: generalSet.facts('eip', 'esp', 'eflags'),
  /**
   * struct sigcontext of 32-bit programs has ip at 56 and flags at 64, <asm/sigcontext.h>. It follows the return address
   * and the signal's number in struct sigframe; in struct rt_sigframe two pointers, siginfo_t (128 bytes) and 20 bytes
   * of struct ucontext as well.
   */
  signalFrames: [8, 8 + 8 + 128 + 20].map((start) => ({ pcOffset: start + 56, flagsOffset: start + 64 })),
  /** tcbhead_t: the dtv pointer follows the self pointer; blocks lie below it (variant II, "ELF Handling For TLS"). */
  threadLocal: { pointer: { kind: 'user-area', offset: gsBaseOffset }, dtvOffset: 4, variant: 2 },
  frames,
  orphanHandler,
  coreFile,
  siginfo,
  /** System V Application Binary Interface, Intel386 supplement, 2.2. */
  functionCall: {
    argumentOffsets: [],
    resultOffset: generalSet.offsetOf('eax'),
    stackAlignmentBytes: 16,
    redZoneBytes: 0,
  },
};
