/** Plans for stepping past breakpoint sites of x86-64 programs out of line. */
import type { Plan } from '../plan.js';
import { decode, type Field, readSigned } from './decode.js';
import { decide, type Located } from './out-of-line-rules.js';

function fitsSigned32(value: bigint): boolean {
  return BigInt.asIntN(32, value) === value;
}

function littleEndian(value: bigint, lengthBytes: number): Uint8Array {
  const mask = 0xffn;
  return Uint8Array.from({ length: lengthBytes }, (_, byte) => Number((value >> BigInt(8 * byte)) & mask));
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

/**
 * How to step past a site at `address`. `text` are the original bytes from there on: up to 15, fewer only where the
 * readable memory ends.
 */
export function plan(text: Uint8Array, address: bigint): Plan {
  const instruction = decode(text);
  if (instruction === undefined) return { kind: 'refuse', reason: 'instruction is not known' };
  const { lengthBytes } = instruction;
  const next = BigInt.asUintN(64, address + BigInt(lengthBytes));
  const located: Located = { instruction, bytes: text.slice(0, lengthBytes), address, next };
  const decision = decide(located);
  switch (decision.kind) {
    case 'refuse':
      return decision;
    case 'emulate':
      return { ...decision, lengthBytes };
    case 'slot':
      return { ...decision, lengthBytes, ...operandOf(located) };
  }
}

/** `jmp rel32`, or `jmp [rip]` with the destination behind it where that does not reach. Changes no register. */
export function jump(from: bigint, to: bigint): Uint8Array {
  const relative = BigInt.asIntN(64, to - (from + 5n));
  if (fitsSigned32(relative)) return Uint8Array.of(0xe9, ...littleEndian(relative, 4));
  return Uint8Array.of(0xff, 0x25, 0, 0, 0, 0, ...littleEndian(to, 8));
}
