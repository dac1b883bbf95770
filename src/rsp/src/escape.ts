/** Binary escaping: `}` and then the byte XOR 0x20 (GDB manual, "Overview" of the Remote Protocol). */

export const escapeByte = 0x7d;
export const escapeMask = 0x20;

/** `#` and `$` frame packets, `}` escapes, `*` repeats in what a stub sends. */
function needsEscape(byte: number): boolean {
  return byte === 0x23 || byte === 0x24 || byte === 0x2a || byte === escapeByte;
}

/** The bytes as they may stand in a packet of either direction; the input itself when there is nothing to escape. */
export function escapeBinary(bytes: Uint8Array): Uint8Array {
  let count = 0;
  for (const byte of bytes) if (needsEscape(byte)) count += 1;
  if (count === 0) return bytes;
  const escaped = new Uint8Array(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    if (needsEscape(byte)) {
      escaped[at] = escapeByte;
      escaped[at + 1] = byte ^ escapeMask;
      at += 2;
    } else {
      escaped[at] = byte;
      at += 1;
    }
  }
  return escaped;
}

/** Undoes escapes in a new array. An escape byte at the very end, with nothing to escape, is kept as it is. */
export function unescapeBinary(bytes: Uint8Array): Uint8Array {
  const first = bytes.indexOf(escapeByte);
  if (first < 0) return bytes.slice();
  const plain = new Uint8Array(bytes.length);
  plain.set(bytes.subarray(0, first));
  let at = first;
  for (let i = first; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    const next = byte === escapeByte ? bytes[i + 1] : undefined;
    plain[at] = next === undefined ? byte : next ^ escapeMask;
    if (next !== undefined) i += 1;
    at += 1;
  }
  return plain.subarray(0, at);
}
