/** What there is to know of an architecture's system calls by whoever reads them: names, and what the kernel's ABI lets differ. */
import type { FieldType } from './struct-layout.js';

/** Names of calls with numbers in a row, from `first` on, separated by white space. */
export interface SystemCallRun {
  readonly first: number;
  readonly names: string;
}

/** Bytes of a C `long` and a pointer, and the alignment of 8-byte numbers in structs. */
export interface DataModel {
  readonly longBytes: 4 | 8;
  readonly longLongAlignmentBytes: 4 | 8;
}

export interface SystemCallAbi extends DataModel {
  readonly names: readonly SystemCallRun[];
  /** Where clone(2) has its arguments, "C library/kernel differences". */
  readonly cloneArguments: { readonly parentTid: number; readonly childTid: number; readonly tls: number };
  /** Of <asm/fcntl.h>, where it is not <asm-generic/fcntl.h>. */
  readonly openFlags: Readonly<Record<'O_DIRECTORY' | 'O_NOFOLLOW' | 'O_DIRECT' | 'O_LARGEFILE', number>>;
  /** `struct stat` of the calls that fill one, <asm/stat.h>; `struct stat64` where that is another. */
  readonly stat: Readonly<Record<string, FieldType>>;
  readonly stat64: Readonly<Record<string, FieldType>>;
  /** `struct epoll_event` has no padding, <linux/eventpoll.h>. */
  readonly packsEpollEvent: boolean;
  /** Where, from the stack pointer at rt_sigreturn(2), the signal mask lies that it restores: `struct rt_sigframe`. */
  readonly restoredMaskOffset: number;
  /** A 64-bit argument takes two registers, the lower half first. */
  readonly splitsLongLong: boolean;
}

/** The system calls of one machine, by number and by name. */
export interface SystemCallTable {
  /** @internal */
  readonly abi: SystemCallAbi;
  /** Undefined: there is no such call. */
  nameOf(number: number): string | undefined;
  /** Undefined: there is no such call. */
  numberOf(name: string): number | undefined;
  /** By their numbers. */
  readonly names: ReadonlyMap<number, string>;
}

export function systemCallTable(abi: SystemCallAbi): SystemCallTable {
  const names = new Map<number, string>();
  for (const { first, names: text } of abi.names)
    for (const [index, name] of text.trim().split(/\s+/).entries()) names.set(first + index, name);
  const numbers = new Map([...names].map(([number, name]) => [name, number]));
  return { abi, names, nameOf: (number) => names.get(number), numberOf: (name) => numbers.get(name) };
}
