/** Decoders of numbers, addresses, descriptors, paths and buffers: what most arguments are. */
import type { LoggedRead } from '../../../core/index.js';
import {
  argument,
  type CallFacts,
  type Decoder,
  intOf,
  ofRegisters,
  type ReadFacts,
  reading,
  readingAs,
} from './call-facts.js';
import { type Constants, flagsOf, hex, octal, oneOf } from './constants.js';
import { quoted, quotedHex } from './quoting.js';
import { isErrorResult } from './tables/errors.js';

/** PATH_MAX, <linux/limits.h>. */
const longestPath = 4096;

export const int = ofRegisters<Decoder>((value) => BigInt.asIntN(32, value).toString());
export const unsigned = ofRegisters<Decoder>((value) => BigInt.asUintN(32, value).toString());
export const long = ofRegisters<Decoder>((value, { abi }) =>
  BigInt.asIntN(8 * abi.longBytes, value).toString(),
);
/** Of 64 bits on every machine. */
export const offset = ofRegisters<Decoder>((value) => BigInt.asIntN(64, value).toString());
export const size = ofRegisters<Decoder>((value) => value.toString());
export const hexadecimal = ofRegisters<Decoder>((value) => hex(value));
export const hexInt = ofRegisters<Decoder>((value) => hex(BigInt.asUintN(32, value)));
export const mode = ofRegisters<Decoder>((value) => octal(BigInt.asUintN(32, value)));
export const address = ofRegisters<Decoder>((value) => addressText(value));

export function addressText(value: bigint): string {
  return value === 0n ? 'NULL' : `0x${value.toString(16)}`;
}

export function oneOfInt(table: Constants): Decoder {
  return ofRegisters<Decoder>((value) => oneOf(BigInt.asUintN(32, value), table));
}

export function flagsInt(table: Constants): Decoder {
  return ofRegisters<Decoder>((value) => flagsOf(BigInt.asUintN(32, value), table));
}

export function flagsLong(table: Constants): Decoder {
  return ofRegisters<Decoder>((value) => flagsOf(value, table));
}

/** What they stand for is looked up only where that is asked for. */
export const descriptor = ofRegisters<Decoder>((value, call) => descriptorText(intOf(value), call));

export function descriptorText(number: number, { options }: CallFacts): string {
  const target = number < 0 ? undefined : options.describeDescriptor?.(number);
  return target === undefined ? String(number) : `${number}<${target}>`;
}

const currentFolder = -100;

export const folderDescriptor = ofRegisters<Decoder>((value, call) => {
  const number = intOf(value);
  if (number !== currentFolder) return descriptorText(number, call);
  const target = call.options.describeDescriptor?.(number);
  return target === undefined ? 'AT_FDCWD' : `AT_FDCWD<${target}>`;
});

/** A new descriptor as the result. */
export const descriptorResult = ofRegisters((result: bigint, call: CallFacts): string =>
  descriptorText(Number(result), call),
);

export const path = reading<Decoder>(
  (value, { memory, options }) => {
    const found = memory.string(value, longestPath);
    if (found === undefined) return addressText(value);
    return quoted(found.bytes, options.escapes) + (found.isWhole ? '' : '...');
  },
  (index) => [{ argument: index, isString: true, mostBytes: longestPath }],
);

const stringRead = (index: number, { stringLimit }: ReadFacts): LoggedRead => ({
  argument: index,
  isString: true,
  mostBytes: stringLimit + 1,
});

/** As many bytes as the call has returned, cut to the limit. */
export const resultBytes = (index: number, { stringLimit }: ReadFacts): readonly LoggedRead[] => [
  { argument: index, count: 'result', mostBytes: stringLimit, needsSuccess: true },
];

/** A string of the program's, cut to the limit. */
export const string = reading<Decoder>(
  (value, call) => stringText(value, call),
  (index, facts) => [stringRead(index, facts)],
);

export function stringText(value: bigint, { memory, options }: CallFacts): string {
  const found = memory.string(value, options.stringLimit + 1);
  if (found === undefined) return addressText(value);
  const { stringLimit, escapes } = options;
  const shown = quoted(found.bytes.subarray(0, stringLimit), escapes);
  return found.bytes.length <= stringLimit ? shown : `${shown}...`;
}

/** `lengthBytes` bytes at an address. */
export function bytesText(
  at: bigint,
  lengthBytes: number,
  { memory, options }: CallFacts,
  quote: typeof quoted = quoted,
): string {
  if (lengthBytes <= 0) return at === 0n ? 'NULL' : '""';
  const shown = Math.min(lengthBytes, options.stringLimit);
  const bytes = memory.exact(at, shown);
  if (bytes === undefined) return addressText(at);
  return quote(bytes, options.escapes) + (shown < lengthBytes ? '...' : '');
}

/** What is written: its length is another argument. */
export function inputBytes(lengthIndex: number): Decoder {
  return reading<Decoder>(
    (value, call) => bytesText(value, Number(argument(call, lengthIndex)), call),
    (index, { stringLimit }) => [{ argument: index, count: lengthIndex, mostBytes: stringLimit }],
  );
}

/** What was read: as many bytes as the call has returned. */
export const readBytes = reading<Decoder>(
  (value, call) => (hasFailed(call) ? addressText(value) : bytesText(value, Number(call.result), call)),
  resultBytes,
);

export const randomBytes = reading<Decoder>(
  (value, call) =>
    hasFailed(call) ? addressText(value) : bytesText(value, Number(call.result), call, quotedHex),
  resultBytes,
);

/** A string that the kernel has filled in. */
export const filledString = reading<Decoder>(
  (value, call) => (hasFailed(call) ? addressText(value) : stringText(value, call)),
  (index, facts) => [{ ...stringRead(index, facts), needsSuccess: true }],
);

export function hasFailed({ result }: CallFacts): boolean {
  return result === undefined || isErrorResult(result);
}

/** What the kernel fills in when it succeeds, else only where it would have been. */
export function filled(decode: Decoder): Decoder {
  return readingAs<Decoder>(
    (value, call, index) => (hasFailed(call) ? addressText(value) : decode(value, call, index)),
    decode,
    (read) => ({ ...read, needsSuccess: true }),
  );
}

export const filledPath = filled(path);

/** `[a, b, ...]`; `elementAt` returns undefined where memory ends. */
export function arrayText(
  at: bigint,
  count: number,
  limit: number,
  elementAt: (index: number) => string | undefined,
): string {
  if (at === 0n) return 'NULL';
  const texts: string[] = [];
  for (let index = 0; index < Math.min(count, limit); index++) {
    const text = elementAt(index);
    if (text === undefined) {
      if (index === 0) return addressText(at);
      texts.push(`... /* ${addressText(at)} */`);
      return `[${texts.join(', ')}]`;
    }
    texts.push(text);
  }
  if (count > limit) texts.push('...');
  return `[${texts.join(', ')}]`;
}
