/** Work over every byte of large packets, which a host may have faster means for than this package. */
import { unescapeBinary } from './escape.js';

/** What a decoder needs for the data of large packets. */
export interface BulkDecoding {
  /** Index of the first `#` or `$`, or the length. */
  endOfData(bytes: Uint8Array): number;
  /** The sum of the bytes, modulo 256. */
  sum(bytes: Uint8Array): number;
  /** The bytes without their escapes, in a new array or in the place of the old ones. */
  unescape(bytes: Uint8Array): Uint8Array;
}

/** Encodes large replies. What is returned may be overwritten by the next call. */
export interface BulkEncoding {
  /** A packet of two hex digits a byte, with run-lengths. */
  hexPacket(bytes: Uint8Array): Uint8Array;
  /** A packet of `prefix`, plain text that needs no escapes, and the bytes, escaped, with run-lengths. */
  binaryPacket(prefix: string, bytes: Uint8Array): Uint8Array;
}

export type BulkCodec = BulkDecoding & BulkEncoding;

export const portableDecoding: BulkDecoding = {
  endOfData: (bytes) => {
    for (let i = 0; i < bytes.length; i += 1) if (bytes[i] === 0x23 || bytes[i] === 0x24) return i;
    return bytes.length;
  },
  sum: (bytes) => {
    let sum = 0;
    for (let i = 0; i < bytes.length; i += 1) sum += bytes[i] ?? 0;
    return sum & 0xff;
  },
  unescape: unescapeBinary,
};
