/** Stepping past breakpoint sites of 64-bit code. */
import type { CodeMode } from '../x86/code-mode.js';
import { flowReader, transferReader } from '../x86/flow.js';
import { planner } from '../x86/out-of-line.js';
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
  segmentBaseOffsets: new Map([
    [0x64, generalSet.offsetOf('fs_base')],
    [0x65, generalSet.offsetOf('gs_base')],
  ]),
};

export const plan = planner(mode);
export const flow = flowReader(mode);
export const transfers = transferReader(mode);
