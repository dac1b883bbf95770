/** Memory of a process as clients see it: the original bytes under every breakpoint site, whoever inserted it. */

import { errorCodes, OutstepError } from '../base/errors.js';
import { type Address, address } from '../base/ids.js';
import type { NativeSearch } from '../native/binding-types.js';

/** Memory as it is, sites included. Both return how many bytes were transferred, from the start. */
export interface RawMemory {
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, bytes: Uint8Array): number;
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

export class Memory {
  readonly #raw: RawMemory;
  readonly #shadows: ShadowSource;
  readonly #addressMask: bigint;
  /** A search goes on from where it is unfinished; `pattern` is not empty. */
  readonly find: FindBytes;

  /** Addresses are cut to `addressMask`. */
  constructor(raw: RawMemory, shadows: ShadowSource, addressMask: bigint, find: FindBytes) {
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
    const shadows = [...this.#shadows.shadowsWithin(address, bytes.length)].filter((shadow) =>
      this.#isInMemory(shadow),
    );
    const actual = shadows.length === 0 ? bytes : bytes.slice();
    for (const shadow of shadows) overlay(actual, address, shadow.trap, shadow.address);
    const count = this.#raw.write(address, actual);
    if (count !== bytes.length) throw memoryError('write', address, bytes.length, count);
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

function memoryError(what: string, address: bigint, lengthBytes: number, done: number): OutstepError {
  const at = `0x${(address + BigInt(done)).toString(16)}`;
  return new OutstepError(
    errorCodes.MEMORY,
    `cannot ${what} ${lengthBytes} bytes of memory: no access at ${at}`,
  );
}
