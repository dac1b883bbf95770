/** Which instructions are not simply copied into a slot. Sources: Intel SDM volume 2, AMD APM volume 3. */
import type { Effect, Fixup, FlagCondition } from '../plan.js';
import type { CodeMode } from './code-mode.js';
import { type Instruction, readSigned } from './decode.js';

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

export type Decision =
  | { readonly kind: 'emulate'; readonly effect: Effect }
  | { readonly kind: 'slot'; readonly fixups: readonly Fixup[] }
  | { readonly kind: 'refuse'; readonly reason: string };

type Rule = (located: Located) => Decision;

const carry = 1n << 0n;
const parity = 1n << 2n;
const zero = 1n << 6n;
const sign = 1n << 7n;
const overflow = 1n << 11n;

const counterNumber = 1;
const rexB = 1;

const plainSlot: Decision = { kind: 'slot', fixups: [] };

function emulate(effect: Effect): Decision {
  return { kind: 'emulate', effect };
}

function slotWith(...fixups: readonly Fixup[]): Rule {
  const decision: Decision = { kind: 'slot', fixups };
  return () => decision;
}

function refuse(reason: string): Decision {
  return { kind: 'refuse', reason };
}

function refusal(reason: string): Rule {
  const decision = refuse(reason);
  return () => decision;
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

/** Rule for a near relative branch, given what is done with its target. */
function relativeBranch(effectOf: (target: bigint, located: Located) => Effect): Rule {
  return (located) => {
    const { instruction, bytes, next, mode } = located;
    if (instruction.prefixes.operandSize)
      return refuse('near branch with prefix 66 differs between CPUs, or cuts the pc');
    if (instruction.immediate === undefined) return refuse('branch without displacement');
    const target = BigInt.asUintN(mode.bits, next + readSigned(bytes, instruction.immediate));
    return emulate(effectOf(target, located));
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
    counterBits: prefixes.addressSize ? 32 : mode.bits,
    decrement: isLoop,
    jumpWhen: isLoop ? 'non-zero' : 'zero',
    flagsOffset: mode.flagsOffset,
    zeroFlagMask: zero,
    zeroFlag: opcode === 0xe0 || opcode === 0xe1 ? zeroFlagWanted[opcode] : 'any',
  };
}

const countedBranch = relativeBranch(counterBranch);

const loop: Rule = (located) =>
  located.mode.bits === 32 && located.instruction.prefixes.addressSize
    ? refuse('loop over a 16-bit counter')
    : countedBranch(located);

/** Some CPUs take the wanted zero flag from F2 or F3 where there is one, and not from the opcode (seen on AMD's). */
const conditionalLoop: Rule = (located) =>
  located.instruction.prefixes.repeat === undefined
    ? loop(located)
    : refuse('conditional loop with a repeat prefix differs between CPUs');

const pushRegister: Rule = ({ instruction: { opcode, prefixes }, mode }) => {
  const offset = mode.registerOffsets[(opcode & 7) | ((prefixes.rex & rexB) << 3)];
  if (prefixes.operandSize || offset === undefined) return plainSlot;
  return emulate({ op: 'push-register', offset });
};

const pushImmediate: Rule = ({ instruction, bytes, mode }) => {
  if (instruction.prefixes.operandSize || instruction.immediate === undefined) return plainSlot;
  const value = BigInt.asUintN(mode.bits, readSigned(bytes, instruction.immediate));
  return emulate({ op: 'push-value', value });
};

/** 90 is `pause` after F3, and xchg r8, rax with REX.B. */
const nop: Rule = ({ instruction: { prefixes } }) => {
  const isOther = prefixes.repeat === 0xf3 || (prefixes.rex & rexB) !== 0;
  return isOther ? plainSlot : emulate({ op: 'next' });
};

const nopWithOperand: Rule = ({ instruction }) =>
  instruction.modRm?.reg === 0 ? emulate({ op: 'next' }) : plainSlot;

/** endbr64 and endbr32: nothing without indirect branch tracking, which user programs do not have. */
const endBranch: Rule = ({ instruction: { modRm, prefixes } }) => {
  const isEndBranch = prefixes.repeat === 0xf3 && modRm?.mod === 3 && modRm.reg === 7 && (modRm.rm & 6) === 2;
  return isEndBranch && !prefixes.operandSize ? emulate({ op: 'next' }) : plainSlot;
};

/** int 0x80 may block, which a step that holds the other threads must not; it leaves no address behind. */
const softwareInterrupt: Rule = ({ bytes }) =>
  bytes.at(-1) === 0x80 ? plainSlot : refuse('software interrupt belongs to the program');

/** In 32-bit code the kernel leaves neither an address nor flags behind: it returns to a fixed place in the vDSO. */
const systemCall: Rule = ({ mode }) =>
  mode.bits === 64 ? { kind: 'slot', fixups: ['syscall-registers'] } : plainSlot;

/** As `systemCall`; 64-bit code has no use for it. */
const systemEntry: Rule = ({ mode }) => (mode.bits === 64 ? refuse('system transfer') : plainSlot);

const farTransfer = 'far transfer may change the mode of the CPU';

/** Group 5: indirect branches and push. */
const groupFive: Rule = ({ instruction: { modRm, prefixes } }) => {
  const reg = modRm?.reg;
  if (reg === 3 || reg === 5) return refuse(farTransfer);
  if (reg !== 2) return plainSlot;
  if (prefixes.operandSize) return refuse('near call with prefix 66 differs between CPUs');
  return { kind: 'slot', fixups: ['return-address'] };
};

const transaction: Rule = ({ instruction }) =>
  instruction.isRelativeBranch ? refuse('a debug trap aborts the transaction') : plainSlot;

/** enclu leaves the address behind itself in rcx; uiret returns as iret does. */
const groupSeven: Rule = ({ instruction: { modRm, prefixes } }) => {
  if (modRm?.mod !== 3) return plainSlot;
  if (modRm.reg === 2 && modRm.rm === 7) return refuse('enclu records its own address');
  const isUiret = modRm.reg === 5 && modRm.rm === 4 && prefixes.repeat === 0xf3;
  if (isUiret) return refuse('return from a user interrupt');
  return plainSlot;
};

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
  [[0x9c], slotWith('pushed-flags')],
  // Were the trap flag set by it, the program's trap would come after the jump at the end of the slot.
  [[0x9d], refusal('popf may set the trap flag')],
  [[0xc7], transaction],
  [[0x9a, 0xca, 0xcb, 0xcf, 0xea], refusal(farTransfer)],
  [[0xcc, 0xce, 0xf1], refusal('trap belongs to the program')],
  [[0xcd], softwareInterrupt],
  [[0xe0, 0xe1], conditionalLoop],
  [[0xe2, 0xe3], loop],
  [[0xe8], relativeBranch((target) => ({ op: 'call', target }))],
  [[0xe9, 0xeb], relativeBranch((target) => ({ op: 'jump', target }))],
  [[0xff], groupFive],
];

/** Opcodes of map 0F. */
const twoByteRules: readonly (readonly [readonly number[], Rule])[] = [
  [[0x01], groupSeven],
  [[0x05], systemCall],
  [[0x34], systemEntry],
  [[0x07, 0x35, 0xaa], refusal('system transfer')],
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
  return decision.kind === 'emulate' && prefixes.lock ? refuse('lock is not allowed here') : decision;
}
