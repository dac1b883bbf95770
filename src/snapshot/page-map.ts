/** Which pages of a process are there: /proc/PID/pagemap, "pagemap" in the kernel's administration guide. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { auxvTypes, auxvValue, parseAuxv } from '../core/index.js';

/** Of this machine: AT_PAGESZ of this process's own auxiliary vector, which is of 64 bits. */
export function machinePageBytes(): number {
  const vector = new Uint8Array(readFileSync('/proc/self/auxv'));
  return Number(auxvValue(parseAuxv(vector, 8), auxvTypes.pageSize) ?? 4096n);
}

const entryBytes = 8;
/** Bits of the upper half of an entry. */
const inMemory = 0x80000000;
const swappedOut = 0x40000000;
/** The page is a file's, or shared memory. */
const ofFile = 0x20000000;

export class PageMap implements Disposable {
  /** undefined: there is none, and every page counts as there. */
  readonly #descriptor: number | undefined;
  readonly #pageBytes: number;

  constructor(pid: number, pageBytes: number) {
    this.#pageBytes = pageBytes;
    try {
      this.#descriptor = openSync(`/proc/${pid}/pagemap`, 'r');
    } catch {
      this.#descriptor = undefined;
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  /** Pages in memory or swapped out, those next to each other together. `start` and `end` are at pages. */
  present(start: bigint, end: bigint): readonly { readonly start: bigint; readonly end: bigint }[] {
    const entries = this.#entries(start, end);
    if (entries === undefined) return [{ start, end }];
    const page = BigInt(this.#pageBytes);
    const runs: { start: bigint; end: bigint }[] = [];
    let first = -1;
    for (let index = 0; index <= entries.length / 2; index++) {
      const isThere = ((entries[index * 2 + 1] ?? 0) & (inMemory | swappedOut)) !== 0;
      if (isThere && first < 0) first = index;
      if (isThere || first < 0) continue;
      runs.push({ start: start + BigInt(first) * page, end: start + BigInt(index) * page });
      first = -1;
    }
    return runs;
  }

  /** Whether a private mapping of a file has pages that were written to. */
  hasOwn(start: bigint, end: bigint): boolean {
    const entries = this.#entries(start, end);
    if (entries === undefined) return true;
    for (let index = 1; index < entries.length; index += 2) {
      const bits = entries[index] ?? 0;
      if ((bits & (inMemory | swappedOut)) !== 0 && (bits & ofFile) === 0) return true;
    }
    return false;
  }

  /** Two words each. */
  #entries(start: bigint, end: bigint): Uint32Array | undefined {
    if (this.#descriptor === undefined) return undefined;
    const page = BigInt(this.#pageBytes);
    const entries = new Uint32Array(Number((end - start) / page) * 2);
    const place = Number(start / page) * entryBytes;
    const readBytes = readSync(this.#descriptor, entries, 0, entries.byteLength, place);
    return readBytes === entries.byteLength ? entries : undefined;
  }
}
