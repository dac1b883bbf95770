/** The notes of a core file, core(5): `struct elf_prstatus`, `struct elf_prpsinfo` and their like, <sys/procfs.h>. */
import { littleEndian } from '../base/byte-order.js';
import type { Mapping } from '../core/index.js';

/** NT_*, <linux/elf.h>. */
const types = { status: 1, process: 3, auxiliaryVector: 6, siginfo: 0x53494749, files: 0x46494c45 } as const;
/** Register sets that were there before Linux had others. */
const oldRegsets: ReadonlySet<number> = new Set([1, 2]);

type WordBytes = 4 | 8;

export interface ThreadFacts {
  readonly tid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** The one that the process dies of, also where another thread has stopped for it; 0: none. */
  readonly signal: number;
  /** As /proc/PID/status has them. */
  readonly pendingSignals: bigint;
  readonly blockedSignals: bigint;
  /** User and system time of its own, and of children that it has waited for. */
  readonly timesMs: readonly [number, number, number, number];
  readonly general: Uint8Array;
  readonly hasFloatingPoint: boolean;
}

export interface ProcessFacts {
  /** Letter of its state, proc(5). */
  readonly state: string;
  readonly nice: number;
  readonly flags: bigint;
  readonly user: number;
  readonly userGroup: number;
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** comm. */
  readonly name: string;
  /** Arguments with a space behind each. */
  readonly commandLine: string;
}

/** Little-endian fields one behind the other, each at a multiple of its size. */
class Structure {
  readonly #bytes: number[] = [];

  field(value: bigint | number, lengthBytes: number): this {
    this.align(lengthBytes);
    this.#bytes.push(...littleEndian(BigInt.asUintN(lengthBytes * 8, BigInt(value)), lengthBytes));
    return this;
  }

  /** Cut to its room, and padded with NUL. */
  text(value: string, lengthBytes: number): this {
    const encoded = new TextEncoder().encode(value).subarray(0, lengthBytes - 1);
    this.#bytes.push(...encoded, ...new Uint8Array(lengthBytes - encoded.length));
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#bytes.push(...bytes);
    return this;
  }

  align(lengthBytes: number): this {
    while (this.#bytes.length % lengthBytes !== 0) this.#bytes.push(0);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export function note(name: string, type: number, contents: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const head = new Structure().field(nameBytes.length, 4).field(contents.length, 4).field(type, 4);
  const named = head.raw(nameBytes).align(4).finish();
  const padded = new Uint8Array(named.length + Math.ceil(contents.length / 4) * 4);
  padded.set(named);
  padded.set(contents, named.length);
  return padded;
}

export function regsetNote(type: number, contents: Uint8Array): Uint8Array {
  return note(oldRegsets.has(type) ? 'CORE' : 'LINUX', type, contents);
}

export function threadNote(facts: ThreadFacts, wordBytes: WordBytes): Uint8Array {
  const { signal, general } = facts;
  const status = new Structure()
    .field(signal, 4)
    // Code and error number: the kernel leaves them out as well.
    .field(0, 4)
    .field(0, 4)
    .field(signal, 2)
    .field(facts.pendingSignals, wordBytes)
    .field(facts.blockedSignals, wordBytes);
  for (const id of [facts.tid, facts.parent, facts.group, facts.session]) status.field(id, 4);
  for (const timeMs of facts.timesMs) {
    status.field(Math.floor(timeMs / 1000), wordBytes);
    status.field(Math.round((timeMs % 1000) * 1000), wordBytes);
  }
  status
    .align(wordBytes)
    .raw(general)
    .field(facts.hasFloatingPoint ? 1 : 0, 4)
    .align(wordBytes);
  return note('CORE', types.status, status.finish());
}

/** Letters of the states in the order of the kernel's numbers for them. */
const stateLetters = 'RSDTZW';

/** @param userIdBytes of uid and gid in this architecture's structure */
export function processNote(facts: ProcessFacts, wordBytes: WordBytes, userIdBytes: 2 | 4): Uint8Array {
  const { state } = facts;
  const number = stateLetters.indexOf(state.toUpperCase());
  const info = new Structure()
    .field(Math.max(number, 0), 1)
    .field(state.charCodeAt(0), 1)
    .field(state === 'Z' ? 1 : 0, 1)
    .field(facts.nice, 1)
    .field(facts.flags, wordBytes)
    .field(facts.user, userIdBytes)
    .field(facts.userGroup, userIdBytes);
  for (const id of [facts.pid, facts.parent, facts.group, facts.session]) info.field(id, 4);
  info.text(facts.name, 16).text(facts.commandLine, 80);
  return note('CORE', types.process, info.align(4).finish());
}

export function siginfoNote(siginfo: Uint8Array): Uint8Array {
  return note('CORE', types.siginfo, siginfo);
}

export function auxiliaryVectorNote(vector: Uint8Array): Uint8Array {
  return note('CORE', types.auxiliaryVector, vector);
}

/** The files that are mapped. Their names are the bytes that proc(5) has, a character each. */
export function filesNote(mappings: readonly Mapping[], wordBytes: WordBytes, pageBytes: number): Uint8Array {
  const files = mappings.filter(({ inode }) => inode !== 0n);
  const table = new Structure().field(files.length, wordBytes).field(pageBytes, wordBytes);
  for (const { start, end, fileOffset } of files)
    table
      .field(start, wordBytes)
      .field(end, wordBytes)
      .field(fileOffset / BigInt(pageBytes), wordBytes);
  const names = files.map(({ name }) => `${name}\0`).join('');
  return note(
    'CORE',
    types.files,
    table.raw(Uint8Array.from(names, (letter) => letter.charCodeAt(0))).finish(),
  );
}
