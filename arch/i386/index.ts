/** 32-bit programs on x86-64 Linux. */
import type { ArchModule } from '../module.js';
import { breakpoint, breakpointTrapCodes } from '../x86/breakpoint.js';
import { debugRegisters } from '../x86/debug-registers.js';
import { maxInstructionBytes } from '../x86/decode.js';
import { flow, jump, plan } from './out-of-line.js';
import { registerFile } from './register-file.js';
import { generalSet } from './regsets.js';
import { siginfo } from './siginfo.js';
import { syscall } from './syscalls.js';

/** offsetof(struct user_regs_struct, gs_base) of the 64-bit tracer's user area, <sys/user.h>: resolved from the selector. */
const gsBaseOffset = 176;

export const i386: ArchModule = {
  name: 'i386',
  /** EM_386, ELFCLASS32: <elf.h>. */
  elfMachine: 3,
  elfClass: 1,
  pointerBytes: 4,
  breakpoint,
  breakpointTrapCodes,
  registerFile,
  debugRegisters,
  maxInstructionBytes,
  plan,
  flow,
  jump,
  syscall,
  general: generalSet.facts('eip', 'esp', 'eflags'),
  /** tcbhead_t: the dtv pointer follows the self pointer; blocks lie below it (variant II, "ELF Handling For TLS"). */
  threadLocal: { pointer: { kind: 'user-area', offset: gsBaseOffset }, dtvOffset: 4, variant: 2 },
  siginfo,
};
