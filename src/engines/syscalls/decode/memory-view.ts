/** Memory of a program as decoders read it: what cannot be read is missing, never an error. */

/** As many bytes as can be read from the start. */
export type ReadMemory = (address: bigint, lengthBytes: number) => Uint8Array;

const pageBytes = 4096;
/** Most strings are shorter. */
const firstBytes = 256;

export class MemoryView {
  readonly #read: ReadMemory;

  constructor(read: ReadMemory) {
    this.#read = read;
  }

  /** undefined: not all of it can be read. */
  exact(address: bigint, lengthBytes: number): Uint8Array | undefined {
    if (lengthBytes === 0) return new Uint8Array();
    if (address === 0n || lengthBytes < 0) return undefined;
    const bytes = this.#read(address, lengthBytes);
    return bytes.length === lengthBytes ? bytes : undefined;
  }

  /** What can be read from the start. */
  upTo(address: bigint, lengthBytes: number): Uint8Array {
    return this.#read(address, lengthBytes);
  }

  /**
   * The bytes in front of the first zero, and whether there was one among the first `most`; undefined: it cannot be read so far.
   */
  string(address: bigint, most: number): { bytes: Uint8Array; isWhole: boolean } | undefined {
    if (address === 0n) return undefined;
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const at = address + BigInt(length);
      const toPageEnd = pageBytes - Number(at % BigInt(pageBytes));
      const wanted = Math.min(most - length, toPageEnd, length === 0 ? firstBytes : pageBytes);
      const bytes = this.#read(at, wanted);
      if (bytes.length === 0) return undefined;
      const end = bytes.indexOf(0);
      parts.push(end < 0 ? bytes : bytes.subarray(0, end));
      length += end < 0 ? bytes.length : end;
      if (end >= 0) return { bytes: joined(parts, length), isWhole: true };
    }
    return { bytes: joined(parts, length), isWhole: false };
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
