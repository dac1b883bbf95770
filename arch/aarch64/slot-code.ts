/** What is written into slots: instructions, as they are or with another distance, and the jump back. */
import type { SlotCode, SlotPart } from '../plan.js';
import { decode, instructionBytes, textOf } from './decode.js';

/** Low bit and width of the field that holds a distance in instructions. */
interface DistanceField {
  readonly low: number;
  readonly bits: number;
}

const jumpField: DistanceField = { low: 0, bits: 26 };
const longField: DistanceField = { low: 5, bits: 19 };
const testBitField: DistanceField = { low: 5, bits: 14 };
const compareField: DistanceField = { low: 5, bits: 9 };
const jumpOpcode = 0x1400_0000;

function isTestBit(word: number): boolean {
  return (word & 0x7e00_0000) === 0x3600_0000;
}

function distanceField(word: number): DistanceField | undefined {
  switch (decode(word).kind) {
    case 'jump':
      return jumpField;
    case 'conditional':
    case 'literal':
      return longField;
    case 'test':
      return isTestBit(word) ? testBitField : longField;
    case 'compare':
      return compareField;
    default:
      return undefined;
  }
}

/** The instruction with another distance to its label, in bytes; undefined: that is out of its reach. */
export function withDistance(word: number, distance: bigint): number | undefined {
  const field = distanceField(word);
  if (field === undefined || distance % BigInt(instructionBytes) !== 0n) return undefined;
  const count = distance / BigInt(instructionBytes);
  if (BigInt.asIntN(field.bits, count) !== count) return undefined;
  const mask = (2 ** field.bits - 1) * 2 ** field.low;
  const bits = Number(BigInt.asUintN(field.bits, count)) * 2 ** field.low;
  return ((word & ~mask) | bits) >>> 0;
}

/** `b`: changes no register. */
function jump(from: bigint, to: bigint): number | undefined {
  return withDistance(jumpOpcode, BigInt.asIntN(64, to - from));
}

/** What a slot is made of, in this order. */
export interface SlotPlan {
  /** Executed where the site's instruction would be. */
  readonly words: readonly number[];
  /** How many of them a thread is at the site for, if no part says otherwise. */
  readonly siteWords: number;
  /** The first that is executed. */
  readonly entryWord: number;
  /** Places that some words stand for, by index. */
  readonly places: readonly { readonly word: number; readonly address: bigint }[];
  /** Where control goes behind the last word. */
  readonly next: bigint;
  /** Places that words branch to, by the index of the word. */
  readonly targets: ReadonlyMap<number, bigint>;
}

/** Branches inside go to a jump of their own each, behind the jump back. */
export function slotCode(plan: SlotPlan, slot: bigint): SlotCode | undefined {
  const words: (number | undefined)[] = [...plan.words];
  const parts: SlotPart[] = plan.places.map(({ word, address }) => ({
    offset: word * instructionBytes,
    address,
  }));
  const addJump = (to: bigint): void => {
    words.push(jump(slot + BigInt(words.length * instructionBytes), to));
  };
  addJump(plan.next);
  for (const [index, target] of plan.targets) {
    const distance = BigInt((words.length - index) * instructionBytes);
    words[index] = withDistance(plan.words[index] ?? 0, distance);
    parts.push({ offset: words.length * instructionBytes, address: target });
    addJump(target);
  }
  if (!words.every((word) => word !== undefined)) return undefined;
  return {
    bytes: textOf(words),
    instructionBytes: plan.siteWords * instructionBytes,
    entryOffset: plan.entryWord * instructionBytes,
    parts,
  };
}

/** A literal load moved to a slot: it still loads from its literal. */
export function literalCode(word: number, literal: bigint, next: bigint, slot: bigint): SlotCode | undefined {
  const moved = withDistance(word, BigInt.asIntN(64, literal - slot));
  return moved === undefined ? undefined : slotCode(plainSlot(moved, next), slot);
}

export function plainSlot(word: number, next: bigint): SlotPlan {
  return { words: [word], siteWords: 1, entryWord: 0, places: [], next, targets: new Map() };
}
