/** Places in the general regset, struct user_pt_regs of <asm/ptrace.h>: x0 to x30, sp, pc, pstate. */
export const registerBytes = 8;

/** Of x0 to x30. */
export function registerOffset(number: number): number {
  return number * registerBytes;
}

export const spOffset = 31 * registerBytes;
export const pcOffset = 32 * registerBytes;
export const flagsOffset = 33 * registerBytes;
