/** Reads the numbers and texts of ELF and DWARF, little-endian, one after the other. */

const decoder = new TextDecoder('utf-8');

export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#bytes.length;
  }

  /** Up to 6 bytes wide it is exact; of 8 bytes, where the value is below 2^53. @throws RangeError behind the end, as all */
  unsigned(lengthBytes: number): number {
    return lengthBytes === 8 ? Number(this.#take(8).getBigUint64(0, true)) : this.#small(lengthBytes);
  }

  /** As `unsigned`. */
  signed(lengthBytes: number): number {
    if (lengthBytes === 8) return Number(this.#take(8).getBigInt64(0, true));
    const value = this.#small(lengthBytes);
    const half = 2 ** (8 * lengthBytes - 1);
    return value >= half ? value - 2 * half : value;
  }

  word(lengthBytes: 4 | 8): bigint {
    return lengthBytes === 8 ? this.#take(8).getBigUint64(0, true) : BigInt(this.unsigned(4));
  }

  /** LEB128, DWARF 5 section 7.6. */
  uleb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.unsigned(1);
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  sleb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.unsigned(1);
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if ((byte & 0x80) === 0) return (byte & 0x40) === 0 ? value : value - (1n << shift);
    }
  }

  /** Up to a NUL, which is taken as well. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.position);
    if (end < 0) throw new RangeError(`no end of the text at ${this.position}`);
    const text = decoder.decode(this.#bytes.subarray(this.position, end));
    this.position = end + 1;
    return text;
  }

  bytes(count: number): Uint8Array {
    const end = this.position + count;
    if (end > this.#bytes.length) throw new RangeError(`no ${count} bytes at ${this.position}`);
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  #take(count: number): DataView {
    const taken = this.bytes(count);
    return new DataView(taken.buffer, taken.byteOffset, count);
  }

  #small(lengthBytes: number): number {
    let value = 0;
    for (let index = lengthBytes - 1; index >= 0; index--)
      value = value * 0x100 + this.#view.getUint8(this.position + index);
    this.position += lengthBytes;
    return value;
  }
}
