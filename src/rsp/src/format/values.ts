/** Formats of single values. */
import type { FieldReader } from '../field-reader.js';
import { decodeUtf8, hexOf, hexOfText } from '../hex.js';
import { type GdbSignal, gdbSignal } from '../signals.js';
import { readThreadId, type ThreadId, type ThreadSelector } from '../thread-selector.js';
import type { FieldWriter } from './field-writer.js';
import type { Format } from './format.js';

const notAtEnd = (fields: FieldReader): boolean => !fields.isAtEnd;

function checkNumber(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no number of a packet: ${value}`);
}

function number(base: 10 | 16, digits: number, most: number): Format<number> {
  return {
    structure: { kind: 'number', base, digits, most },
    begins: notAtEnd,
    read: (fields) => (base === 16 ? fields.number(most) : fields.decimal()),
    write: (value, to) => {
      checkNumber(value);
      to.text(value.toString(base).padStart(digits, '0'));
    },
  };
}

/** Hex, without prefix. */
export const hexNumber = number(16, 1, Number.MAX_SAFE_INTEGER);
/** Hex, at most 32 bits. */
export const hexWord = number(16, 1, 0xffff_ffff);
export const decimalNumber = number(10, 1, Number.MAX_SAFE_INTEGER);

/** Exactly two hex digits. */
export const hexByte: Format<number> = {
  structure: { kind: 'number', base: 16, digits: 2, most: 0xff },
  begins: notAtEnd,
  read: (fields) => fields.hexByte(),
  write: (value, to) => {
    if (value > 0xff) throw new RangeError(`no byte: ${value}`);
    checkNumber(value);
    to.text(value.toString(16).padStart(2, '0'));
  },
};

/** Hex, with `-` before it where it is below 0. */
export const signedHex: Format<number> = {
  structure: { kind: 'signed-number' },
  begins: notAtEnd,
  read: (fields) => fields.signedNumber(),
  write: (value, to) => {
    checkNumber(Math.abs(value));
    to.text(value.toString(16));
  },
};

/** Hex of at most 64 bits: addresses, lengths and offsets. */
export const hexBigint: Format<bigint> = {
  structure: { kind: 'bigint', bits: 64 },
  begins: notAtEnd,
  read: (fields) => fields.bigint(),
  write: (value, to) => {
    if (value < 0n || value >= 2n ** 64n) throw new RangeError(`more than 64 bits, or below 0: ${value}`);
    to.text(value.toString(16));
  },
};

/** Hex of exactly so many bytes, the most significant first. */
export function fixedHex(lengthBytes: number): Format<bigint> {
  return {
    structure: { kind: 'bigint', bits: 8 * lengthBytes },
    begins: notAtEnd,
    read: (fields) => {
      let value = 0n;
      for (let i = 0; i < lengthBytes; i += 1) value = (value << 8n) | BigInt(fields.hexByte());
      return value;
    },
    write: (value, to) => {
      if (value < 0n || value >> BigInt(8 * lengthBytes) !== 0n)
        throw new RangeError(`more than ${lengthBytes} bytes, or below 0: ${value}`);
      to.text(value.toString(16).padStart(2 * lengthBytes, '0'));
    },
  };
}

/** Pairs of hex digits, as many as there are. */
export const hexBytes: Format<Uint8Array> = {
  structure: { kind: 'bytes', form: 'hex' },
  begins: notAtEnd,
  read: (fields) => fields.hexBytes(),
  write: (value, to) => to.text(hexOf(value)),
};

/** Everything that is left, as it is. What is read is a view of the packet. */
export const binary: Format<Uint8Array> = {
  structure: { kind: 'bytes', form: 'binary' },
  begins: notAtEnd,
  read: (fields) => fields.restBytes(),
  write: (value, to) => to.bytes(value),
};

function textInHex(least: 0 | 1): Format<string> {
  return {
    structure: { kind: 'text', form: 'hex', until: '', least },
    begins: notAtEnd,
    read: (fields) => {
      const text = fields.hexText();
      return text.length < least ? fields.fail('some text in hex') : text;
    },
    write: (value, to) => {
      if (value.length < least) throw new RangeError('an empty text');
      to.text(hexOfText(value));
    },
  };
}

/** UTF-8 in hex; bytes that are none are read as U+FFFD. */
export const hexText = textInHex(0);
/** As `hexText`, at least one character. */
export const hexName = textInHex(1);

/** UTF-8 as it is, up to the end. */
export const utf8Text: Format<string> = {
  structure: { kind: 'text', form: 'hex', until: '', least: 0 },
  begins: notAtEnd,
  read: (fields) => decodeUtf8(fields.restBytes()),
  write: (value, to) => to.bytes(new TextEncoder().encode(value)),
};

/** One character a byte, up to one of the characters `until` or to the end; `least` of them. */
export function plainText(until = '', least = 0): Format<string> {
  return {
    structure: { kind: 'text', form: 'plain', until, least },
    begins: notAtEnd,
    read: (fields) => {
      const text = fields.textUntil(...until);
      if (text.length < least) fields.fail('some text');
      return text;
    },
    write: (value, to) => {
      if ([...until].some((char) => value.includes(char)) || value.length < least)
        throw new RangeError(`cannot stand there: ${JSON.stringify(value)}`);
      to.text(value);
    },
  };
}

/** A value for each word; a word that begins with another one stands before it. */
export function word<const T>(values: Readonly<Record<string, T>>): Format<T> {
  const words = Object.entries(values);
  return {
    structure: { kind: 'word', values: Object.values(values) },
    begins: (fields) => words.some(([text]) => fields.startsWith(text)),
    read: (fields) => {
      for (const [text, value] of words) if (fields.acceptText(text)) return value;
      return fields.fail(words.map(([text]) => `'${text}'`).join(' or '));
    },
    write: (value, to) => {
      const found = words.find(([, each]) => each === value);
      if (found === undefined) throw new RangeError(`no word for ${String(value)}`);
      to.text(found[0]);
    },
  };
}

/** `1` or `0`. */
export const zeroOrOne = word({ '1': true, '0': false });

/** A signal in GDB's numbering, two hex digits. */
export const signalByte: Format<GdbSignal> = {
  structure: { kind: 'number', base: 16, digits: 2, most: 0xff },
  begins: notAtEnd,
  read: (fields) => gdbSignal(fields.hexByte()),
  write: (value, to) => hexByte.write(value, to),
};

/** A signal in GDB's numbering, without leading zeros. */
export const signalNumber: Format<GdbSignal> = {
  structure: { kind: 'number', base: 16, digits: 1, most: 0xff },
  begins: notAtEnd,
  read: (fields) => gdbSignal(fields.number(0xff)),
  write: (value, to) => hexNumber.write(value, to),
};

/** A pattern of threads, as requests have it. */
export const threadPattern: Format<ThreadSelector> = {
  structure: { kind: 'own', name: 'thread-pattern' },
  begins: notAtEnd,
  read: (fields) => fields.threadSelector(),
  write: ({ process, thread }, to) => {
    to.text(process === undefined ? patternPart(thread) : `p${patternPart(process)}.${patternPart(thread)}`);
  },
};

function patternPart(part: number | 'all' | 'any'): string {
  if (part === 'all') return '-1';
  return part === 'any' ? '0' : part.toString(16);
}

/** One thread. */
export const threadId: Format<ThreadId> = {
  structure: { kind: 'own', name: 'thread-id' },
  begins: notAtEnd,
  read: readThreadId,
  write: (id: ThreadId, to: FieldWriter) =>
    to.text(`${id.pid === undefined ? '' : `p${id.pid.toString(16)}.`}${id.tid.toString(16)}`),
};
