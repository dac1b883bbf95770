/** Which instructions are not simply copied into a slot. Sources: Intel SDM volume 2, AMD APM volume 3. */
import type { Effect, Fixup, FlagCondition } from '../plan.js';
import type { CodeMode } from './code-mode.js';
import { type Instruction, readSigned } from './decode.js';
import { memoryOperand } from './memory-operand.js';

/** One instruction at its place. */
export interface Located {
  readonly instruction: Instruction;
  /** Exactly the instruction. */
  readonly bytes: Uint8Array;
  readonly address: bigint;
  /** Address of the instruction behind it. */
  readonly next: bigint;
  readonly mode: CodeMode;
}

/** What is special about an instruction in a slot. */
export interface SlotTraits {
  readonly fixups: readonly Fixup[];
  readonly barredStackBits: bigint;
  readonly makesSystemCall: boolean;
  /** It leaves the address behind itself in rcx. */
  readonly recordsNext: boolean;
}

export type Decision =
  /** `slot`: for what cannot be done in the program's stead; undefined: that is refused. */
  | { readonly kind: 'emulate'; readonly effect: Effect; readonly slot: SlotTraits | undefined }
  | { readonly kind: 'slot'; readonly slot: SlotTraits }
  | { readonly kind: 'refuse'; readonly reason: string };

type Rule = (located: Located) => Decision;

const carry = 1n << 0n;
const parity = 1n << 2n;
const zero = 1n << 6n;
const sign = 1n << 7n;
const trap = 1n << 8n;
const overflow = 1n << 11n;

const counterNumber = 1;
const rexB = 1;

const plainTraits: SlotTraits = {
  fixups: [],
  barredStackBits: 0n,
  makesSystemCall: false,
  recordsNext: false,
};

function slot(traits: Partial<SlotTraits>): Decision & { readonly kind: 'slot' } {
  return { kind: 'slot', slot: { ...plainTraits, ...traits } };
}

const plainSlot = slot({});
const callSlot = slot({ fixups: ['return-address'] });

function always(decision: Decision): Rule {
  return () => decision;
}

function emulate(effect: Effect, instead?: Decision & { readonly kind: 'slot' }): Decision {
  return { kind: 'emulate', effect, slot: instead?.slot };
}

function refuse(reason: string): Decision {
  return { kind: 'refuse', reason };
}

function refusal(reason: string): Rule {
  return always(refuse(reason));
}

type ConditionTest = Pick<FlagCondition, 'anySet' | 'differ'>;

/** The tests of the eight pairs of conditions (o, b, z, be, s, p, l, le); the odd condition of a pair is the inverse. */
const conditionTests: readonly ConditionTest[] = [
  { anySet: overflow, differ: undefined },
  { anySet: carry, differ: undefined },
  { anySet: zero, differ: undefined },
  { anySet: carry | zero, differ: undefined },
  { anySet: sign, differ: undefined },
  { anySet: parity, differ: undefined },
  { anySet: 0n, differ: [sign, overflow] },
  { anySet: zero, differ: [sign, overflow] },
];

function conditionOf(opcode: number, flagsOffset: number): FlagCondition {
  const test = conditionTests[(opcode >> 1) & 7] ?? { anySet: 0n, differ: undefined };
  return { flagsOffset, anyClear: 0n, negate: (opcode & 1) === 1, ...test };
}

/** Rule for a near relative branch, given what is done with its target, and the slot for where that cannot be done. */
function relativeBranch(
  effectOf: (target: bigint, located: Located) => Effect,
  instead?: Decision & { readonly kind: 'slot' },
): Rule {
  return (located) => {
    const { instruction, bytes, next, mode } = located;
    if (instruction.prefixes.operandSize)
      return refuse('near branch with prefix 66 differs between CPUs, or cuts the pc');
    if (instruction.immediate === undefined) return refuse('branch without displacement');
    const target = BigInt.asUintN(mode.bits, next + readSigned(bytes, instruction.immediate));
    return emulate(effectOf(target, located), instead);
  };
}

