/** Frames (DWARF for the Arm 64-bit Architecture, section 4.1), and what core files have, <linux/elf.h>. */
import type { CoreFileFacts, FrameFacts } from '../module.js';
import { pcOffset, registerBytes, registerOffset, spOffset } from './general-offsets.js';
import { regsets } from './regsets.js';

const [framePointer, linkRegister, stackPointer, programCounter] = [29, 30, 31, 32];
/** In struct rt_sigframe siginfo_t, uc_mcontext and in that fault_address come before what is laid out as the regset. */
const saved = 128 + 176 + 8;

export const frames: FrameFacts = {
  stackPointer,
  framePointer,
  programCounter,
  linkRegister,
  redZoneBytes: 0,
  /** Programs get larger addresses only if they ask for them; signatures are above. */
  returnAddressMask: (1n << 48n) - 1n,
  signalTrampolines: [
    {
      // mov x8, #139; svc #0
      code: Uint8Array.of(0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4),
      registers: [
        ...Array.from({ length: 31 }, (_, index) => [index, saved + registerOffset(index)] as const),
        [stackPointer, saved + spOffset],
        [programCounter, saved + pcOffset],
      ],
    },
  ],
};

/** Of pointer authentication: `struct user_pac_address_keys` has four, <asm/ptrace.h>. */
const keyBytes = 16;

const debugRegistersBytes = 8 + 16 * 16;

export const coreFile: CoreFileFacts = {
  userIdBytes: 4,
  notes: () => [
    regsets.floatingPoint,
    regsets.threadPointers,
    // NT_ARM_HW_BREAK, NT_ARM_HW_WATCH
    { noteType: 0x402, sizeBytes: debugRegistersBytes },
    { noteType: 0x403, sizeBytes: debugRegistersBytes },
    regsets.floatingPointMode,
    regsets.systemCall,
    regsets.scalable,
    regsets.streaming,
    regsets.za,
    regsets.zt,
    regsets.pointerMasks,
    // NT_ARM_PAC_ENABLED_KEYS, NT_ARM_PACA_KEYS, NT_ARM_PACG_KEYS
    { noteType: 0x40a, sizeBytes: registerBytes },
    { noteType: 0x407, sizeBytes: 4 * keyBytes },
    { noteType: 0x408, sizeBytes: keyBytes },
    regsets.tagControl,
    regsets.guardedStack,
  ],
  machineNotes: () => [],
};
