/**
 * Steps over whole blocks: from one taken branch to the next. The kernel has a request for that on some machines
 * (PTRACE_SINGLEBLOCK), which is not used: where the CPU cannot do it, in a virtual machine for example, it steps single
 * instructions and does not say so. Native code steps instead, and is told here which instructions may be branches.
 */
import { address } from '../base/ids.js';
import type { NativeRange } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import { sameBytes } from './step-plans.js';

/** How far a block is looked at at once. */
const stretchBytes = 128;
/** Stretches that are kept, oldest first out. */
const mostKnownStretches = 512;

interface KnownStretch {
  readonly text: Uint8Array;
  readonly transfers: Uint8Array;
}

/** What is known of the blocks in one memory. */
export class Blocks {
  readonly #space: AddressSpace;
  readonly #known = new Map<bigint, KnownStretch>();

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** For the step of a thread that stands at `pc`. */
  stretchAt(pc: bigint): NativeRange {
    const { transfers } = this.#stretch(pc);
    return { start: pc, end: pc + BigInt(transfers.length), transfers };
  }

  #stretch(start: bigint): KnownStretch {
    const text = this.#space.memory.read(address(start), stretchBytes);
    const known = this.#known.get(start);
    if (known !== undefined && sameBytes(known.text, text)) return known;
    const made = { text, transfers: this.#space.machine.arch.transfers(text) };
    this.#known.delete(start);
    this.#known.set(start, made);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnownStretches && oldest !== undefined) this.#known.delete(oldest);
    return made;
  }
}
