/**
 * From a stream of bytes, cut anywhere, to frames. Every byte is looked at once and copied once into a growing
 * buffer, so the work is linear however the stream is cut.
 */
import { type BulkDecoding, endOfData, portableDecoding } from './bulk-codec.js';
import { escapeByte, unescapeBinary } from './escape.js';
import { hexDigitValue } from './hex.js';
import { expandRunLength } from './run-length.js';

/** What stands in the stream. Data is unescaped, and in the role of a client expanded before that. */
export type Frame =
  | { readonly kind: 'packet'; readonly data: Uint8Array; readonly checksumOk: boolean }
  | { readonly kind: 'notification'; readonly data: Uint8Array; readonly checksumOk: boolean }
  /** `+` between packets. */
  | { readonly kind: 'ack' }
  /** `-` between packets. */
  | { readonly kind: 'nak' }
  /** Byte 0x03 between packets, in the role of a stub. */
  | { readonly kind: 'interrupt' }
  /** A packet or notification of more than `maxPacketBytes` was dropped whole; `lengthBytes` of data, as transmitted. */
  | { readonly kind: 'overflow'; readonly lengthBytes: number };

export interface FrameDecoderOptions {
  /** Which end of the connection decodes: only a client expands run-lengths and knows notifications. */
  readonly role: 'stub' | 'client';
  /** Most bytes of data that a packet may have as transmitted, without `$`, `#` and checksum. */
  readonly maxPacketBytes: number;
  /** Faster means for large packets; only the decoder of a stub uses them. */
  readonly bulk?: BulkDecoding;
}

/** Where in the stream the decoder is. */
type Position = 'between' | 'data' | 'first-digit' | 'second-digit';

const packetStart = 0x24;
const packetEnd = 0x23;
const notificationStart = 0x25;
const firstCapacityBytes = 256;
/** Below it a call into the host costs more than it saves, and data are never shared with the decoder. */
export const leastSharedBytes = 512;

export class FrameDecoder {
  readonly #role: 'stub' | 'client';
  readonly #maxPacketBytes: number;
  readonly #bulk: BulkDecoding;
  #position: Position = 'between';
  #start = packetStart;
  /** In the role of a client data as transmitted, in that of a stub without the escapes. */
  #buffer = new Uint8Array(firstCapacityBytes);
  /** So much of it is used. */
  #usedBytes = 0;
  /** A stub's: the last byte was a `}`. */
  #isEscaped = false;
  /** Bytes of data so far, as transmitted; more than were kept once the packet has become too long. */
  #lengthBytes = 0;
  #sum = 0;
  #firstDigit = 0;

  constructor(options: FrameDecoderOptions) {
    this.#role = options.role;
    this.#maxPacketBytes = options.maxPacketBytes;
    this.#bulk = options.bulk ?? portableDecoding;
  }

  /** Whether the stream, as far as it has come, ends with a frame. */
  get isBetweenFrames(): boolean {
    return this.#position === 'between';
  }

