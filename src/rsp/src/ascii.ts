/** Bytes as the text of a packet: character n is byte n (ISO 8859-1), so nothing is lost in either direction. */

/** Characters given to one call of `String.fromCharCode`: engines limit the number of arguments. */
const sliceLength = 8192;
/** Up to here the call costs more than the characters. */
const shortLength = 32;

/** Characters above U+00FF have no byte; only their low eight bits are kept. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function asciiText(bytes: Uint8Array): string {
  let text = '';
  if (bytes.length <= shortLength) {
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
  for (let i = 0; i < bytes.length; i += sliceLength) {
    // Spreading the bytes would be several times slower.
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + sliceLength));
  }
  return text;
}
