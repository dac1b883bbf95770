/** Puts the fields of a packet one behind the other; the counterpart of `FieldReader`. */
import { asciiBytes } from '../ascii.js';

export class FieldWriter {
  readonly #parts: Uint8Array[] = [];
  #text = '';

  /** Characters are bytes, as in `asciiBytes`. */
  text(text: string): void {
    this.#text += text;
  }

  /** Bytes as they are; escaping them is the affair of the frame. */
  bytes(bytes: Uint8Array): void {
    if (this.#text !== '') this.#parts.push(asciiBytes(this.#text));
    this.#text = '';
    this.#parts.push(bytes);
  }

  /** Everything so far, unescaped. */
  toBytes(): Uint8Array {
    const last = asciiBytes(this.#text);
    if (this.#parts.length === 0) return last;
    const joined = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, last.length));
    let at = 0;
    for (const part of [...this.#parts, last]) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}
