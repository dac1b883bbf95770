/** System calls of i386 programs: <asm/unistd_32.h> and System V psABI for i386. Offsets in the general regset. */
import { type GeneralSlot, generalSet } from './regsets.js';

const argumentSlots: readonly GeneralSlot[] = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'];

export const syscall = {
  /** CD 80, `int 0x80`. */
  instruction: Uint8Array.of(0xcd, 0x80),
  /** `int 0x80; jmp .` */
  parkingCode: Uint8Array.of(0xcd, 0x80, 0xeb, 0xfe),
  /** `int 0x80`, `sysenter`, `syscall`. */
  instructions: [Uint8Array.of(0xcd, 0x80), Uint8Array.of(0x0f, 0x34), Uint8Array.of(0x0f, 0x05)],
  numberOffset: generalSet.offsetOf('eax'),
  currentNumber: { kind: 'register', offset: generalSet.offsetOf('orig_eax') },
  argumentOffsets: argumentSlots.map(generalSet.offsetOf),
  resultOffset: generalSet.offsetOf('eax'),
  restartOffset: generalSet.offsetOf('orig_eax'),
  isRewoundEarly: false,
  endMarkOffset: undefined,
  nextAddressOffset: undefined,
  savedFlagsOffset: undefined,
  /** mmap2, whose offset counts pages; the old mmap takes its arguments in memory. */
  numbers: { mmap: 192, munmap: 91, close: 6, seccomp: 354, prctl: 172, rtSigaction: 174 },
} as const;
