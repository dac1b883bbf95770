/** Memory of a process as clients see it: the original bytes under every breakpoint site, whoever inserted it. */

import { errorCodes, OutstepError } from '../base/errors.js';
import { type Address, address } from '../base/ids.js';
import type { NativeSearch } from '../native/binding-types.js';

/** Memory as it is, sites included. Both return how many bytes were transferred, from the start. */
export interface RawMemory {
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, bytes: Uint8Array): number;
}

export interface BatchMemory extends RawMemory {
  /** Of each range from its start, `lengths` of them read into `into`, one behind the other as they were asked for. */
  readRanges(addresses: BigUint64Array, lengths: Uint32Array, into: Uint8Array): void;
  /** Each range in turn; `bytes` has them one behind the other, and `lengths` are afterwards those written. */
  writeRanges(addresses: BigUint64Array, lengths: Uint32Array, bytes: Uint8Array): void;
}

/** A stretch of memory to be read. */
export interface ReadRange {
  readonly address: Address;
  readonly lengthBytes: number;
}

/** Bytes to be written. */
export interface WriteRange {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** Looks for bytes, with the original ones under sites, for some milliseconds. */
export type FindBytes = (address: bigint, lengthBytes: bigint, pattern: Uint8Array) => NativeSearch;

/** A stretch of original bytes that lies under an inserted site. */
export interface Shadow {
  readonly address: bigint;
  readonly original: Uint8Array;
  /** What stands in memory in its place, as long as the mapping is the one that the site was set in. */
  readonly trap: Uint8Array;
}

export interface ShadowSource {
  /** Shadows that overlap [address, address + lengthBytes). */
  shadowsWithin(address: bigint, lengthBytes: number): Iterable<Shadow>;
  /** The original bytes of a shadow were written to. */
  originalChanged(shadow: Shadow): void;
  /** Bytes were written. */
  written(address: bigint, lengthBytes: number): void;
}

/** The memory of a process as its program has it: without our breakpoints. Addresses and lengths in bytes. */
export class Memory {
  readonly #raw: BatchMemory;
  readonly #shadows: ShadowSource;
  readonly #addressMask: bigint;
  /** A search goes on from where it is unfinished; `pattern` is not empty. @internal */
  readonly find: FindBytes;

  /** Addresses are cut to `addressMask`. @internal */
  constructor(raw: BatchMemory, shadows: ShadowSource, addressMask: bigint, find: FindBytes) {
    this.#addressMask = addressMask;
    this.find = (tagged, lengthBytes, pattern) => find(tagged & addressMask, lengthBytes, pattern);
    this.#raw = raw;
    this.#shadows = shadows;
  }

  /** What can be read from the start: shorter than asked, even empty, where the mapping ends. */
  read(address: Address, lengthBytes: number): Uint8Array {
    return this.readInto(address, new Uint8Array(lengthBytes));
  }

  /** As `read`: fills `bytes` as far as it can, and returns that part. */
  readInto(tagged: Address, bytes: Uint8Array): Uint8Array {
    const address = this.#plain(tagged);
    const count = this.#raw.read(address, bytes);
    const readable = count === bytes.length ? bytes : bytes.subarray(0, count);
    for (const shadow of this.#shadows.shadowsWithin(address, count)) {
      if (shows(readable, address, shadow)) overlay(readable, address, shadow.original, shadow.address);
    }
    return readable;
  }

