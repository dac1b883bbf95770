/**
 * From a stream of bytes, cut anywhere, to frames. Every byte is looked at once and copied once into a growing
 * buffer, so the work is linear however the stream is cut.
 */
import { type BulkDecoding, portableDecoding } from './bulk-codec.js';
import { unescapeBinary } from './escape.js';
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
  /** Faster means for large packets. */
  readonly bulk?: BulkDecoding;
}

/** Where in the stream the decoder is. */
type Position = 'between' | 'data' | 'first-digit' | 'second-digit';

const packetStart = 0x24;
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
  #buffer = new Uint8Array(firstCapacityBytes);
  /** Bytes of data so far; more than the buffer holds once the packet has become too long. */
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
    const rest = chunk.subarray(from);
    const means = rest.length < leastSharedBytes ? portableDecoding : this.#bulk;
    const bytes = rest.subarray(0, means.endOfData(rest));
    this.#sum = (this.#sum + means.sum(bytes)) & 0xff;
    this.#append(bytes);
    const end = from + bytes.length;
    if (end === chunk.length) return end;
    // A raw `$` cannot be data: the frame before it was cut short, and what came of it is dropped.
    if (chunk[end] === packetStart) this.#begin(packetStart);
    else this.#position = 'first-digit';
    return end + 1;
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
    this.#sum = 0;
    this.#position = 'data';
  }

  #append(bytes: Uint8Array): void {
    const lengthBytes = this.#lengthBytes + bytes.length;
    if (lengthBytes <= this.#maxPacketBytes) {
      if (lengthBytes > this.#buffer.length) this.#grow(lengthBytes);
      this.#buffer.set(bytes, this.#lengthBytes);
    }
    this.#lengthBytes = lengthBytes;
  }

  #grow(leastBytes: number): void {
    const grown = new Uint8Array(Math.max(leastBytes, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#lengthBytes));
    this.#buffer = grown;
  }

  #plain(data: Uint8Array): Uint8Array {
    if (data.length < leastSharedBytes) return unescapeBinary(data);
    const plain = this.#bulk.unescape(data);
    return plain.length < leastSharedBytes ? plain.slice() : plain;
  }

  /** @param checksum as transmitted, -1 when it was no number */
  #finish(checksum: number): Frame {
    this.#position = 'between';
    const lengthBytes = this.#lengthBytes;
    if (lengthBytes > this.#maxPacketBytes) return { kind: 'overflow', lengthBytes };
    const transmitted = this.#buffer.subarray(0, lengthBytes);
    const data = this.#role === 'client' ? expandRunLength(transmitted) : transmitted;
    return {
      kind: this.#start === packetStart ? 'packet' : 'notification',
      data: this.#plain(data),
      checksumOk: checksum === this.#sum,
    };
  }
}
