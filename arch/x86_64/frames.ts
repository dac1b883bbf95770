/** Frames of 64-bit programs (System V psABI for AMD64, figure 3.36), and what their core files have. */
import type { CoreFileFacts, FrameFacts } from '../module.js';
import { xsaveNotes } from '../x86/xsave-layout.js';
import { floatingPointRegset } from './regsets.js';

const [rsp, rbp, rip] = [7, 6, 16];
/** uc_mcontext of `struct ucontext`, which the stack pointer is at when a handler has returned; <asm/sigcontext.h>. */
const context = 40;
/** DWARF numbers of r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, as they are in it. */
const savedOrder = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, rbp, 3, 1, 0, 2, rsp, rip];

export const frames: FrameFacts = {
  stackPointer: rsp,
  framePointer: rbp,
  programCounter: rip,
  linkRegister: undefined,
  redZoneBytes: 128,
  returnAddressMask: (1n << 64n) - 1n,
  signalTrampolines: [
    {
      // mov $15, %rax; syscall
      code: Uint8Array.of(0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05),
      registers: savedOrder.map((register, index) => [register, context + index * 8] as const),
    },
  ],
};

export const coreFile: CoreFileFacts = {
  userIdBytes: 4,
  /** NT_PRFPREG, NT_X86_XSTATE, NT_X86_SHSTK. */
  notes: ({ xsave }) => [
    floatingPointRegset,
    ...(xsave === undefined ? [] : [{ noteType: 0x202, sizeBytes: xsave.sizeBytes }]),
    { noteType: 0x204, sizeBytes: 8 },
  ],
  machineNotes: xsaveNotes,
};
