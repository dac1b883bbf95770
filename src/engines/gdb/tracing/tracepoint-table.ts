/** The tracepoint locations that are defined, in order of address; those at one address in order of definition. */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import type { Address } from '../../../base/ids.js';
import { Tracepoint, type TracepointDefinition } from './tracepoint.js';

export class TracepointTable {
  #tracepoints: readonly Tracepoint[] = [];
  #byAddress: ReadonlyMap<bigint, readonly Tracepoint[]> = new Map();

  get all(): readonly Tracepoint[] {
    return this.#tracepoints;
  }

  at(address: bigint): readonly Tracepoint[] {
    return this.#byAddress.get(address) ?? [];
  }

  find(number: number, address: Address): Tracepoint | undefined {
    return this.at(address).find((one) => one.number === number);
  }

  /** @throws OutstepError WRONG_STATE when there is none */
  require(number: number, address: Address): Tracepoint {
    const found = this.find(number, address);
    if (found !== undefined) return found;
    throw new OutstepError(errorCodes.WRONG_STATE, `no tracepoint ${number} at 0x${address.toString(16)}`);
  }

  /**
   * A tracepoint without actions yet. It replaces one of the same number and address, whose counts go on: GDB sends
   * them again during a run when the program has loaded a library.
   */
  define(definition: TracepointDefinition): Tracepoint {
    const { number, address } = definition;
    const defined = new Tracepoint(definition);
    const former = this.find(number, address);
    if (former !== undefined) {
      defined.hitCount = former.hitCount;
      defined.usageBytes = former.usageBytes;
      this.#set(this.#tracepoints.map((one) => (one === former ? defined : one)));
      return defined;
    }
    const before = this.#tracepoints.filter((one) => one.address <= address);
    this.#set([...before, defined, ...this.#tracepoints.slice(before.length)]);
    return defined;
  }

  remove(tracepoint: Tracepoint): void {
    this.#set(this.#tracepoints.filter((one) => one !== tracepoint));
  }

  clear(): void {
    this.#set([]);
  }

  #set(tracepoints: readonly Tracepoint[]): void {
    this.#tracepoints = tracepoints;
    const byAddress = new Map<bigint, Tracepoint[]>();
    for (const one of tracepoints) {
      const there = byAddress.get(one.address);
      if (there === undefined) byAddress.set(one.address, [one]);
      else there.push(one);
    }
    this.#byAddress = byAddress;
  }
}
