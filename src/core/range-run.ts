/**
 * A thread that goes through a range without being stepped: it runs freely between sites of the core's own, which are
 * wherever it may leave the range or go where the code does not tell. To engines this is the same as a range step, or, where
 * the range is one instruction, as a step.
 */
import type { Flow, FlowExit } from '../../arch/flow.js';
import { isOutstepError } from '../base/errors.js';
import { address } from '../base/ids.js';
import type { NativeRange } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import type { ResumeAction } from './engine.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** What a run stands for. */
type RangeRunKind = 'step' | 'range' | 'sequence';

type RangeStep = Extract<ResumeAction, { readonly kind: 'range-step' }>;

/** Longer ranges and those with more ways out are stepped: each way out is a trap in the program. */
const longestRangeBytes = 4096n;
const mostExits = 64;
/** Flows that are kept, oldest first out. */
const mostKnownFlows = 64;

interface KnownFlow {
  readonly text: Uint8Array;
  readonly flow: Flow | undefined;
  readonly instructions: Uint8Array;
}

/** A step of its threads may last longer than the tracer, and they are to survive that. */
export function avoidsSteps({ arch, origin }: Process): boolean {
  return arch.lastingSteps !== undefined && origin === 'attached';
}

/** What is known of the ranges in one memory, and who runs through them. */
export class RangeRuns {
  readonly #space: AddressSpace;
  readonly #flows = new Map<string, KnownFlow>();
  readonly #runs = new Set<RangeRun>();

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** Puts the sites in, for a stopped thread. Undefined: the range can only be stepped through. */
  begin(thread: Thread, range: RangeStep): RangeRun | undefined {
    const known = this.#flowOf(range);
    const flow = known?.flow;
    if (known === undefined || flow === undefined || flow.exits.length > mostExits) return undefined;
    if (!flow.instructions.includes(thread.pc)) return undefined;
    const { start, end } = range;
    return this.#start(thread, { start, end, instructions: known.instructions }, flow.exits, 'range');
  }

  /** As `begin`, through the sequence that the thread is about to go into, or that it has stopped in at a site. */
  beginSequence(thread: Thread): RangeRun | undefined {
    const { sequences } = this.#space.machine.arch;
    if (sequences === undefined) return undefined;
    const start = this.#space.sites.sequenceAt(thread.pc)?.start ?? thread.pc;
    const text = this.#space.memory.read(address(start), sequences.reachBytes);
    const { end, flow } = sequences.find(text, start);
    const instructions = bitmap(flow, start, Number(end - start));
    return this.#start(thread, { start, end, instructions }, flow.exits, 'sequence');
  }

