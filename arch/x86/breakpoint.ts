/**
 * The software breakpoint: `int3`, one byte, trap reported behind it (SDM volume 3, 6.15, "Interrupt 3"). `int 3` of two
 * bytes traps alike.
 */
export const breakpoint = {
  bytes: Uint8Array.of(0xcc),
  pcOffset: 1,
  lookalikes: [{ bytes: Uint8Array.of(0xcd, 3), mask: Uint8Array.of(0xff, 0xff) }],
} as const;

/**
 * <asm-generic/siginfo.h>: SI_KERNEL from `int3`; TRAP_BRKPT from some kernels and emulators, and from a step over a system
 * call.
 */
export const trapCodes = { breakpoint: 0x80, breakpoints: [0x80, 1], callStep: 1 } as const;
