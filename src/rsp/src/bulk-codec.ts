/** Work over every byte of large packets, which a host may have faster means for than this package. */
import { escapeByte, escapeMask } from './escape.js';

/** What was taken out of a stream. */
export interface TakenData {
  /** So many of its bytes. */
  readonly takenBytes: number;
  /** So many are left of them without the escapes. */
  readonly plainBytes: number;
  /** The sum of those that were taken, modulo 256. */
  readonly sum: number;
  /** The last one was a `}`; what it escapes is still to come. */
  readonly isEscaped: boolean;
}

/** What the decoder of a stub needs for the data of large packets. */
export interface BulkDecoding {
  /**
   * Takes data up to the first `#` or `$`, or to the end, and undoes escapes; the plain bytes go to `into` from `at` on,
   * another array with room for all of them. `isEscaped`: the byte before the first one was a `}`.
   */
  takeData(bytes: Uint8Array, into: Uint8Array, at: number, isEscaped: boolean): TakenData;
}

/** Encodes large replies. What is returned may be overwritten by the next call. */
export interface BulkEncoding {
  /** A packet of two hex digits a byte, with run-lengths. */
  hexPacket(bytes: Uint8Array): Uint8Array;
  /** A packet of `prefix`, plain text that needs no escapes, and the bytes, escaped, with run-lengths. */
  binaryPacket(prefix: string, bytes: Uint8Array): Uint8Array;
}

export type BulkCodec = BulkDecoding & BulkEncoding;

const hash = 0x23;
const dollar = 0x24;

/** Index of the first `#` or `$`, or the length. */
export function endOfData(bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] === hash || bytes[i] === dollar) return i;
  return bytes.length;
}

export const portableDecoding: BulkDecoding = {
  takeData: (bytes, into, at, wasEscaped) => {
    let isEscaped = wasEscaped;
    let sum = 0;
    let to = at;
    let from = 0;
    for (; from < bytes.length; from += 1) {
      const byte = bytes[from] ?? 0;
      if (byte === hash || byte === dollar) break;
      sum += byte;
      if (isEscaped) {
        into[to++] = byte ^ escapeMask;
        isEscaped = false;
      } else if (byte === escapeByte) {
        isEscaped = true;
      } else {
        into[to++] = byte;
      }
    }
    return { takenBytes: from, plainBytes: to - at, sum: sum & 0xff, isEscaped };
  },
};