  /** Takes the next bytes of the stream; returns the frames that they complete, in order. Never throws. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    this.decode(chunk, (frame) => frames.push(this.#owned(frame)));
    return frames;
  }

  /** As `push`, frame by frame; data of `leastSharedBytes` and more may be overwritten when `take` has returned. */
  decode(chunk: Uint8Array, take: (frame: Frame) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#position === 'data') {
        at = this.#takeData(chunk, at);
      } else {
        const frame = this.#takeByte(chunk[at] ?? 0);
        if (frame !== undefined) take(frame);
        at += 1;
      }
    }
  }

  #owned(frame: Frame): Frame {
    if (frame.kind !== 'packet' && frame.kind !== 'notification') return frame;
    return frame.data.buffer === this.#buffer.buffer ? { ...frame, data: frame.data.slice() } : frame;
  }

  /** Takes data up to the end of the frame or of the chunk; returns the index of the first byte not taken. */
  #takeData(chunk: Uint8Array, from: number): number {
    const end = from + this.#keep(chunk.subarray(from));
    const byte = chunk[end];
    // A raw `$` cannot be data: the frame before it was cut short, and what came of it is dropped.
    if (byte === packetStart) this.#begin(packetStart);
    else if (byte === packetEnd) this.#position = 'first-digit';
    else return end;
    return end + 1;
  }

  /** Keeps data up to the end of the frame, as much as there is room for; returns how many bytes were taken. */
  #keep(bytes: Uint8Array): number {
    const roomBytes = this.#maxPacketBytes - this.#lengthBytes;
    const takenBytes =
      roomBytes <= 0
        ? endOfData(bytes)
        : this.#role === 'stub'
          ? this.#keepPlain(bytes.subarray(0, roomBytes))
          : this.#keepRaw(bytes.subarray(0, roomBytes));
    this.#lengthBytes += takenBytes;
    return takenBytes;
  }

  #keepPlain(bytes: Uint8Array): number {
    this.#makeRoom(bytes.length);
    const means = bytes.length < leastSharedBytes ? portableDecoding : this.#bulk;
    const taken = means.takeData(bytes, this.#buffer, this.#usedBytes, this.#isEscaped);
    this.#usedBytes += taken.plainBytes;
    this.#sum = (this.#sum + taken.sum) & 0xff;
    this.#isEscaped = taken.isEscaped;
    return taken.takenBytes;
  }

  #keepRaw(bytes: Uint8Array): number {
    const raw = bytes.subarray(0, endOfData(bytes));
    for (const byte of raw) this.#sum = (this.#sum + byte) & 0xff;
    this.#makeRoom(raw.length);
    this.#buffer.set(raw, this.#usedBytes);
    this.#usedBytes += raw.length;
    return raw.length;
  }

  #takeByte(byte: number): Frame | undefined {
    if (this.#position === 'between') return this.#takeBetween(byte);
    if (byte === packetStart) {
      // The checksum never came, but the next packet did.
      const frame = this.#finish(-1);
      this.#begin(packetStart);
      return frame;
    }
    const digit = hexDigitValue(byte);
    if (this.#position === 'first-digit') {
      this.#firstDigit = digit;
      this.#position = 'second-digit';
      return undefined;
    }
    return this.#finish(this.#firstDigit < 0 || digit < 0 ? -1 : this.#firstDigit * 16 + digit);
  }

  #takeBetween(byte: number): Frame | undefined {
    switch (byte) {
      case packetStart:
        this.#begin(byte);
        return undefined;
      case notificationStart:
        if (this.#role === 'client') this.#begin(byte);
        return undefined;
      case 0x2b:
        return { kind: 'ack' };
      case 0x2d:
        return { kind: 'nak' };
      case 0x03:
        return this.#role === 'stub' ? { kind: 'interrupt' } : undefined;
      default:
        return undefined;
    }
  }

  #begin(start: number): void {
    this.#start = start;
    this.#lengthBytes = 0;
    this.#usedBytes = 0;
    this.#isEscaped = false;
    this.#sum = 0;
    this.#position = 'data';
  }

  /** For these, and an escape behind them. */
  #makeRoom(lengthBytes: number): void {
    const leastBytes = this.#usedBytes + lengthBytes + 1;
    if (leastBytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(leastBytes, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#usedBytes));
    this.#buffer = grown;
  }

  #plain(): Uint8Array {
    const used = this.#buffer.subarray(0, this.#usedBytes);
    if (this.#role === 'client') return unescapeBinary(expandRunLength(used));
    // One with nothing behind it to escape is kept as it is.
    if (this.#isEscaped) this.#buffer[this.#usedBytes++] = escapeByte;
    const plain = this.#buffer.subarray(0, this.#usedBytes);
    return plain.length < leastSharedBytes ? plain.slice() : plain;
  }

  /** @param checksum as transmitted, -1 when it was no number */
  #finish(checksum: number): Frame {
    this.#position = 'between';
    const lengthBytes = this.#lengthBytes;
    if (lengthBytes > this.#maxPacketBytes) return { kind: 'overflow', lengthBytes };
    return {
      kind: this.#start === packetStart ? 'packet' : 'notification',
      data: this.#plain(),
      checksumOk: checksum === this.#sum,
    };
  }
}
