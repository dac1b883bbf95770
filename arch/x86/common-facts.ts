/** What is the same for 32-bit and 64-bit programs on x86-64 Linux. */
import type { ArchModule } from '../module.js';
import { breakpoint, trapCodes } from './breakpoint.js';
import { debugRegisters } from './debug-registers.js';
import { trapFlag } from './general-regset.js';
import { planReach, slotBytes } from './out-of-line.js';

export const commonFacts = {
  isDescribedUnasked: false,
  breakpoint,
  trapCodes,
  instructionAlignment: 1,
  addressMask: (1n << 64n) - 1n,
  hasCoherentText: true,
  lastingSteps: undefined,
  debugRegisters,
  planReach,
  slotBytes,
  sequences: undefined,
  guardedMemory: undefined,
  guardedStack: () => undefined,
  taggedMemory: () => undefined,
  returnMark: () => trapFlag,
} as const satisfies Partial<ArchModule>;
