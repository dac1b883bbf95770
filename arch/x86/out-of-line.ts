/** Plans for stepping past breakpoint sites out of line. */

import { littleEndian } from '../../src/base/byte-order.js';
import type { Plan } from '../plan.js';
import type { CodeBits, CodeMode } from './code-mode.js';
import { decode, type Field, readSigned } from './decode.js';
import { decide, type Located } from './out-of-line-rules.js';

function fitsSigned32(value: bigint): boolean {
  return BigInt.asIntN(32, value) === value;
}

interface Operand {
  readonly operandAddress: bigint | undefined;
  readonly relocate: (slot: bigint) => Uint8Array | undefined;
}

/** With prefix 67 the sum is taken modulo 2^32, so that any displacement reaches. */
function ripRelativeOperand({ instruction, bytes, next }: Located, field: Field): Operand {
  const { addressSize } = instruction.prefixes;
  const target = BigInt.asUintN(addressSize ? 32 : 64, next + readSigned(bytes, field));
  return {
    operandAddress: addressSize ? undefined : target,
    relocate: (slot) => {
      const displacement = BigInt.asIntN(addressSize ? 32 : 64, target - slot - BigInt(bytes.length));
      if (!fitsSigned32(displacement)) return undefined;
      const relocated = bytes.slice();
      relocated.set(littleEndian(displacement, field.lengthBytes), field.offset);
      return relocated;
    },
  };
}

function operandOf(located: Located): Operand {
  const { displacement, isRipRelative } = located.instruction;
  if (isRipRelative && displacement !== undefined) return ripRelativeOperand(located, displacement);
  return { operandAddress: undefined, relocate: () => located.bytes.slice() };
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
    switch (decision.kind) {
      case 'refuse':
        return decision;
      case 'emulate':
        return { ...decision, lengthBytes };
      case 'slot':
        return { ...decision, lengthBytes, ...operandOf(located) };
    }
  };
}

/** `jmp rel32`; undefined where that does not reach. In 32-bit code it always does: addresses are modulo 2^32. */
export function relativeJump(from: bigint, to: bigint, bits: CodeBits): Uint8Array | undefined {
  const displacement = BigInt.asIntN(bits, to - (from + 5n));
  return fitsSigned32(displacement) ? Uint8Array.of(0xe9, ...littleEndian(displacement, 4)) : undefined;
}
