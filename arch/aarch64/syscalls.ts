/** System calls of aarch64: syscall(2) and <asm-generic/unistd.h>. Offsets in the general regset. */
import { registerOffset } from './general-offsets.js';
import { regsets } from './regsets.js';

/** `svc #0`. */
const instruction = Uint8Array.of(0x01, 0x00, 0x00, 0xd4);

export const syscall = {
  instruction,
  /** `svc #0; b .` */
  parkingCode: Uint8Array.of(...instruction, 0x00, 0x00, 0x00, 0x14),
  instructions: [instruction],
  numberOffset: registerOffset(8),
  currentNumber: { kind: 'regset', noteType: regsets.systemCall.noteType },
  argumentOffsets: [0, 1, 2, 3, 4, 5].map(registerOffset),
  resultOffset: registerOffset(0),
  /** A stop behind a call that is to be made again has undone the call; with another pc the kernel forgets of it. */
  restartOffset: undefined,
  isRewoundEarly: true,
  /** 0 on the way in, 1 on the way out. */
  endMarkOffset: registerOffset(7),
  nextAddressOffset: undefined,
  savedFlagsOffset: undefined,
  numbers: { mmap: 222, munmap: 215, close: 57, seccomp: 277, prctl: 167, rtSigaction: 134 },
} as const;
