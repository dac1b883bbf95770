/** Bytes as C string literals. */

const letters: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** How what is no printable ASCII is shown: in octal; the whole string in hex where it has such bytes; always in hex. */
export type Escapes = 'octal' | 'hex-where-needed' | 'hex';

/** Octal escapes are as short as what follows allows. */
export function quoted(bytes: Uint8Array, escapes: Escapes = 'octal'): string {
  if (escapes === 'hex' || (escapes === 'hex-where-needed' && !isPlain(bytes))) return quotedHex(bytes);
  let text = '';
  for (const [index, byte] of bytes.entries()) {
    const letter = letters[byte];
    if (letter !== undefined) text += letter;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(isOctalDigit(bytes[index + 1]) ? 3 : 1, '0')}`;
  }
  return `"${text}"`;
}

/** Every byte as `\xNN`, for what is no text. */
export function quotedHex(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

/** Printable ASCII and white space. */
function isPlain(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
}

function isOctalDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}