const zeroFlagWanted = { 224: 'clear', 225: 'set' } as const;

/** loopne, loope, loop, jrcxz. */
function counterBranch(target: bigint, { instruction: { opcode, prefixes }, mode }: Located): Effect {
  const isLoop = opcode !== 0xe3;
  return {
    op: 'count-branch',
    target,
    counterOffset: mode.registerOffsets[counterNumber] ?? 0,
    counterBits: prefixes.addressSize ? (mode.bits === 64 ? 32 : 16) : mode.bits,
    decrement: isLoop,
    jumpWhen: isLoop ? 'non-zero' : 'zero',
    flagsOffset: mode.flagsOffset,
    zeroFlagMask: zero,
    zeroFlag: opcode === 0xe0 || opcode === 0xe1 ? zeroFlagWanted[opcode] : 'any',
  };
}

const loop = relativeBranch(counterBranch);

/** Some CPUs take the wanted zero flag from F2 or F3 where there is one, and not from the opcode (seen on AMD's). */
const conditionalLoop: Rule = (located) =>
  located.instruction.prefixes.repeat === undefined
    ? loop(located)
    : refuse('conditional loop with a repeat prefix differs between CPUs');

const pushRegister: Rule = ({ instruction: { opcode, prefixes }, mode }) => {
  const offset = mode.registerOffsets[(opcode & 7) | ((prefixes.rex & rexB) << 3)];
  if (prefixes.operandSize || offset === undefined) return plainSlot;
  return emulate({ op: 'push-register', offset }, plainSlot);
};

const pushImmediate: Rule = ({ instruction, bytes, mode }) => {
  if (instruction.prefixes.operandSize || instruction.immediate === undefined) return plainSlot;
  const value = BigInt.asUintN(mode.bits, readSigned(bytes, instruction.immediate));
  return emulate({ op: 'push-value', value }, plainSlot);
};

/** 90 is `pause` after F3, and xchg r8, rax with REX.B. */
const nop: Rule = ({ instruction: { prefixes } }) => {
  const isOther = prefixes.repeat === 0xf3 || (prefixes.rex & rexB) !== 0;
  return isOther ? plainSlot : emulate({ op: 'next' }, plainSlot);
};

const nopWithOperand: Rule = ({ instruction }) =>
  instruction.modRm?.reg === 0 ? emulate({ op: 'next' }, plainSlot) : plainSlot;

/** endbr64 and endbr32: nothing without indirect branch tracking, which user programs do not have. */
const endBranch: Rule = ({ instruction: { modRm, prefixes } }) => {
  const isEndBranch = prefixes.repeat === 0xf3 && modRm?.mod === 3 && modRm.reg === 7 && (modRm.rm & 6) === 2;
  return isEndBranch && !prefixes.operandSize ? emulate({ op: 'next' }, plainSlot) : plainSlot;
};

/** int 0x80 leaves no address behind. The program's own traps come from the slot as from their place. */
const softwareInterrupt: Rule = ({ bytes }) => slot({ makesSystemCall: bytes.at(-1) === 0x80 });

/** In 32-bit code the kernel leaves neither an address nor flags behind: it returns to a fixed place in the vDSO. */
const systemCall: Rule = ({ mode: { bits } }) =>
  slot({
    makesSystemCall: true,
    recordsNext: bits === 64,
    fixups: bits === 64 ? ['syscall-registers'] : [],
  });

const systemEntry = slot({ makesSystemCall: true });

/**
 * Were the trap flag set by it, the program's trap would come after the jump at the end of the slot. iret needs no such
 * care: it goes to where the trap belongs.
 */
const popFlags = slot({ barredStackBits: trap });

const farCall = 'far call leaves its own address on the stack, in a form that differs between CPUs';

/** Not canonical where virtual addresses have 48 bits: what happens then differs between CPUs. */
const barredTargetBits = 0xffff_8000_0000_0000n;

