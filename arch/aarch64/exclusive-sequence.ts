/**
 * Sequences from a load-exclusive to its store-exclusive. Any exception between the two makes the store fail, so a thread
 * that stops there at every pass makes no headway. Source: Arm ARM B2.9 "Synchronization and semaphores".
 */
import type { Flow } from '../flow.js';
import type { SequenceFinder } from '../module.js';
import type { Sequence } from '../plan.js';
import { decode, instructionBytes, loadExclusivePatterns, wordAt } from './decode.js';
import { registersOf } from './register-use.js';

/** A sequence with its instructions. */
export interface SequenceText extends Sequence {
  readonly bytes: Uint8Array;
}

/** Longer ones are not meant to work, and none was seen. */
const mostInstructions = 16;

export const sequenceBytes = mostInstructions * instructionBytes;

/** Instructions behind which control does not simply go on, but to a label. */
function branchOffset(word: number): bigint | undefined {
  const instruction = decode(word);
  switch (instruction.kind) {
    case 'conditional':
    case 'test':
    case 'compare':
      return instruction.offset;
    default:
      return undefined;
  }
}

/** Whether a sequence may go on behind an instruction. */
function mayBeInside(word: number): boolean {
  switch (decode(word).kind) {
    case 'plain':
    case 'nop':
    case 'landing':
    case 'conditional':
    case 'test':
    case 'compare':
    case 'address':
    case 'literal':
    case 'prefix':
      return true;
    default:
      return false;
  }
}

/** Bytes from a load-exclusive at the start of a text to behind its store. */
type Extent =
  | { readonly kind: 'found'; readonly lengthBytes: number }
  | { readonly kind: 'none' }
  /** The text ends before it is known. */
  | { readonly kind: 'cut' };

const none: Extent = { kind: 'none' };

export function sequenceAt(text: Uint8Array): Extent {
  const first = wordAt(text, 0);
  if (first === undefined || decode(first).kind !== 'load-exclusive') return none;
  for (let offset = instructionBytes; offset < sequenceBytes; offset += instructionBytes) {
    const word = wordAt(text, offset);
    if (word === undefined) return { kind: 'cut' };
    if (decode(word).kind === 'store-exclusive')
      return { kind: 'found', lengthBytes: offset + instructionBytes };
    if (!mayBeInside(word)) return none;
  }
  return none;
}

/** The sequence that has `address` inside, given the text around it. */
export function sequenceAround(
  before: Uint8Array,
  text: Uint8Array,
  address: bigint,
): SequenceText | undefined {
  const around = Uint8Array.of(...before, ...text);
  const reach = Math.min(before.length, sequenceBytes - instructionBytes);
  for (let distance = 0; distance <= reach; distance += instructionBytes) {
    const offset = before.length - distance;
    const word = wordAt(around, offset);
    if (word === undefined) return undefined;
    if (distance > 0 && decode(word).kind === 'store-exclusive') return undefined;
    if (decode(word).kind !== 'load-exclusive') continue;
    const extent = sequenceAt(around.subarray(offset));
    if (extent.kind !== 'found' || extent.lengthBytes <= distance) return undefined;
    const start = address - BigInt(distance);
    const bytes = around.slice(offset, offset + extent.lengthBytes);
    return { start, end: start + BigInt(bytes.length), bytes };
  }
  return undefined;
}

/** The branches of a sequence that leave it, by their offset, with their targets; undefined: one stays inside. */
export function exitsOf({ bytes, start, end }: SequenceText): ReadonlyMap<number, bigint> | undefined {
  const exits = new Map<number, bigint>();
  for (let offset = 0; offset < bytes.length; offset += instructionBytes) {
    const distance = branchOffset(wordAt(bytes, offset) ?? 0);
    if (distance === undefined) continue;
    const target = BigInt.asUintN(64, start + BigInt(offset) + distance);
    if (target > start && target < end) return undefined;
    exits.set(offset, target);
  }
  return exits;
}

/**
 * Whether the instructions of a text give the same when they are executed once more, with what they left in the registers:
 * none of them changes what one of them was given.
 */
export function isRepeatable(text: Uint8Array): boolean {
  let given = 0n;
  let written = 0n;
  for (let offset = 0; offset + instructionBytes <= text.length; offset += instructionBytes) {
    const use = registersOf(wordAt(text, offset) ?? 0);
    if (use === undefined) return false;
    given |= use.read & ~written;
    written |= use.written;
  }
  return (given & written) === 0n;
}

/** `find` of SequenceFinder: a load-exclusive without a store behind it is a sequence by itself. */
function find(text: Uint8Array, start: bigint): Sequence & { readonly flow: Flow } {
  const extent = sequenceAt(text);
  const bytes = text.subarray(0, extent.kind === 'found' ? extent.lengthBytes : instructionBytes);
  const end = start + BigInt(bytes.length);
  const instructions = Array.from(
    { length: bytes.length / instructionBytes },
    (_, index) => start + BigInt(index * instructionBytes),
  );
  const targets = new Set([end]);
  instructions.forEach((at, index) => {
    const distance = branchOffset(wordAt(bytes, index * instructionBytes) ?? 0);
    const target = distance === undefined ? end : BigInt.asUintN(64, at + distance);
    if (target < start || target >= end) targets.add(target);
  });
  const exits = [...targets].map((address) => ({ kind: 'target', address, branch: undefined }) as const);
  return { start, end, flow: { instructions, exits } };
}

export const sequences: SequenceFinder = { starts: loadExclusivePatterns, reachBytes: sequenceBytes, find };
