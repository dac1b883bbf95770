/** Bytes and text as pairs of hex digits. Lower case is written, both cases are read. */
import { asciiText } from './ascii.js';
import { ProtocolError } from './protocol-error.js';

/** Above it an array of digits is made, below it text is joined: that is quicker for a register. */
const shortLength = 64;
/** The two digits of each byte. */
const digitPairs = Array.from({ length: 256 }, (_unused, byte) => byte.toString(16).padStart(2, '0'));
const digitCodes = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** The value of a hex digit by its character code, -1 for every other byte. */
const digitValues = Int8Array.from({ length: 256 }, (_unused, code) => valueOfDigit(code));
const encoder = new TextEncoder();
/** A byte order mark is a character of the text like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function valueOfDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lowerCase = code | 0x20;
  return lowerCase >= 0x61 && lowerCase <= 0x66 ? lowerCase - 0x57 : -1;
}

/** The value, 0 to 15, of the hex digit with this character code; -1 when it is none. */
export function hexDigitValue(code: number | undefined): number {
  return code === undefined ? -1 : (digitValues[code] ?? -1);
}

/** Character code of the hex digit for a value from 0 to 15. */
export function hexDigitCode(value: number): number {
  return digitCodes[value & 0xf] ?? 0;
}

/** Two hex digits a byte. */
export function hexOf(bytes: Uint8Array): string {
  if (bytes.length <= shortLength) {
    let text = '';
    for (const byte of bytes) text += digitPairs[byte];
    return text;
  }
  const digits = new Uint8Array(bytes.length * 2);
  let at = 0;
  for (const byte of bytes) {
    digits[at] = hexDigitCode(byte >> 4);
    digits[at + 1] = hexDigitCode(byte);
    at += 2;
  }
  return asciiText(digits);
}

/** @throws ProtocolError for an odd number of digits or anything that is none */
export function bytesOfHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new ProtocolError('odd number of hex digits');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    const high = hexDigitValue(text.charCodeAt(2 * i));
    const low = hexDigitValue(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0)
      throw new ProtocolError(`not hex: ${JSON.stringify(text.slice(2 * i, 2 * i + 2))}`);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** The text's UTF-8 bytes in hex. */
export function hexOfText(text: string): string {
  return hexOf(encoder.encode(text));
}

/** Bytes that are not UTF-8 become U+FFFD. @throws ProtocolError as `bytesOfHex` */
export function textOfHex(hex: string): string {
  return decodeUtf8(bytesOfHex(hex));
}

/** Bytes that are not UTF-8 become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
