/** Frames of 32-bit programs (System V psABI for i386, figure 2.14), and what their core files have. */
import type { CoreFileFacts, FrameFacts } from '../module.js';
import { xsaveNotes } from '../x86/xsave-layout.js';
import { floatingPointRegset } from './regsets.js';

export const frames: FrameFacts = {
  stackPointer: 4,
  framePointer: 5,
  programCounter: 8,
  linkRegister: undefined,
  redZoneBytes: 0,
  returnAddressMask: (1n << 32n) - 1n,
  // The kernel's own trampolines have call frame information.
  signalTrampolines: [],
};

export const coreFile: CoreFileFacts = {
  userIdBytes: 2,
  /** NT_PRFPREG, NT_PRXFPREG, NT_X86_XSTATE, NT_386_TLS. */
  notes: ({ xsave }) => [
    { noteType: 2, sizeBytes: 108 },
    floatingPointRegset,
    ...(xsave === undefined ? [] : [{ noteType: 0x202, sizeBytes: xsave.sizeBytes }]),
    { noteType: 0x200, sizeBytes: 3 * 16 },
  ],
  machineNotes: xsaveNotes,
};
