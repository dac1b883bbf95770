/**
 * Which instructions are not simply copied into a slot. Source: Arm ARM C6 (base instructions), D8.4 "Branch Target
 * Identification" for what sets and checks PSTATE.BTYPE.
 */
import type { Effect, Fixup, FlagCondition, Sequence } from '../plan.js';
import { decode, type Instruction, instructionBytes, linkRegister, wordAt, zeroRegister } from './decode.js';
import { exitsOf, isRepeatable, type SequenceText, sequenceAround } from './exclusive-sequence.js';
import { flagsOffset, registerOffset } from './general-offsets.js';
import { plainSlot, type SlotPlan } from './slot-code.js';

/** One instruction at its place. */
export interface Located {
  readonly instruction: Instruction;
  readonly word: number;
  readonly address: bigint;
  readonly next: bigint;
  /** From the instruction on. */
  readonly text: Uint8Array;
  readonly before: Uint8Array;
  readonly isGuarded: boolean;
}

/** A slot's code, or that of a literal load, which depends on where the slot is. */
export type SlotContent =
  | { readonly kind: 'fixed'; readonly plan: SlotPlan }
  | { readonly kind: 'literal'; readonly address: bigint };

export interface SlotTraits {
  readonly content: SlotContent;
  readonly fixups: readonly Fixup[];
  readonly makesSystemCall: boolean;
}

export interface Operand {
  readonly address: bigint;
  readonly lengthBytes: number;
}

export type Decision =
  /** `slot`: for what cannot be done in the program's stead; undefined: that is refused. */
  | {
      readonly kind: 'emulate';
      readonly effect: Effect;
      readonly slot: SlotTraits | undefined;
      readonly operand?: Operand;
    }
  | {
      readonly kind: 'slot';
      readonly slot: SlotTraits;
      readonly operand?: Operand;
      readonly sequence?: Sequence;
    }
  | { readonly kind: 'refuse'; readonly reason: string };

const negative = 1n << 31n;
const zero = 1n << 30n;
const carry = 1n << 29n;
const overflow = 1n << 28n;

const branchTypeShift = 10n;
/** Values of PSTATE.BTYPE. */
const branchTypes = { none: 0n, linkerJump: 1n, call: 2n, guardedJump: 3n } as const;
/** Registers of veneers: a jump through them may reach what a call may. */
const veneerRegisters: ReadonlySet<number> = new Set([16, 17]);

/** The top byte of an address does not count (TBI), bit 55 says which half of the address space it is in. */
const tagBits = 0xff00_0000_0000_0000n;
const upperHalfBit = 1n << 55n;

const softwareBreakpoint = 0xd420_0000;
const halt = 0xd440_0000;

type ConditionTest = Pick<FlagCondition, 'anySet' | 'anyClear' | 'differ'>;

/** The first condition of each pair, or its inverse where `isInverse` says so; the odd one of a pair is the other. */
const conditionTests: readonly (ConditionTest & { readonly isInverse: boolean })[] = [
  { anySet: zero, anyClear: 0n, differ: undefined, isInverse: false },
  { anySet: carry, anyClear: 0n, differ: undefined, isInverse: false },
  { anySet: negative, anyClear: 0n, differ: undefined, isInverse: false },
  { anySet: overflow, anyClear: 0n, differ: undefined, isInverse: false },
  { anySet: zero, anyClear: carry, differ: undefined, isInverse: true },
  { anySet: 0n, anyClear: 0n, differ: [negative, overflow], isInverse: true },
  { anySet: zero, anyClear: 0n, differ: [negative, overflow], isInverse: true },
];

function inSlot(plan: SlotPlan, traits: Partial<SlotTraits> = {}): SlotTraits {
  return { content: { kind: 'fixed', plan }, fixups: [], makesSystemCall: false, ...traits };
}

function copied({ word, next }: Located, traits: Partial<SlotTraits> = {}): SlotTraits {
  return inSlot(plainSlot(word, next), traits);
}

function emulate(effect: Effect, slot?: SlotTraits): Decision {
  return { kind: 'emulate', effect, slot };
}

function refuse(reason: string): Decision {
  return { kind: 'refuse', reason };
}

function to(target: bigint): bigint {
  return BigInt.asUintN(64, target);
}

function conditionalJump(condition: number, target: bigint): Effect {
  const test = conditionTests[condition >> 1];
  // The last pair is "always" twice.
  if (test === undefined) return { op: 'jump', target };
  const { isInverse, ...rest } = test;
  const negate = ((condition & 1) === 1) !== isInverse;
  return { op: 'branch', target, condition: { flagsOffset, negate, ...rest } };
}

