/** From data to frames: `$data#checksum` and `%data#checksum`. */
import { hexDigitCode } from './hex.js';
import { encodeRunLength } from './run-length.js';

const packetStart = 0x24;
const notificationStart = 0x25;
const frameEnd = 0x23;

/**
 * A packet.
 * @param data escaped already where it is binary
 * @param options `runLength`: repeat counts instead of repeated bytes; only a stub may send them
 */
export function encodePacket(data: Uint8Array, options?: { readonly runLength?: boolean }): Uint8Array {
  return encodeFrame(packetStart, options?.runLength === true ? encodeRunLength(data) : data);
}

/**
 * A packet of plain text, its characters as in `asciiBytes`; in a part of `into`, which has room for 4 bytes more than
 * there are characters, when it is given.
 */
export function encodeText(text: string, into?: Uint8Array): Uint8Array {
  const { length } = text;
  const frame = into?.subarray(0, length + 4) ?? new Uint8Array(length + 4);
  frame[0] = packetStart;
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const byte = text.charCodeAt(i) & 0xff;
    frame[i + 1] = byte;
    sum += byte;
  }
  endFrame(frame, sum);
  return frame;
}

/** A notification, which only a stub sends. `data` must not contain `$`, `%` or `#`. */
export function encodeNotification(data: Uint8Array): Uint8Array {
  return encodeFrame(notificationStart, data);
}

function encodeFrame(start: number, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(data.length + 4);
  frame[0] = start;
  frame.set(data, 1);
  let sum = 0;
  for (const byte of data) sum = (sum + byte) & 0xff;
  endFrame(frame, sum);
  return frame;
}

/** @param sum of the bytes of the data */
function endFrame(frame: Uint8Array, sum: number): void {
  const end = frame.length - 3;
  frame[end] = frameEnd;
  frame[end + 1] = hexDigitCode(sum >> 4);
  frame[end + 2] = hexDigitCode(sum);
}
