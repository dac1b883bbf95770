/**
 * Run-length encoding of what a stub sends: `c*k` is c followed by k - 29 more of it. It works on escaped bytes: a stub
 * escapes first and encodes then, a client expands first and unescapes then.
 */

const star = 0x2a;
const escapeByte = 0x7d;
/** Added to the number of repeats to make the count a printable character. */
const countOffset = 29;
const leastRepeats = 3;
/** The count may not lie above `~`. */
const mostRepeats = 0x7e - countOffset;
/** Counts of 6 and 7 repeats would be `#` and `$`. */
const repeatsBelowFraming = 5;

/**
 * A run never begins at the second byte of an escape pair, although the protocol allows it: LLDB repeats the
 * unescaped byte there, GDB the escaped one.
 */
export function encodeRunLength(escaped: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(escaped.length);
  let at = 0;
  let i = 0;
  while (i < escaped.length) {
    const byte = escaped[i] ?? 0;
    encoded[at++] = byte;
    i += 1;
    if (byte === escapeByte) {
      if (i < escaped.length) encoded[at++] = escaped[i++] ?? 0;
      continue;
    }
    const repeats = encodableRepeats(escaped, i, byte);
    if (repeats >= leastRepeats) {
      encoded[at++] = star;
      encoded[at++] = repeats + countOffset;
      i += repeats;
    }
  }
  return encoded.subarray(0, at);
}

/** How many of the bytes from `start` on equal `byte`, cut to a number that one count can tell. */
function encodableRepeats(bytes: Uint8Array, start: number, byte: number): number {
  const end = Math.min(bytes.length, start + mostRepeats);
  let at = start;
  while (at < end && bytes[at] === byte) at += 1;
  const repeats = at - start;
  return repeats === 6 || repeats === 7 ? repeatsBelowFraming : repeats;
}

/** Undoes the encoding. A `*` that has nothing before it, or no count behind it, stands for itself. */
export function expandRunLength(encoded: Uint8Array): Uint8Array {
  if (!encoded.includes(star)) return encoded;
  const expanded = new Uint8Array(expandedLength(encoded));
  let at = 0;
  for (let i = 0; i < encoded.length; i += 1) {
    const repeats = repeatsAt(encoded, i);
    if (repeats > 0) {
      expanded.fill(expanded[at - 1] ?? 0, at, at + repeats);
      at += repeats;
      i += 1;
    } else {
      expanded[at] = encoded[i] ?? 0;
      at += 1;
    }
  }
  return expanded;
}

function expandedLength(encoded: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < encoded.length; i += 1) {
    const repeats = repeatsAt(encoded, i);
    length += repeats > 0 ? repeats : 1;
    if (repeats > 0) i += 1;
  }
  return length;
}

/** Repeats that the `*` at `index` asks for; 0 when no run is there. */
function repeatsAt(encoded: Uint8Array, index: number): number {
  if (encoded[index] !== star || index === 0) return 0;
  const count = encoded[index + 1] ?? 0;
  return count >= leastRepeats + countOffset && count <= mostRepeats + countOffset ? count - countOffset : 0;
}
