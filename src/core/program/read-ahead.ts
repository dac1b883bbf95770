/**
 * Memory of a program read in large pieces, for walks over its data structures: what is asked for next usually lies
 * near. It shows the program as it was when a piece was first read, so it lives no longer than one question does.
 */
import { type Address, address } from '../../base/ids.js';
import type { ProgramMemory } from './program-reader.js';

/** No mapping is smaller on the supported machines, so a page is there as a whole or not at all. */
const pageBytes = 4096;
const pagesPerRead = 16;

export class ReadAhead implements ProgramMemory {
  readonly #memory: ProgramMemory;
  /** By number; empty: it cannot be read. */
  readonly #pages = new Map<bigint, Uint8Array>();

  constructor(memory: ProgramMemory) {
    this.#memory = memory;
  }

  read(at: Address, lengthBytes: number): Uint8Array {
    const offset = Number(at % BigInt(pageBytes));
    const first = at / BigInt(pageBytes);
    if (offset + lengthBytes <= pageBytes) {
      return this.#page(first).subarray(offset, offset + lengthBytes);
    }
    const bytes = new Uint8Array(lengthBytes);
    let done = 0;
    for (let number = first; done < lengthBytes; number += 1n) {
      const page = this.#page(number);
      const part = page.subarray(done === 0 ? offset : 0).subarray(0, lengthBytes - done);
      bytes.set(part, done);
      done += part.length;
      if (page.length < pageBytes) break;
    }
    return bytes.subarray(0, done);
  }

  #page(number: bigint): Uint8Array {
    const known = this.#pages.get(number);
    if (known !== undefined) return known;
    const start = number * BigInt(pageBytes);
    const room = (2n ** 64n - start) / BigInt(pageBytes);
    const count = room < BigInt(pagesPerRead) ? Number(room) : pagesPerRead;
    const bytes = this.#memory.read(address(start), count * pageBytes);
    this.#pages.set(number, bytes.subarray(0, pageBytes));
    for (let page = 1; (page + 1) * pageBytes <= bytes.length; page += 1) {
      this.#pages.set(number + BigInt(page), bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
    }
    return this.#pages.get(number) ?? bytes;
  }
}