function testBranch(
  { register, mask, jumpsWhenZero }: Instruction & { readonly kind: 'test' },
  target: bigint,
): Effect {
  if (register === zeroRegister) return jumpsWhenZero ? { op: 'jump', target } : { op: 'next' };
  const jumpWhen = jumpsWhenZero ? 'zero' : 'non-zero';
  return { op: 'test-branch', target, offset: registerOffset(register), mask, jumpWhen };
}

function address(
  { register, offset, isPage }: Instruction & { readonly kind: 'address' },
  at: bigint,
): Effect {
  const base = isPage ? at & ~0xfffn : at;
  if (register === zeroRegister) return { op: 'next' };
  return { op: 'set-register', offset: registerOffset(register), value: to(base + offset) };
}

const literalBytes = { w: 4, x: 8, sw: 4, s: 4, d: 8, q: 16 } as const;

/** Vector registers are loaded by the CPU alone: through a regset the rest of an SVE register would be lost. */
function literal(
  { register, offset, form }: Instruction & { readonly kind: 'literal' },
  at: bigint,
): Decision {
  if (form === 'prefetch') return emulate({ op: 'next' });
  const operand = { address: to(at + offset), lengthBytes: literalBytes[form] };
  const slot: SlotTraits = {
    content: { kind: 'literal', address: operand.address },
    fixups: [],
    makesSystemCall: false,
  };
  const isGeneral = form === 'w' || form === 'x' || form === 'sw';
  if (!isGeneral || register === zeroRegister) return { kind: 'slot', slot, operand };
  const effect: Effect = {
    op: 'load',
    offset: registerOffset(register),
    address: operand.address,
    lengthBytes: form === 'x' ? 8 : 4,
    isSigned: form === 'sw',
  };
  return { kind: 'emulate', effect, slot, operand };
}

/** What BTYPE is behind a jump: from a slot it is as from memory that is not guarded. */
function jumpType(register: number, isGuarded: boolean): bigint {
  return isGuarded && !veneerRegisters.has(register) ? branchTypes.guardedJump : branchTypes.linkerJump;
}

function indirect(located: Located, branch: Instruction & { readonly kind: 'indirect' }): Decision {
  const { register, role, isSigned } = branch;
  // A return from a slot is one from its place, on a guarded control stack as well.
  if (role === 'return') return { kind: 'slot', slot: copied(located) };
  const isCall = role === 'call';
  const type = isCall ? branchTypes.call : jumpType(register, located.isGuarded);
  const isExactInSlot = type !== branchTypes.guardedJump;
  const slot = isExactInSlot ? copied(located, { fixups: isCall ? ['link'] : [] }) : undefined;
  if (!isSigned && register !== zeroRegister) {
    const effect: Effect = {
      op: 'jump-register',
      offset: registerOffset(register),
      ignoredTargetBits: tagBits,
      barredTargetBits: upperHalfBit,
      linkOffset: isCall ? registerOffset(linkRegister) : undefined,
      branchType: type << branchTypeShift,
    };
    return emulate(effect, slot);
  }
  if (slot === undefined) return refuse('a jump out of guarded memory is another one from a slot');
  return { kind: 'slot', slot };
}

/**
 * The first instruction of a sequence is followed by the others at their own place. Behind a stop at another one
 * everything from the first on is executed once more, which gives the same; else the store at the end would fail.
 */
function inSequence(located: Located, sequence: SequenceText): Decision {
  const { word, next, address: at } = located;
  const { start, end, bytes } = sequence;
  const bounds = { start, end };
  if (at === start) return { kind: 'slot', slot: copied(located), sequence: bounds };
  const length = Number(at - start);
  const exits = exitsOf(sequence);
  if (exits === undefined || !isRepeatable(bytes.subarray(0, length)))
    return refuse('a thread that has stopped here must do the exclusive sequence from its start');
  const words = Array.from({ length: length / instructionBytes }, (_, index) =>
    wordAt(bytes, index * instructionBytes),
  ).filter((one) => one !== undefined);
  const inCopy = [...exits].filter(([offset]) => offset <= length);
  const plan: SlotPlan = {
    words: [...words, word],
    siteWords: words.length + 1,
    entryWord: 0,
    places: [],
    next,
    targets: new Map(inCopy.map(([offset, target]) => [offset / instructionBytes, to(target)])),
  };
  return { kind: 'slot', slot: inSlot(plan), sequence: bounds };
}

