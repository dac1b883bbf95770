/**
 * The software breakpoint: `int3`, one byte, trap reported behind it (SDM volume 3, 6.15, "Interrupt 3"). `int 3` of two
 * bytes traps alike.
 */
export const breakpoint = {
  bytes: Uint8Array.of(0xcc),
  pcOffset: 1,
  lookalikes: [Uint8Array.of(0xcd, 3)],
} as const;

/** si_code values, <asm-generic/siginfo.h>: SI_KERNEL from `int3`; TRAP_BRKPT from some kernels and emulators. */
export const breakpointTrapCodes = [0x80, 1] as const;
