/** What decoders are given of a call, and what they are. */
import type { SystemCallAbi } from '../../../../arch/system-call-table.js';
import type { LoggedRead } from '../../../core/index.js';
import type { MemoryView } from './memory-view.js';
import type { Escapes } from './quoting.js';

export interface DecodeOptions {
  /** The most bytes of a string or buffer that are shown; paths are shown whole. */
  readonly stringLimit: number;
  /** What a file descriptor of the process stands for; undefined: not to be shown, or not known. */
  readonly describeDescriptor: ((descriptor: number) => string | undefined) | undefined;
  /** In strings; octal unless given. */
  readonly escapes?: Escapes | undefined;
  /** Structs and environments are shown whole. */
  readonly isWhole?: boolean | undefined;
}

export interface CallFacts {
  readonly abi: SystemCallAbi;
  /** Whole registers, unsigned. */
  readonly args: readonly bigint[];
  /** Signed; on the way in undefined. */
  readonly result: bigint | undefined;
  readonly memory: MemoryView;
  readonly options: DecodeOptions;
  readonly stackPointer: bigint;
  /** By the number of the argument. */
  readonly notes: ReadonlyMap<number, string>;
}

/** The text of an argument; undefined: the call has no such argument this time, and none behind it. */
export type Decoder = (value: bigint, call: CallFacts, index: number) => string | undefined;

/** One of its decoders is called when the call is made, the other when it comes back; both: the second continues the text. */
export interface Parameter {
  readonly onEntry?: Decoder;
  readonly onReturn?: Decoder;
  /** What must be kept for the return, as the kernel may change it: `CallFacts.notes`. */
  readonly note?: Decoder;
  /** Whether the return has something to add this time; always, unless given. */
  readonly awaitsReturn?: (value: bigint, call: CallFacts) => boolean;
}

export interface Signature {
  readonly parameters: readonly Parameter[];
  /** The text of a result that is no error, what is to be said about it in parentheses included. */
  readonly result: (result: bigint, call: CallFacts) => string;
  /** Arguments of 64 bits; they take two registers where `SystemCallAbi.splitsLongLong` says so. */
  readonly wide: readonly number[];
}

/** What decides how much a decoder reads. */
export interface ReadFacts {
  readonly abi: SystemCallAbi;
  readonly stringLimit: number;
}

/** All the memory that a function of a call may read, if it is called for argument `index`. */
type Reads = (index: number, facts: ReadFacts) => readonly LoggedRead[];

const knownReads = new WeakMap<object, Reads>();

/** Says what a function of a call reads: that can be noted, and the program run on before it is called. */
export function reading<Reader extends object>(reader: Reader, reads: Reads): Reader {
  knownReads.set(reader, reads);
  return reader;
}

/** As `reading`, for one that reads nothing but registers. */
export function ofRegisters<Reader extends object>(reader: Reader): Reader {
  return reading(reader, () => []);
}

/** undefined: it is not known what it reads. One that is not there reads nothing. */
export function readsOf(
  reader: object | undefined,
  index: number,
  facts: ReadFacts,
): readonly LoggedRead[] | undefined {
  return reader === undefined ? [] : knownReads.get(reader)?.(index, facts);
}

/** As `reading`, for one that another one is a part of, and the only part that reads. */
export function readingAs<Reader extends object>(
  reader: Reader,
  part: object,
  change: (read: LoggedRead) => LoggedRead = (read) => read,
): Reader {
  const reads = knownReads.get(part);
  return reads === undefined ? reader : reading(reader, (index, facts) => reads(index, facts).map(change));
}

/** Something that the kernel fills in. */
export function out(onReturn: Decoder, note?: Decoder): Parameter {
  return note === undefined ? { onReturn } : { onReturn, note };
}

export function signature(
  parameters: readonly (Decoder | Parameter)[],
  result: Signature['result'] = decimalResult,
  wide: readonly number[] = [],
): Signature {
  return {
    parameters: parameters.map((one) => (typeof one === 'function' ? { onEntry: one } : one)),
    result,
    wide,
  };
}

/** Registers as the arguments that they hold. */
export function joinWide(
  { wide }: Signature,
  abi: SystemCallAbi,
  registers: readonly bigint[],
): readonly bigint[] {
  if (!abi.splitsLongLong || wide.length === 0) return registers;
  const joined: bigint[] = [];
  for (let at = 0; at < registers.length; at++) {
    const low = registers[at] ?? 0n;
    if (wide.includes(joined.length)) {
      at += 1;
      joined.push(low | ((registers[at] ?? 0n) << 32n));
    } else joined.push(low);
  }
  return joined;
}

export const decimalResult = ofRegisters((result: bigint): string => result.toString());

export const hexResult = ofRegisters((result: bigint, { abi }: CallFacts): string => {
  const value = BigInt.asUintN(8 * abi.longBytes, result);
  return value === 0n ? '0' : `0x${value.toString(16)}`;
});

/** Another register of the same call, unsigned. */
export function argument(call: CallFacts, index: number): bigint {
  return call.args[index] ?? 0n;
}

/** As the C type `int` of an argument. */
export function intOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}
