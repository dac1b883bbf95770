/**
 * Frames of large replies, from raw bytes to the packet in one pass: digits or escapes, run-lengths, checksum. It
 * writes the same as `encodePacket(encodeRunLength(...))` does in several.
 */
import type { BulkEncoding } from './bulk-codec.js';
import { hexDigitCode } from './hex.js';

const packetStart = 0x24;
const frameEnd = 0x23;
const star = 0x2a;
const escapeByte = 0x7d;
const escapeMask = 0x20;
const countOffset = 29;
/** The count may not lie above `~`. */
const mostRepeats = 0x7e - countOffset;
const leastRun = 4;
/** `$`, `#` and the checksum. */
const framingBytes = 4;

const highDigits = Uint8Array.from({ length: 256 }, (_, byte) => hexDigitCode(byte >> 4));
const lowDigits = Uint8Array.from({ length: 256 }, (_, byte) => hexDigitCode(byte));
/** 1 for bytes that cannot stand in a packet as they are. */
const mustEscape = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === packetStart || byte === frameEnd || byte === star || byte === escapeByte ? 1 : 0,
);

export class BulkEncoder implements BulkEncoding {
  /** Kept from one packet to the next; what is returned is a copy of the part that was filled. */
  #scratch = new Uint8Array(0);
  #at = 0;
  #sum = 0;

  /** A packet of two digits for each byte. */
  hexPacket(bytes: Uint8Array): Uint8Array {
    this.#begin(2 * bytes.length);
    const scratch = this.#scratch;
    const { length } = bytes;
    let at = this.#at;
    let sum = 0;
    for (let i = 0; i < length; i += 1) {
      const byte = bytes[i] ?? 0;
      const high = highDigits[byte] ?? 0;
      const low = lowDigits[byte] ?? 0;
      if (high === low && bytes[i + 1] === byte) {
        const start = i;
        while (i + 1 < length && bytes[i + 1] === byte) i += 1;
        this.#at = at;
        this.#run(high, 2 * (i + 1 - start));
        at = this.#at;
        continue;
      }
      scratch[at] = high;
      scratch[at + 1] = low;
      at += 2;
      sum += high + low;
    }
    this.#at = at;
    this.#sum += sum;
    return this.#finish();
  }

  /** A packet of `prefix`, plain text that needs no escapes, and the bytes, escaped. */
  binaryPacket(prefix: string, bytes: Uint8Array): Uint8Array {
    this.#begin(prefix.length + 2 * bytes.length);
    for (let i = 0; i < prefix.length; i += 1) this.#put(prefix.charCodeAt(i));
    const scratch = this.#scratch;
    const { length } = bytes;
    let at = this.#at;
    let sum = 0;
    for (let i = 0; i < length; i += 1) {
      const byte = bytes[i] ?? 0;
      if (mustEscape[byte] === 1) {
        scratch[at] = escapeByte;
        scratch[at + 1] = byte ^ escapeMask;
        at += 2;
        sum += escapeByte + (byte ^ escapeMask);
        continue;
      }
      if (bytes[i + 1] === byte && bytes[i + 2] === byte && bytes[i + 3] === byte) {
        const start = i;
        while (i + 1 < length && bytes[i + 1] === byte) i += 1;
        this.#at = at;
        this.#run(byte, i + 1 - start);
        at = this.#at;
        continue;
      }
      scratch[at] = byte;
      at += 1;
      sum += byte;
    }
    this.#at = at;
    this.#sum += sum;
    return this.#finish();
  }

  #begin(mostDataBytes: number): void {
    const neededBytes = mostDataBytes + framingBytes;
    if (this.#scratch.length < neededBytes) this.#scratch = new Uint8Array(neededBytes);
    this.#scratch[0] = packetStart;
    this.#at = 1;
    this.#sum = 0;
  }

  #put(byte: number): void {
    this.#scratch[this.#at] = byte;
    this.#at += 1;
    this.#sum += byte;
  }

  #run(byte: number, lengthBytes: number): void {
    let left = lengthBytes;
    while (left >= leastRun) {
      const most = Math.min(left - 1, mostRepeats);
      // Counts of 6 and 7 repeats would be `#` and `$`.
      const repeats = most === 6 || most === 7 ? 5 : most;
      this.#put(byte);
      this.#put(star);
      this.#put(repeats + countOffset);
      left -= repeats + 1;
    }
    for (; left > 0; left -= 1) this.#put(byte);
  }

  #finish(): Uint8Array {
    const sum = this.#sum & 0xff;
    const at = this.#at;
    this.#scratch[at] = frameEnd;
    this.#scratch[at + 1] = hexDigitCode(sum >> 4);
    this.#scratch[at + 2] = hexDigitCode(sum);
    return this.#scratch.slice(0, at + 3);
  }
}
