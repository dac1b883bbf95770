/** Stepping past breakpoint sites of 32-bit code. */
import type { CodeMode } from '../x86/code-mode.js';
import { flowReader } from '../x86/flow.js';
import { planner, relativeJump } from '../x86/out-of-line.js';
import { generalSet } from './regsets.js';

const mode: CodeMode = {
  bits: 32,
  registerOffsets: (['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const).map(
    generalSet.offsetOf,
  ),
  flagsOffset: generalSet.offsetOf('eflags'),
};

export const plan = planner(mode);
export const flow = flowReader(mode);

/** `jmp rel32`. */
export function jump(from: bigint, to: bigint): Uint8Array | undefined {
  return relativeJump(from, to, mode.bits);
}
