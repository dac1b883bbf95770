/** The flow of control through a stretch of code, read from its first byte to its last. */
import { type Flow, type FlowExit, transferKinds } from '../flow.js';
import type { CodeMode } from './code-mode.js';
import { decode, type Instruction, maxInstructionBytes } from './decode.js';
import { decide } from './out-of-line-rules.js';

/** Opcodes of the one-byte map: far transfers, returns and interrupts. */
const oneByteLeaving: ReadonlySet<number> = new Set([
  ...[0x9a, 0xc2, 0xc3, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xea, 0xf1],
]);
/** Opcodes of map 0F: transfers to the system, which may not come back to the next instruction (rt_sigreturn(2)). */
const twoByteLeaving: ReadonlySet<number> = new Set([0x05, 0x07, 0x34, 0x35, 0xaa]);
const groupFive = 0xff;
/** Members of it: inc, dec and push. */
const groupFiveStaying: ReadonlySet<number | undefined> = new Set([0, 1, 6]);

/** uiret: 0F 01 EC after F3. */
function isUiret({ map, opcode, modRm, prefixes }: Instruction): boolean {
  const isGroup = map === 1 && opcode === 1 && prefixes.repeat === 0xf3;
  return isGroup && modRm?.mod === 3 && modRm.reg === 5 && modRm.rm === 4;
}

/** Whether control may go elsewhere than the instruction's displacement and its length say. */
function leavesSequence(instruction: Instruction): boolean {
  const { encoding, map, opcode, modRm } = instruction;
  if (encoding !== 'legacy') return false;
  if (isUiret(instruction)) return true;
  if (map === 0 && opcode === groupFive) return !groupFiveStaying.has(modRm?.reg);
  return (map === 0 && oneByteLeaving.has(opcode)) || (map === 1 && twoByteLeaving.has(opcode));
}

/** What an instruction does to the flow of control; undefined: not known, or not to be run freely. */
interface Step {
  readonly next: bigint;
  /** Whether control may go on with `next`. */
  readonly fallsThrough: boolean;
  readonly target: bigint | undefined;
  readonly isUnknown: boolean;
}

function stepAt(text: Uint8Array, address: bigint, mode: CodeMode): Step | undefined {
  const instruction = decode(text, mode.bits);
  if (instruction === undefined) return undefined;
  const { lengthBytes } = instruction;
  const next = BigInt.asUintN(mode.bits, address + BigInt(lengthBytes));
  const bytes = text.subarray(0, lengthBytes);
  const decision = decide({ instruction, bytes, address, next, mode });
  if (decision.kind === 'refuse') return undefined;
  // popf may make the CPU trap; a branch in a slot is xbegin, or faults.
  const isOther =
    decision.kind === 'slot' && (decision.slot.barredStackBits !== 0n || instruction.isRelativeBranch);
  if (isOther) return undefined;
  const unknown: Step = { next, fallsThrough: false, target: undefined, isUnknown: true };
  const sequential: Step = { next, fallsThrough: true, target: undefined, isUnknown: false };
  if (leavesSequence(instruction)) return unknown;
  if (decision.kind === 'slot') return sequential;
  const { effect } = decision;
  switch (effect.op) {
    case 'next':
    case 'push-register':
    case 'push-value':
      return sequential;
    case 'branch':
    case 'count-branch':
      return { ...sequential, target: effect.target };
    case 'jump':
    case 'call':
      return { ...sequential, fallsThrough: false, target: effect.target };
    default:
      return unknown;
  }
}

/** Collects what is learnt of one stretch while it is read from the start. */
class FlowCollector {
  readonly #start: bigint;
  readonly #end: bigint;
  readonly #instructions: bigint[] = [];
  readonly #inside = new Set<bigint>();
  readonly #exits = new Map<bigint, FlowExit>();

  constructor(start: bigint, end: bigint) {
    this.#start = start;
    this.#end = end;
  }

  isInside(at: bigint): boolean {
    return at >= this.#start && at < this.#end;
  }

  add(at: bigint, { target, fallsThrough, isUnknown }: Step): void {
    this.#instructions.push(at);
    if (target !== undefined && this.isInside(target)) this.#inside.add(target);
    else if (target !== undefined && fallsThrough) this.#addTarget(target, at);
    else if (isUnknown || target !== undefined) this.#exits.set(at, { kind: 'instruction', address: at });
  }

  /** Control may go on behind the end. */
  addEnd(at: bigint): void {
    this.#addTarget(at, undefined);
  }

  /** Undefined: a branch goes into the middle of what was taken for an instruction. */
  flow(): Flow | undefined {
    const known = new Set(this.#instructions);
    if (![...this.#inside].every((target) => known.has(target))) return undefined;
    return { instructions: this.#instructions, exits: [...this.#exits.values()] };
  }

  #addTarget(address: bigint, branch: bigint | undefined): void {
    this.#exits.set(address, { kind: 'target', address, branch });
  }
}

/** `flow` of ArchModule for one kind of code. */
export function flowReader(mode: CodeMode): (text: Uint8Array, start: bigint) => Flow | undefined {
  return (text, start) => {
    const found = new FlowCollector(start, start + BigInt(text.length));
    let at = start;
    let fallsThrough = true;
    while (found.isInside(at)) {
      const step = stepAt(text.subarray(Number(at - start)), at, mode);
      if (step === undefined) return undefined;
      found.add(at, step);
      ({ next: at, fallsThrough } = step);
    }
    if (fallsThrough) found.addEnd(at);
    return found.flow();
  };
}

/** jmp, with a displacement of either size. */
const jumps: ReadonlySet<number> = new Set([0xe9, 0xeb]);
const nearCall = 0xe8;

function transferOf(instruction: Instruction): number {
  if (leavesSequence(instruction)) return transferKinds.always;
  if (!instruction.isRelativeBranch) return transferKinds.never;
  const { map, opcode } = instruction;
  const isAlways = map === 0 && (jumps.has(opcode) || opcode === nearCall);
  return isAlways ? transferKinds.always : transferKinds.maybe;
}

/** `transfers` of ArchModule for one kind of code. */
export function transferReader(mode: CodeMode): (text: Uint8Array) => Uint8Array {
  return (text) => {
    const kinds = new Uint8Array(text.length);
    for (let at = 0; at < text.length; ) {
      const rest = text.subarray(at);
      const instruction = decode(rest, mode.bits);
      if (instruction === undefined) {
        if (at > 0 && rest.length < maxInstructionBytes) return kinds.subarray(0, at);
        kinds[at] = transferKinds.always;
        return kinds.subarray(0, at + 1);
      }
      const kind = transferOf(instruction);
      kinds[at] = kind;
      at += instruction.lengthBytes;
      if (kind === transferKinds.always) return kinds.subarray(0, at);
    }
    return kinds;
  };
}
