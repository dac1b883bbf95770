/** What is written into slots: relocated instructions, repairs, and the jump back. */

import { littleEndian } from '../../src/base/byte-order.js';
import type { SlotCode } from '../plan.js';
import type { CodeBits } from './code-mode.js';
import { type Field, readSigned } from './decode.js';
import type { Located } from './out-of-line-rules.js';

function fitsSigned32(value: bigint): boolean {
  return BigInt.asIntN(32, value) === value;
}

/** A number in an instruction that is relative to the instruction's end. */
interface RelativeField {
  readonly field: Field;
  readonly target: bigint;
  /** Width of the sum: it is taken modulo 2 to this power. */
  readonly bits: CodeBits;
}

export function relativeField({ instruction, bytes, next, mode }: Located): RelativeField | undefined {
  const { displacement, immediate, isRipRelative, isRelativeBranch, prefixes } = instruction;
  const field = isRipRelative ? displacement : isRelativeBranch ? immediate : undefined;
  if (field === undefined) return undefined;
  const bits = isRipRelative && prefixes.addressSize ? 32 : mode.bits;
  return { field, bits, target: BigInt.asUintN(bits, next + readSigned(bytes, field)) };
}

function relocate(located: Located, slot: bigint): Uint8Array | undefined {
  const { bytes } = located;
  const relative = relativeField(located);
  if (relative === undefined) return bytes;
  const { field, target, bits } = relative;
  const displacement = BigInt.asIntN(bits, target - slot - BigInt(bytes.length));
  if (field.lengthBytes < 4 || !fitsSigned32(displacement)) return undefined;
  const relocated = bytes.slice();
  relocated.set(littleEndian(displacement, field.lengthBytes), field.offset);
  return relocated;
}

/**
 * `jmp rel32`, or `jmp [rip + n]` through the destination behind it where that does not reach. Changes no register. The
 * destination lies at a multiple of 8: the program may have its alignment checked.
 */
function jump(from: bigint, to: bigint, bits: CodeBits): Uint8Array {
  // In 32-bit code it always reaches: addresses are modulo 2^32.
  const displacement = BigInt.asIntN(bits, to - (from + 5n));
  if (fitsSigned32(displacement)) return Uint8Array.of(0xe9, ...littleEndian(displacement, 4));
  const gap = Number(-(from + 6n) & 7n);
  return Uint8Array.of(0xff, 0x25, gap, 0, 0, 0, ...new Uint8Array(gap), ...littleEndian(to, 8));
}

/** `mov rcx, next`: flags stay. */
function loadNext(next: bigint): Uint8Array {
  return Uint8Array.of(0x48, 0xb9, ...littleEndian(next, 8));
}

/**
 * The code of a slot for an instruction; undefined when its operand cannot be reached. `recordsNext`: the instruction
 * leaves the address behind itself in rcx.
 */
export function slotCode(located: Located, recordsNext: boolean, slot: bigint): SlotCode | undefined {
  const { next, mode } = located;
  const instruction = relocate(located, slot);
  if (instruction === undefined) return undefined;
  const repair = recordsNext ? loadNext(next) : new Uint8Array();
  const behind = slot + BigInt(instruction.length + repair.length);
  return {
    bytes: Uint8Array.of(...instruction, ...repair, ...jump(behind, next, mode.bits)),
    instructionBytes: instruction.length,
    entryOffset: 0,
    parts: [],
  };
}
