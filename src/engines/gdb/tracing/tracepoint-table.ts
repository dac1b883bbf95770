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

  /** @throws OutstepError WRONG_STATE when it is defined already */
  add(definition: TracepointDefinition): Tracepoint {
    const { number, address } = definition;
    if (this.find(number, address) !== undefined) {
      const where = `0x${address.toString(16)}`;
      throw new OutstepError(
        errorCodes.WRONG_STATE,
        `tracepoint ${number} at ${where} is defined already; QTinit forgets the old ones`,
      );
    }
    const added = new Tracepoint(definition);
    const before = this.#tracepoints.filter((one) => one.address <= address);
    this.#set([...before, added, ...this.#tracepoints.slice(before.length)]);
    return added;
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
