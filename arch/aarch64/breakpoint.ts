/**
 * The software breakpoint: `brk #0`, at which the pc stays. Linux makes SIGTRAP of `brk` with any operand (Arm
 * Architecture Reference Manual, C6.2, "BRK").
 */
export const breakpoint = {
  bytes: Uint8Array.of(0x00, 0x00, 0x20, 0xd4),
  pcOffset: 0,
  lookalikes: [{ bytes: Uint8Array.of(0x00, 0x00, 0x20, 0xd4), mask: Uint8Array.of(0x1f, 0x00, 0xe0, 0xff) }],
} as const;

/** <asm-generic/siginfo.h>: TRAP_BRKPT; SI_USER, from nobody, where a step over a system call ends. */
export const trapCodes = { breakpoint: 1, breakpoints: [1], callStep: 0 } as const;
