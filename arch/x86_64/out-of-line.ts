/** Stepping past breakpoint sites of 64-bit code. */
import { littleEndian } from '../../src/base/byte-order.js';
import type { CodeMode } from '../x86/code-mode.js';
import { flowReader } from '../x86/flow.js';
import { planner, relativeJump } from '../x86/out-of-line.js';
import { type GeneralSlot, generalSet } from './regsets.js';

/** In the order of register numbers in instructions. */
const registers: readonly GeneralSlot[] = [
  ...(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'] as const),
  ...(['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const),
];

const mode: CodeMode = {
  bits: 64,
  registerOffsets: registers.map(generalSet.offsetOf),
  flagsOffset: generalSet.offsetOf('eflags'),
};

export const plan = planner(mode);
export const flow = flowReader(mode);

/** `jmp rel32`, or `jmp [rip]` with the destination behind it where that does not reach. Changes no register. */
export function jump(from: bigint, to: bigint): Uint8Array {
  return relativeJump(from, to, 64) ?? Uint8Array.of(0xff, 0x25, 0, 0, 0, 0, ...littleEndian(to, 8));
}
