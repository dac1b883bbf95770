/** The flow of control through a stretch of code, read from its first byte to its last. */
import { type Flow, type FlowExit, transferKinds } from '../flow.js';
import { decode, type Instruction, instructionBytes, wordAt } from './decode.js';
import { sequenceAt } from './exclusive-sequence.js';

/** What an instruction does to the flow of control; undefined: not known, or not to be run freely. */
interface Step {
  /** Whether control may go on with the next instruction. */
  readonly fallsThrough: boolean;
  readonly target: bigint | undefined;
  readonly isUnknown: boolean;
}

const sequential: Step = { fallsThrough: true, target: undefined, isUnknown: false };
const unknown: Step = { fallsThrough: false, target: undefined, isUnknown: true };

function stepOf(instruction: Instruction, at: bigint): Step | undefined {
  switch (instruction.kind) {
    case 'jump':
      return { fallsThrough: false, target: at + instruction.offset, isUnknown: false };
    case 'conditional':
    case 'test':
    case 'compare':
      return { ...sequential, target: at + instruction.offset };
    case 'indirect':
    case 'exception':
    // It may be rt_sigreturn(2).
    case 'system-call':
      return unknown;
    case 'signs-address':
    case 'transaction':
    case 'unknown-branch':
      return undefined;
    default:
      return sequential;
  }
}

const literalBytes = { w: 4, x: 8, sw: 4, s: 4, d: 8, q: 16, prefetch: 0 } as const;

/** Collects what is learnt of one stretch while it is read from the start. */
class FlowCollector {
  readonly #start: bigint;
  readonly #end: bigint;
  readonly #instructions: bigint[] = [];
  readonly #exits = new Map<bigint, FlowExit>();
  readonly #literals: { readonly start: bigint; readonly end: bigint }[] = [];
  /** Behind the last exclusive sequence: nothing must stop a thread inside it. */
  #sequenceEnd = 0n;

  constructor(start: bigint, end: bigint) {
    this.#start = start;
    this.#end = end;
  }

  /** False: what is there must not be run freely. */
  add(text: Uint8Array, at: bigint): boolean {
    const word = wordAt(text, 0);
    if (word === undefined) return false;
    const instruction = decode(word);
    const step = stepOf(instruction, at);
    if (step === undefined || !this.#mayBegin(instruction, text, at)) return false;
    this.#instructions.push(at);
    if (instruction.kind === 'literal') {
      const start = at + instruction.offset;
      this.#literals.push({ start, end: start + BigInt(literalBytes[instruction.form]) });
    }
    this.#addExits(step, at);
    if (at + BigInt(instructionBytes) === this.#end && step.fallsThrough)
      this.#addTarget(this.#end, undefined);
    return true;
  }

  #addExits({ target, fallsThrough, isUnknown }: Step, at: bigint): void {
    if (target !== undefined && target >= this.#start && target < this.#end) return;
    if (target !== undefined && fallsThrough)
      this.#addTarget(target, at < this.#sequenceEnd ? undefined : at);
    else if (isUnknown || target !== undefined) this.#exits.set(at, { kind: 'instruction', address: at });
  }

  /** Undefined: what is loaded as data would be taken for an instruction that leaves. */
  flow(): Flow | undefined {
    const exits = [...this.#exits.values()];
    const isData = ({ address }: FlowExit): boolean =>
      this.#literals.some(({ start, end }) => address + BigInt(instructionBytes) > start && address < end);
    return exits.some(isData) ? undefined : { instructions: this.#instructions, exits };
  }

  /** A sequence that does not end in the stretch would be left in its middle. */
  #mayBegin(instruction: Instruction, text: Uint8Array, at: bigint): boolean {
    if (instruction.kind !== 'load-exclusive') return true;
    const extent = sequenceAt(text);
    if (extent.kind === 'found') this.#sequenceEnd = at + BigInt(extent.lengthBytes);
    return extent.kind !== 'cut';
  }

  #addTarget(address: bigint, branch: bigint | undefined): void {
    this.#exits.set(address, { kind: 'target', address, branch });
  }
}

/** `flow` of ArchModule. */
export function flow(text: Uint8Array, start: bigint): Flow | undefined {
  if (start % BigInt(instructionBytes) !== 0n) return undefined;
  const found = new FlowCollector(start, start + BigInt(text.length));
  for (let offset = 0; offset < text.length; offset += instructionBytes)
    if (!found.add(text.subarray(offset), start + BigInt(offset))) return undefined;
  return found.flow();
}

function transferOf({ kind }: Instruction): number {
  switch (kind) {
    case 'jump':
    case 'indirect':
    case 'exception':
    case 'system-call':
      return transferKinds.always;
    case 'conditional':
    case 'test':
    case 'compare':
    // Returns are among them.
    case 'signs-address':
    case 'transaction':
    case 'unknown-branch':
      return transferKinds.maybe;
    default:
      return transferKinds.never;
  }
}

/** `transfers` of ArchModule. */
export function transfers(text: Uint8Array): Uint8Array {
  const kinds = new Uint8Array(text.length - (text.length % instructionBytes));
  for (let at = 0; at < kinds.length; at += instructionBytes) {
    const kind = transferOf(decode(wordAt(text, at) ?? 0));
    kinds[at] = kind;
    if (kind === transferKinds.always) return kinds.subarray(0, at + instructionBytes);
  }
  return kinds;
}
