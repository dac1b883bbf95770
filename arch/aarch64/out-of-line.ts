/** Plans for stepping past breakpoint sites out of line. */
import type { Plan, SlotForm, Surroundings } from '../plan.js';
import { decode, instructionBytes, wordAt } from './decode.js';
import { sequenceBytes } from './exclusive-sequence.js';
import { barredBranchTypes, decide, type Located, type SlotTraits } from './out-of-line-rules.js';
import { literalCode, slotCode } from './slot-code.js';

/** An exclusive sequence is looked for in front of an instruction, and its end behind it. */
export const planReach = { fromBytes: sequenceBytes, beforeBytes: sequenceBytes } as const;

/** Room for the copies of an exclusive sequence, for as many instructions as are seen in programs. */
export const slotBytes = 48;

const nothingAround: Surroundings = { before: new Uint8Array(), isGuarded: false };

function slotForm({ word, next }: Located, { content, fixups, makesSystemCall }: SlotTraits): SlotForm {
  return {
    codeAt: (slot) =>
      content.kind === 'fixed'
        ? slotCode(content.plan, slot)
        : literalCode(word, content.address, next, slot),
    fixups,
    barredStackBits: 0n,
    makesSystemCall,
  };
}

export function plan(
  text: Uint8Array,
  address: bigint,
  { before, isGuarded }: Surroundings = nothingAround,
): Plan {
  const word = wordAt(text, 0);
  if (word === undefined || address % BigInt(instructionBytes) !== 0n)
    return { kind: 'refuse', reason: 'there is no instruction' };
  const next = address + BigInt(instructionBytes);
  const located: Located = { instruction: decode(word), word, address, next, text, before, isGuarded };
  const decision = decide(located);
  if (decision.kind === 'refuse') return decision;
  const executable = {
    lengthBytes: instructionBytes,
    operandAddress: decision.operand?.address,
    operandBytes: decision.operand?.lengthBytes ?? 0,
    barredBranchTypes: barredBranchTypes(located),
  };
  if (decision.kind === 'slot') {
    const { slot, sequence } = decision;
    return { kind: 'slot', ...executable, sequence, slot: slotForm(located, slot) };
  }
  const { effect, slot } = decision;
  return {
    kind: 'emulate',
    ...executable,
    sequence: undefined,
    effect,
    slot: slot && slotForm(located, slot),
  };
}
