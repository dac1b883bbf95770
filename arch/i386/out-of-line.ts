/** Stepping past breakpoint sites of 32-bit code. */
import type { CodeMode } from '../x86/code-mode.js';
import { flowReader, transferReader } from '../x86/flow.js';
import { planner } from '../x86/out-of-line.js';
import { generalSet } from './regsets.js';

const mode: CodeMode = {
  bits: 32,
  registerOffsets: (['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const).map(
    generalSet.offsetOf,
  ),
  flagsOffset: generalSet.offsetOf('eflags'),
  segmentBaseOffsets: new Map(),
};

export const plan = planner(mode);
export const flow = flowReader(mode);
export const transfers = transferReader(mode);
