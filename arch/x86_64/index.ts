/** x86-64 Linux, 64-bit programs. */
import type { ArchModule } from '../module.js';
import { commonFacts } from '../x86/common-facts.js';
import { coreFile, frames } from './frames.js';
import { orphanHandler } from './orphan-handler.js';
import { flow, plan, transfers } from './out-of-line.js';
import { registerFile } from './register-file.js';
import { generalSet } from './regsets.js';
import { syscall } from './syscalls.js';

export const x86_64: ArchModule = {
  ...commonFacts,
  name: 'x86_64',
  target: 'x86_64-pc',
  /** EM_X86_64, ELFCLASS64: <elf.h>. */
  elfMachine: 62,
  elfClass: 2,
  pointerBytes: 8,
  registerFile,
  plan,
  flow,
  transfers,
  syscall,
  general: generalSet.facts('rip', 'rsp', 'eflags'),
  /** struct rt_sigframe: return address, then struct ucontext with uc_mcontext from 40 on, <asm/ucontext.h>, <asm/sigcontext.h>. */
  signalFrames: [{ pcOffset: 8 + 40 + 16 * 8, flagsOffset: 8 + 40 + 17 * 8 }],
  /** tcbhead_t: the dtv pointer follows the self pointer; blocks lie below it (variant II, "ELF Handling For TLS"). */
  threadLocal: { pointer: { kind: 'register' }, dtvOffset: 8, variant: 2 },
  frames,
  orphanHandler,
  coreFile,
  siginfo: undefined,
  /** System V Application Binary Interface, AMD64 supplement, 3.2.2 and 3.2.3. */
  functionCall: {
    argumentOffsets: (['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'] as const).map(generalSet.offsetOf),
    resultOffset: generalSet.offsetOf('rax'),
    stackAlignmentBytes: 16,
    redZoneBytes: 128,
  },
};
