/** The address of an instruction's memory operand, computed from the general registers. Source: Intel SDM volume 2 chapter 2. */
import type { MemoryOperand } from '../plan.js';
import type { CodeMode } from './code-mode.js';
import { type Instruction, readSigned } from './decode.js';

const scales = [1, 2, 4, 8] as const;
const rexX = 2;
const rexB = 1;

/**
 * Undefined: there is none, or it depends on more than the general registers (the segments fs and gs of 32-bit code)
 * or has 16-bit addressing. `next` is the address of the instruction behind it.
 */
export function memoryOperand(
  instruction: Instruction,
  bytes: Uint8Array,
  next: bigint,
  mode: CodeMode,
): MemoryOperand | undefined {
  const { modRm, sib, prefixes, displacement, isRipRelative } = instruction;
  if (modRm === undefined || modRm.mod === 3) return undefined;
  if (mode.bits === 32 && prefixes.addressSize) return undefined;
  const { segment = 0 } = prefixes;
  const segmentBaseOffset = mode.segmentBaseOffsets.get(segment);
  if ((segment === 0x64 || segment === 0x65) && segmentBaseOffset === undefined) return undefined;
  const isAbsolute = modRm.mod === 0 && (sib === undefined ? modRm.rm === 5 : sib.base === 5);
  const base = (sib?.base ?? modRm.rm) | ((prefixes.rex & rexB) << 3);
  const index = sib && sib.index | ((prefixes.rex & rexX) << 2);
  const distance = displacement === undefined ? 0n : readSigned(bytes, displacement);
  return {
    baseOffset: isAbsolute ? undefined : mode.registerOffsets[base],
    // Number 4 stands for none.
    indexOffset: index === undefined || index === 4 ? undefined : mode.registerOffsets[index],
    segmentBaseOffset,
    scale: scales[sib?.scale ?? 0] ?? 1,
    displacement: BigInt.asUintN(64, isRipRelative ? next + distance : distance),
    bits: mode.bits === 64 && !prefixes.addressSize ? 64 : 32,
  };
}
