/** Takes the fields of a packet one after the other. What does not fit throws `ProtocolError`, and nothing else. */
import { asciiText } from './ascii.js';
import { decodeUtf8, hexDigitValue } from './hex.js';
import { ProtocolError } from './protocol-error.js';
import type { ThreadSelector } from './thread-selector.js';

/** Digits of a number of 64 bits. */
const mostBigintDigits = 16;

export class FieldReader {
  readonly #bytes: Uint8Array;
  #offset: number;

  /** Reads unescaped `bytes` from `offset` on. */
  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** The next character, '' at the end. */
  peek(): string {
    const code = this.#bytes[this.#offset];
    return code === undefined ? '' : String.fromCharCode(code);
  }

  /** Takes the next character if it is `char`; says whether it was. */
  accept(char: string): boolean {
    if (this.isAtEnd || this.peek() !== char) return false;
    this.#offset += 1;
    return true;
  }

  expect(char: string): void {
    if (!this.accept(char)) this.fail(`'${char}'`);
  }

  /** Whether `text` comes next; takes nothing. */
  startsWith(text: string): boolean {
    for (let i = 0; i < text.length; i += 1)
      if (this.#bytes[this.#offset + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Takes `text` if it comes next; says whether it did. */
  acceptText(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#offset += text.length;
    return true;
  }

  expectText(text: string): void {
    if (!this.acceptText(text)) this.fail(`'${text}'`);
  }

  expectEnd(): void {
    if (!this.isAtEnd) this.fail('the end');
  }

  /** A hex number, at most `most`, without sign or prefix. */
  number(most = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    this.#digits((digit) => {
      value = value * 16 + digit;
      if (value > most) this.fail('a smaller number');
    });
    return value;
  }

  /** A hex number of at most 64 bits. */
  bigint(): bigint {
    let digits = '';
    this.#digits((digit) => {
      if (digits !== '' || digit !== 0) digits += digit.toString(16);
      if (digits.length > mostBigintDigits) this.fail('at most 64 bits');
    });
    return BigInt(`0x0${digits}`);
  }

  /** As `number`, with an optional `-` before it. */
  signedNumber(): number {
    // Not a unary minus: there is no -0 here.
    return this.accept('-') ? 0 - this.number() : this.number();
  }

  /** A decimal number, at most `Number.MAX_SAFE_INTEGER`. */
  decimal(): number {
    let value = 0;
    this.#digits((digit) => {
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) this.fail('a smaller number');
    }, 10);
    return value;
  }

  /** Text up to one of the separators, which is not taken, or to the end. */
  textUntil(...separators: readonly string[]): string {
    const stops = separators.map((separator) => separator.charCodeAt(0));
    const start = this.#offset;
    while (!this.isAtEnd && !stops.includes(this.#bytes[this.#offset] ?? -1)) this.#offset += 1;
    return asciiText(this.#bytes.subarray(start, this.#offset));
  }

  restText(): string {
    return asciiText(this.#take(this.#bytes.length));
  }

  /** A view, not a copy. */
  restBytes(): Uint8Array {
    return this.#take(this.#bytes.length);
  }

  /** Pairs of hex digits, as many as there are; a single digit left over is an error. */
  hexBytes(): Uint8Array {
    const start = this.#offset;
    let end = start;
    while (hexDigitValue(this.#bytes[end]) >= 0) end += 1;
    if ((end - start) % 2 !== 0) this.fail('an even number of hex digits');
    const bytes = new Uint8Array((end - start) / 2);
    for (let i = 0; i < bytes.length; i += 1) {
      const at = start + 2 * i;
      bytes[i] = hexDigitValue(this.#bytes[at]) * 16 + hexDigitValue(this.#bytes[at + 1]);
    }
    this.#offset = end;
    return bytes;
  }

  /** One byte: exactly two hex digits. */
  hexByte(): number {
    const high = hexDigitValue(this.#bytes[this.#offset]);
    const low = hexDigitValue(this.#bytes[this.#offset + 1]);
    if (high < 0 || low < 0) this.fail('two hex digits');
    this.#offset += 2;
    return high * 16 + low;
  }

  /** `hexBytes` as UTF-8; bytes that are none become U+FFFD. */
  hexText(): string {
    return decodeUtf8(this.hexBytes());
  }

  /** `TID`, `pPID` or `pPID.TID`, with -1 for all and 0 for any. */
  threadSelector(): ThreadSelector {
    if (!this.accept('p')) return { process: undefined, thread: this.#selectorPart() };
    const process = this.#selectorPart();
    const thread = this.accept('.') ? this.#selectorPart() : 'all';
    if (process === 'all' && typeof thread === 'number') this.fail('no single thread of all processes');
    return { process, thread };
  }

  #selectorPart(): number | 'all' | 'any' {
    const id = this.signedNumber();
    if (id < -1) this.fail('-1, 0 or an id');
    if (id === -1) return 'all';
    return id === 0 ? 'any' : id;
  }

  #take(end: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = Math.max(this.#offset, end);
    return bytes;
  }

  /** Hands over one digit after the other, at least one. */
  #digits(each: (digit: number) => void, base: 10 | 16 = 16): void {
    const start = this.#offset;
    for (;;) {
      const digit = hexDigitValue(this.#bytes[this.#offset]);
      if (digit < 0 || digit >= base) break;
      each(digit);
      this.#offset += 1;
    }
    if (this.#offset === start) this.fail(base === 16 ? 'a hex number' : 'a decimal number');
  }

  /** Ends a parse here: says what was expected, what is there and where. */
  fail(expected: string): never {
    const found = this.isAtEnd ? 'the end' : JSON.stringify(this.peek());
    throw new ProtocolError(`expected ${expected}, found ${found} at offset ${this.#offset}`);
  }
}