/** The kernel may send a thread back to the prologue, which it takes to be right in front. */
function memoryOperation(located: Located, part: number): Decision {
  const { word, before, address: at, next } = located;
  if (part === 0) return { kind: 'slot', slot: copied(located) };
  const words: number[] = [];
  for (let index = 0; index < part; index++) {
    const previous = wordAt(before, before.length - (part - index) * instructionBytes);
    const instruction = previous === undefined ? undefined : decode(previous);
    if (previous === undefined || instruction?.kind !== 'memory-operation' || instruction.part !== index)
      return refuse('what is in front of it does not belong to it');
    words.push(previous);
  }
  const places = Array.from({ length: part + 1 }, (_, index) => ({
    word: index,
    address: at - BigInt((part - index) * instructionBytes),
  }));
  const plan = { words: [...words, word], siteWords: part + 1, entryWord: part, places, next };
  return { kind: 'slot', slot: inSlot({ ...plan, targets: new Map() }) };
}

/** Together with the instruction that it belongs to. */
function prefixed({ word, text, next }: Located): Decision {
  const second = wordAt(text, instructionBytes);
  if (second === undefined || decode(second).kind !== 'plain')
    return refuse('what is behind it does not belong to it');
  const behind = next + BigInt(instructionBytes);
  const places = [
    { word: 1, address: next },
    { word: 2, address: behind },
  ];
  const plan = { words: [word, second], siteWords: 1, entryWord: 0, places, next: behind };
  return { kind: 'slot', slot: inSlot({ ...plan, targets: new Map() }) };
}

/** Executed as it is, where not every CPU has it. */
function relocatedBranch({ word, next }: Located, target: bigint): Decision {
  return { kind: 'slot', slot: inSlot({ ...plainSlot(word, next), targets: new Map([[0, target]]) }) };
}

function isSignModifier(before: Uint8Array): boolean {
  const previous = wordAt(before, before.length - instructionBytes);
  return previous !== undefined && decode(previous).kind === 'sign-modifier';
}

function byKind(located: Located): Decision {
  const { instruction, address: at } = located;
  switch (instruction.kind) {
    case 'plain':
    case 'exception':
    case 'load-exclusive':
    case 'store-exclusive':
      return { kind: 'slot', slot: copied(located) };
    case 'system-call':
      return { kind: 'slot', slot: copied(located, { makesSystemCall: true }) };
    case 'nop':
      return emulate({ op: 'next' });
    case 'landing':
      return instruction.isNop ? emulate({ op: 'next' }) : { kind: 'slot', slot: copied(located) };
    case 'jump': {
      const target = to(at + instruction.offset);
      if (!instruction.isCall) return emulate({ op: 'jump', target });
      return emulate({ op: 'link', target, linkOffset: registerOffset(linkRegister) });
    }
    case 'conditional':
      if (instruction.isHinted) return relocatedBranch(located, to(at + instruction.offset));
      return emulate(conditionalJump(instruction.condition, to(at + instruction.offset)));
    case 'test':
      return emulate(testBranch(instruction, to(at + instruction.offset)));
    case 'compare':
      return relocatedBranch(located, to(at + instruction.offset));
    case 'address':
      return emulate(address(instruction, at));
    case 'literal':
      return literal(instruction, at);
    case 'indirect':
      return indirect(located, instruction);
    case 'memory-operation':
      return memoryOperation(located, instruction.part);
    case 'prefix':
      return prefixed(located);
    case 'signs-address':
    case 'sign-modifier':
      return refuse('its address is one of its operands');
    case 'transaction':
      return refuse('a transaction ends when it is debugged');
    case 'unknown-branch':
      return refuse('instruction is not known');
  }
}

export function decide(located: Located): Decision {
  if (isSignModifier(located.before)) return refuse('its address is one of its operands');
  const sequence = sequenceAround(located.before, located.text, located.address);
  return sequence === undefined ? byKind(located) : inSequence(located, sequence);
}

/** The values of BTYPE, as a set of bits, with which the instruction faults in guarded memory. BRK and HLT never do. */
export function barredBranchTypes({ instruction, word, isGuarded }: Located): number {
  const exceptionClass = (word & 0xffe0_001f) >>> 0;
  if (!isGuarded || exceptionClass === softwareBreakpoint || exceptionClass === halt) return 0;
  return 0b1110 & ~(instruction.kind === 'landing' ? instruction.targets : 0);
}
