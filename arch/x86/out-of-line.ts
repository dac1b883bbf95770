/** Plans for stepping past breakpoint sites out of line. */

import type { Plan, SlotForm } from '../plan.js';
import type { CodeMode } from './code-mode.js';
import { decode, maxInstructionBytes } from './decode.js';
import { decide, type Located, type SlotTraits } from './out-of-line-rules.js';
import { relativeField, slotCode } from './slot-code.js';

export const planReach = { fromBytes: maxInstructionBytes, beforeBytes: 0 } as const;

/** For an instruction, its repair and the longest jump. */
export const slotBytes = 32;

/** No operand in memory is larger. */
const widestOperandBytes = 64;

function slotForm(located: Located, traits: SlotTraits): SlotForm {
  const { fixups, barredStackBits, makesSystemCall, recordsNext } = traits;
  return {
    codeAt: (slot) => slotCode(located, recordsNext, slot),
    fixups,
    barredStackBits,
    makesSystemCall,
  };
}

/** With prefix 67 any displacement reaches, and the operand lies where no text is. */
function operandAddress(located: Located): bigint | undefined {
  const { isRipRelative, prefixes } = located.instruction;
  return isRipRelative && !prefixes.addressSize ? relativeField(located)?.target : undefined;
}

/** Plans for one kind of code: its `plan` of ArchModule. */
export function planner(mode: CodeMode): (text: Uint8Array, address: bigint) => Plan {
  return (text, address) => {
    const instruction = decode(text, mode.bits);
    if (instruction === undefined) return { kind: 'refuse', reason: 'instruction is not known' };
    const { lengthBytes } = instruction;
    const next = BigInt.asUintN(mode.bits, address + BigInt(lengthBytes));
    const located: Located = { instruction, bytes: text.slice(0, lengthBytes), address, next, mode };
    const decision = decide(located);
    if (decision.kind === 'refuse') return decision;
    const executable = {
      lengthBytes,
      operandAddress: operandAddress(located),
      operandBytes: widestOperandBytes,
      barredBranchTypes: 0,
      sequence: undefined,
    };
    const { slot } = decision;
    if (decision.kind === 'slot')
      return { kind: 'slot', ...executable, slot: slotForm(located, decision.slot) };
    const { effect } = decision;
    return { kind: 'emulate', ...executable, effect, slot: slot && slotForm(located, slot) };
  };
}
