/** Conditions that native code evaluates at a hit, so that a hit that nobody records costs no JavaScript. */
import type { Tracepoint } from './tracepoint.js';

/** Opcodes of agent expressions ("Bytecode Descriptions" in the GDB manual). */
const getVariable = 0x2c;
const setVariable = 0x2d;
const timestampNumber = 1;

/**
 * The conditions of which one must hold (or fail) for a hit at the address of these tracepoints to be told; empty: every
 * hit is. They are evaluated once more for each tracepoint that may record, so they must not change anything.
 */
export function nativeConditions(tracepoints: readonly Tracepoint[]): readonly Uint8Array[] {
  const conditions: Uint8Array[] = [];
  for (const { condition } of tracepoints) {
    if (condition === undefined || !canBeRepeated(condition)) return [];
    conditions.push(condition);
  }
  return conditions;
}

/** Says no for some that could: bytes of constants are taken for opcodes. */
function canBeRepeated(program: Uint8Array): boolean {
  if (program.includes(setVariable)) return false;
  return !program.some(
    (op, at) => op === getVariable && program[at + 1] === 0 && program[at + 2] === timestampNumber,
  );
}