  /** Past one instruction, in the stead of a step. Undefined: it can only be stepped. */
  beginStep(thread: Thread): RangeRun | undefined {
    const { pc, process } = thread;
    const { lastingSteps } = process.arch;
    const general = thread.readRegset('general');
    if (lastingSteps === undefined || general === undefined) return undefined;
    // Inside a sequence no step must end: it is run through from its start.
    if (this.#space.sites.sequenceAt(pc) !== undefined) return undefined;
    const { instructionBytes } = lastingSteps;
    const exits = lastingSteps.exits(this.#space.memory.read(pc, instructionBytes), pc, general);
    if (exits === undefined) return undefined;
    const end = pc + BigInt(instructionBytes);
    return this.#start(thread, { start: pc, end, instructions: Uint8Array.of(1) }, exits, 'step');
  }

  #start(
    thread: Thread,
    range: NativeRange,
    exits: readonly FlowExit[],
    kind: RangeRunKind,
  ): RangeRun | undefined {
    const sites: bigint[] = [];
    const dropAll = (): void => {
      for (const site of sites) this.#space.sites.dropCheckpoint(site);
    };
    for (const exit of exits) {
      const site = this.#place(exit, thread);
      if (site === undefined) {
        dropAll();
        return undefined;
      }
      sites.push(site);
    }
    const isEnclosed = exits.every((exit) => exit.kind === 'target' && sites.includes(exit.address));
    const run = new RangeRun(thread, { ...range, isEnclosed }, kind, () => {
      this.#runs.delete(run);
      dropAll();
    });
    this.#runs.add(run);
    return run;
  }

  /** A client has written to memory: whoever runs through code that it changed must be stopped. */
  get isAny(): boolean {
    return this.#runs.size > 0;
  }

  written(address: bigint, lengthBytes: number): void {
    const end = address + BigInt(lengthBytes);
    for (const run of this.#runs) if (run.range.start < end && run.range.end > address) run.invalidate();
  }

  /** The site that watches an exit; undefined: there can be none. */
  #place(exit: FlowExit, thread: Thread): bigint | undefined {
    const isAlone = exit.kind === 'target' && thread.process.threads.size === 1 && !this.#space.isShared;
    if (this.#tryPlace(exit.address, isAlone ? undefined : thread)) return exit.address;
    const branch = exit.kind === 'target' ? exit.branch : undefined;
    return branch !== undefined && this.#tryPlace(branch, thread) ? branch : undefined;
  }

  /** `thread`: left out when nobody goes past the site. */
  #tryPlace(address: bigint, thread?: Thread): boolean {
    try {
      return this.#space.sites.addCheckpoint(address, thread);
    } catch (error) {
      if (isOutstepError(error)) return false;
      throw error;
    }
  }

  #flowOf({ start, end }: RangeStep): KnownFlow | undefined {
    const lengthBytes = end - start;
    if (lengthBytes <= 0n || lengthBytes > longestRangeBytes) return undefined;
    const text = this.#space.memory.read(start, Number(lengthBytes));
    if (text.length < lengthBytes) return undefined;
    const key = `${start}-${end}`;
    const known = this.#flows.get(key);
    if (known !== undefined && isSame(known.text, text)) return known;
    const flow = this.#space.machine.arch.flow(text, start);
    const made = { text, flow, instructions: bitmap(flow, start, text.length) };
    this.#flows.delete(key);
    this.#flows.set(key, made);
    const [oldest] = this.#flows.keys();
    if (this.#flows.size > mostKnownFlows && oldest !== undefined) this.#flows.delete(oldest);
    return made;
  }
}

export class RangeRun {
  readonly range: NativeRange;
  readonly #kind: RangeRunKind;
  readonly #thread: Thread;
  readonly #onEnd: () => void;
  #isValid = true;

  constructor(thread: Thread, range: NativeRange, kind: RangeRunKind, onEnd: () => void) {
    this.range = range;
    this.#kind = kind;
    this.#thread = thread;
    this.#onEnd = onEnd;
  }

  /** What is run through is a sequence, whatever the step is that it is part of. */
  get isOfSequence(): boolean {
    return this.#kind === 'sequence';
  }

  /** Whether it does what an engine wishes. */
  serves(action: ResumeAction): boolean {
    if (!this.#isValid) return false;
    if (this.isOfSequence) return action.kind !== 'hold' && action.kind !== 'continue';
    if (this.#kind === 'step') return action.kind === 'step' && this.#thread.pc === this.range.start;
    if (action.kind !== 'range-step') return false;
    return action.start === this.range.start && action.end === this.range.end;
  }

  /** The code is another one now: the thread stops, and goes on in another way. */
  invalidate(): void {
    this.#isValid = false;
    this.#thread.process.interrupt(this.#thread);
    this.#thread.process.tracer.schedulePump();
  }

  /** Takes the sites out that nobody else wants. */
  end(): void {
    this.#onEnd();
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function bitmap(flow: Flow | undefined, start: bigint, lengthBytes: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(lengthBytes / 8));
  for (const address of flow?.instructions ?? []) {
    const offset = Number(address - start);
    bits[offset >> 3] = (bits[offset >> 3] ?? 0) | (1 << (offset & 7));
  }
  return bits;
}