  /** As `read`, for many ranges in a few system calls; each is as long as could be read of it. */
  readMany(ranges: readonly ReadRange[]): Uint8Array[] {
    const addresses = BigUint64Array.from(ranges, (range) => this.#plain(range.address));
    const lengths = Uint32Array.from(ranges, ({ lengthBytes }) => lengthBytes);
    const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    this.#raw.readRanges(addresses, lengths, bytes);
    const shadows = this.#shadowsOf(addresses, ranges);
    let start = 0;
    return ranges.map(({ lengthBytes }, index) => {
      const read = bytes.subarray(start, start + (lengths[index] ?? 0));
      const at = address(addresses[index] ?? 0n);
      start += lengthBytes;
      for (const shadow of shadows)
        if (shows(read, at, shadow)) overlay(read, at, shadow.original, shadow.address);
      return read;
    });
  }

  /** As `readExact` for many ranges in one native call: a MEMORY error in the place of each that cannot all be read. */
  readManyExact(ranges: readonly ReadRange[]): (Uint8Array | OutstepError)[] {
    return this.readMany(ranges).map((bytes, index) => {
      const { address, lengthBytes = 0 } = ranges[index] ?? {};
      const isWhole = address === undefined || bytes.length === lengthBytes;
      return isWhole ? bytes : memoryError('read', address, lengthBytes, bytes.length);
    });
  }

  /** All that lie between the lowest and the highest of the ranges. */
  #shadowsOf(addresses: BigUint64Array, ranges: readonly ReadRange[]): readonly Shadow[] {
    let [low = 0n] = addresses;
    let high = low;
    for (const [index, at] of addresses.entries()) {
      const end = at + BigInt(ranges[index]?.lengthBytes ?? 0);
      if (at < low) low = at;
      if (end > high) high = end;
    }
    return [...this.#shadows.shadowsWithin(low, Number(high - low))];
  }

  /** @throws OutstepError MEMORY when not every byte can be read. */
  readExact(address: Address, lengthBytes: number): Uint8Array {
    const bytes = this.read(address, lengthBytes);
    if (bytes.length === lengthBytes) return bytes;
    throw memoryError('read', address, lengthBytes, bytes.length);
  }

  /**
   * Writes all, read-only pages included. Under a site the original bytes change and the site stays.
   * @throws OutstepError MEMORY when not every byte can be written.
   */
  write(tagged: Address, bytes: Uint8Array): void {
    const address = this.#plain(tagged);
    const shadows = this.#shadowsInMemory(address, bytes);
    const count = this.#raw.write(address, withTraps(address, bytes, shadows));
    if (count !== bytes.length) throw memoryError('write', address, bytes.length, count);
    this.#noteWritten(address, bytes, shadows);
  }

  /**
   * As `write` for many, in turn and in one native call: for each undefined, or its MEMORY error. What was written of such a
   * one, from its start, stays written.
   */
  writeMany(writes: readonly WriteRange[]): (OutstepError | undefined)[] {
    const plain = writes.map(({ address, bytes }) => {
      const at = this.#plain(address);
      return { at, bytes, shadows: this.#shadowsInMemory(at, bytes) };
    });
    const lengths = Uint32Array.from(plain, ({ bytes }) => bytes.length);
    const all = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    let end = 0;
    for (const { at, bytes, shadows } of plain) {
      all.set(withTraps(at, bytes, shadows), end);
      end += bytes.length;
    }
    this.#raw.writeRanges(
      BigUint64Array.from(plain, ({ at }) => at),
      lengths,
      all,
    );
    return plain.map(({ at, bytes, shadows }, index) => {
      const count = lengths[index] ?? 0;
      if (count !== bytes.length) return memoryError('write', at, bytes.length, count);
      this.#noteWritten(at, bytes, shadows);
      return undefined;
    });
  }

  #shadowsInMemory(address: Address, bytes: Uint8Array): readonly Shadow[] {
    const within = [...this.#shadows.shadowsWithin(address, bytes.length)];
    return within.filter((shadow) => this.#isInMemory(shadow));
  }

  #noteWritten(address: Address, bytes: Uint8Array, shadows: readonly Shadow[]): void {
    for (const shadow of shadows) {
      overlay(shadow.original, shadow.address, bytes, address);
      this.#shadows.originalChanged(shadow);
    }
    this.#shadows.written(address, bytes.length);
  }

  #plain(tagged: Address): Address {
    return address(tagged & this.#addressMask);
  }

  #isInMemory(shadow: Shadow): boolean {
    const now = new Uint8Array(shadow.trap.length);
    return this.#raw.read(shadow.address, now) === now.length && shows(now, shadow.address, shadow);
  }
}

/** Whether the trap of `shadow` stands in the bytes read at `address`, as far as the two overlap. */
function shows(bytes: Uint8Array, address: bigint, shadow: Shadow): boolean {
  const shift = Number(shadow.address - address);
  return shadow.trap.every((byte, index) => (bytes[shift + index] ?? byte) === byte);
}

/** Copies the part of `source` (at `sourceAddress`) that lies inside `target` (at `targetAddress`). */
function overlay(target: Uint8Array, targetAddress: bigint, source: Uint8Array, sourceAddress: bigint): void {
  const shift = Number(sourceAddress - targetAddress);
  const first = Math.max(0, -shift);
  const last = Math.min(source.length, target.length - shift);
  if (last > first) target.set(source.subarray(first, last), shift + first);
}

/** What is to stand in memory for `bytes`. */
function withTraps(address: Address, bytes: Uint8Array, shadows: readonly Shadow[]): Uint8Array {
  if (shadows.length === 0) return bytes;
  const actual = bytes.slice();
  for (const shadow of shadows) overlay(actual, address, shadow.trap, shadow.address);
  return actual;
}

function memoryError(what: string, address: bigint, lengthBytes: number, done: number): OutstepError {
  const at = `0x${(address + BigInt(done)).toString(16)}`;
  return new OutstepError(
    errorCodes.MEMORY,
    `cannot ${what} ${lengthBytes} bytes of memory: no access at ${at}`,
  );
}