const indirectCall: Rule = ({ instruction, bytes, next, mode }) => {
  const { modRm, prefixes } = instruction;
  if (prefixes.operandSize) return refuse('near call with prefix 66 differs between CPUs');
  if (modRm?.mod === 3) {
    const offset = mode.registerOffsets[modRm.rm | ((prefixes.rex & rexB) << 3)];
    if (offset !== undefined) return emulate({ op: 'call-register', offset, barredTargetBits }, callSlot);
  }
  const operand = memoryOperand(instruction, bytes, next, mode);
  return operand === undefined
    ? callSlot
    : emulate({ op: 'call-memory', operand, barredTargetBits }, callSlot);
};

/** Group 5: indirect branches and push. */
const groupFive: Rule = (located) => {
  const reg = located.instruction.modRm?.reg;
  if (reg === 2) return indirectCall(located);
  return reg === 3 ? refuse(farCall) : plainSlot;
};

/** xbegin goes to the relocated address when the transaction ends in vain; a transaction may begin in a slot. */
const transaction: Rule = ({ instruction: { isRelativeBranch, prefixes } }) =>
  isRelativeBranch && prefixes.operandSize ? refuse('xbegin with a displacement of 16 bits') : plainSlot;

const groupSeven: Rule = ({ instruction: { modRm } }) =>
  modRm?.mod === 3 && modRm.reg === 2 && modRm.rm === 7 ? refuse('enclu records its own address') : plainSlot;

function span(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const conditionalJump = relativeBranch((target, { instruction, mode }) => ({
  op: 'branch',
  target,
  condition: conditionOf(instruction.opcode, mode.flagsOffset),
}));

/** Opcodes of the one-byte map; those that only 32-bit code has are known to its decoder alone. */
const oneByteRules: readonly (readonly [readonly number[], Rule])[] = [
  [span(0x50, 0x57), pushRegister],
  [[0x68, 0x6a], pushImmediate],
  [span(0x70, 0x7f), conditionalJump],
  [[0x90], nop],
  [[0x9c], always(slot({ fixups: ['pushed-flags'] }))],
  [[0x9d], always(popFlags)],
  [[0x9a], refusal(farCall)],
  [[0xc7], transaction],
  [[0xcd], softwareInterrupt],
  [[0xf1], refusal('the pc that int1 leaves differs between CPUs')],
  [[0xe0, 0xe1], conditionalLoop],
  [[0xe2, 0xe3], loop],
  [[0xe8], relativeBranch((target) => ({ op: 'call', target }), callSlot)],
  [[0xe9, 0xeb], relativeBranch((target) => ({ op: 'jump', target }))],
  [[0xff], groupFive],
];

/** Opcodes of map 0F. */
const twoByteRules: readonly (readonly [readonly number[], Rule])[] = [
  [[0x01], groupSeven],
  [[0x05], systemCall],
  [[0x34], always(systemEntry)],
  [[0x1e], endBranch],
  [[0x1f], nopWithOperand],
  [span(0x80, 0x8f), conditionalJump],
];

function index(rows: readonly (readonly [readonly number[], Rule])[]): ReadonlyMap<number, Rule> {
  return new Map(rows.flatMap(([opcodes, rule]) => opcodes.map((opcode): [number, Rule] => [opcode, rule])));
}

/** By the number of the legacy map. No VEX, EVEX or XOP instruction depends on its address but through its operand. */
const legacyRules: readonly ReadonlyMap<number, Rule>[] = [index(oneByteRules), index(twoByteRules)];

/** How an instruction is carried out, leaving its RIP-relative operand aside. */
export function decide(located: Located): Decision {
  const { encoding, map, opcode, prefixes } = located.instruction;
  const rule = encoding === 'legacy' ? legacyRules[map]?.get(opcode) : undefined;
  const decision = rule?.(located) ?? plainSlot;
  // Where lock is not allowed the instruction faults.
  return decision.kind === 'emulate' && prefixes.lock ? plainSlot : decision;
}
