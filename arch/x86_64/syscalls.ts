/** System calls of x86-64: System V psABI for AMD64, A.2.1, and <asm/unistd_64.h>. Offsets in the general regset. */
import { type GeneralSlot, generalSet } from './regsets.js';

const argumentSlots: readonly GeneralSlot[] = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];

export const syscall = {
  /** 0F 05, `syscall`. */
  instruction: Uint8Array.of(0x0f, 0x05),
  /** `syscall; jmp .` */
  parkingCode: Uint8Array.of(0x0f, 0x05, 0xeb, 0xfe),
  /** `syscall`, `sysenter`, `int 0x80`. */
  instructions: [Uint8Array.of(0x0f, 0x05), Uint8Array.of(0x0f, 0x34), Uint8Array.of(0xcd, 0x80)],
  numberOffset: generalSet.offsetOf('rax'),
  currentNumber: { kind: 'register', offset: generalSet.offsetOf('orig_rax') },
  argumentOffsets: argumentSlots.map(generalSet.offsetOf),
  resultOffset: generalSet.offsetOf('rax'),
  restartOffset: generalSet.offsetOf('orig_rax'),
  isRewoundEarly: false,
  endMarkOffset: undefined,
  nextAddressOffset: generalSet.offsetOf('rcx'),
  savedFlagsOffset: generalSet.offsetOf('r11'),
  numbers: { mmap: 9, munmap: 11, close: 3, seccomp: 317, prctl: 157, rtSigaction: 13 },
} as const;
