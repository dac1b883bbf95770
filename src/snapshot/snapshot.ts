/**
 * What stacks are made of, copied while a process is stopped: registers, stacks, mappings. Everything that takes time, the
 * files above all, is read when it runs again.
 */
import type { ArchModule, RegisterFile } from '../../arch/module.js';
import { numberOf } from '../base/byte-order.js';
import { address, type Pid, type Tid } from '../base/ids.js';
import {
  auxvTypes,
  auxvValue,
  type Mapping,
  mappingsText,
  type Process,
  parseAuxv,
  parseMappings,
  type Thread,
} from '../core/index.js';
import type { MemoryPiece } from './memory-pieces.js';

/** What was copied of a thread. */
export interface ThreadSnapshot {
  readonly tid: Tid;
  /** comm. */
  readonly name: string;
  /** Where its own data begins; 0n: unknown. */
  readonly threadPointer: bigint;
  /** The general register set as the kernel hands it over. */
  readonly general: Uint8Array;
  readonly stack: readonly MemoryPiece[];
  /** More was in use than is copied. */
  readonly isStackCut: boolean;
}

/** What was copied of a process while it was stopped. */
export interface ProcessSnapshot {
  readonly pid: Pid;
  /** @internal */
  readonly arch: ArchModule;
  readonly registerFile: RegisterFile;
  /** As the process knows it; undefined: unknown. */
  readonly programPath: string | undefined;
  readonly mappings: readonly Mapping[];
  /** In the order in which the process made them; those that were not stopped are left out. */
  readonly threads: readonly ThreadSnapshot[];
  /** Code of the kernel's, which is in no file. @internal */
  readonly kernelCode: readonly MemoryPiece[];
}

/** As the usual limit of the first thread's stack (RLIMIT_STACK). */
const longestStackBytes = 8 << 20;
/** Of a stack that its thread is not on just now: a signal handler may run on another one. */
const otherStackBytes = 1 << 20;

/**
 * Of a process whose threads, or those that are to be copied, are stopped. `known`: its mappings, which are parsed again only
 * if they have changed.
 */
export function takeSnapshot(
  process: Process,
  known = new KnownMappings(process.pid),
  wanted: readonly Thread[] = [...process.threads.values()],
): ProcessSnapshot {
  const { pid, arch, registerFile, stats } = process;
  const maps = known.current();
  const stopped = wanted.filter(({ isStopped, isForeign }) => isStopped && !isForeign);
  const pointers = stats.pointersOf(Int32Array.from(stopped, ({ tid }) => tid));
  const names = stats.namesOf(stopped);
  const threads = stopped.flatMap((thread, index) => {
    const threadPointer = pointers[index] ?? 0n;
    const general = thread.readRegset('general');
    if (general === undefined) return [];
    const { stack, isStackCut } = copyStack(thread, general, threadPointer, maps);
    return [{ tid: thread.tid, name: names[index] ?? '', threadPointer, general, stack, isStackCut }];
  });
  const kernelCode = maps
    .filter(({ name }) => name === '[vdso]')
    .map(({ start, end }) => ({
      address: start,
      bytes: process.memory.read(address(start), Number(end - start)),
    }));
  const path = programPath(maps, process);
  return { pid, arch, registerFile, programPath: path, mappings: maps, threads, kernelCode };
}

/** Looked at before the process is stopped, so that there is less to do then. */
export class KnownMappings {
  readonly #pid: Pid;
  #text: string;
  #parsed: readonly Mapping[];

  constructor(pid: Pid) {
    this.#pid = pid;
    this.#text = mappingsText(pid);
    this.#parsed = parseMappings(this.#text);
  }

  /** The mappings as they are now. */
  current(): readonly Mapping[] {
    const text = mappingsText(this.#pid);
    if (text !== this.#text) {
      this.#text = text;
      this.#parsed = parseMappings(text);
    }
    return this.#parsed;
  }
}

/** By the program's entry: what the kernel says of its file is a path of its own. */
function programPath(maps: readonly Mapping[], { program, arch }: Process): string | undefined {
  const entry = auxvValue(parseAuxv(program.auxiliaryVector(), arch.pointerBytes), auxvTypes.entry);
  return entry === undefined ? undefined : mappingOf(maps, entry)?.name;
}

function copyStack(
  { tid, process }: Thread,
  general: Uint8Array,
  threadPointer: bigint,
  maps: readonly Mapping[],
): { readonly stack: readonly MemoryPiece[]; readonly isStackCut: boolean } {
  const { general: layout, frames } = process.arch;
  const { spOffset, registerBytes } = layout;
  const stackPointer = numberOf(general.subarray(spOffset, spOffset + registerBytes));
  const top = stackPointer - BigInt(frames.redZoneBytes);
  const onStack = mappingOf(maps, stackPointer);
  const stack: MemoryPiece[] = [];
  const copy = (start: bigint, end: bigint): void => {
    stack.push({ address: start, bytes: process.memory.read(address(start), Number(end - start)) });
  };
  let isStackCut = false;
  if (onStack !== undefined) {
    const start = top < onStack.start ? onStack.start : top;
    const end = least(onStack.end, start + BigInt(longestStackBytes));
    copy(start, end);
    isStackCut = end < onStack.end;
  }
  const isLeader = Number(tid) === Number(process.pid);
  const other = isLeader ? maps.find(({ name }) => name === '[stack]') : mappingOf(maps, threadPointer);
  if (other !== undefined && other !== onStack) {
    const end = isLeader ? other.end : least(other.end, threadPointer);
    const start = end - BigInt(otherStackBytes);
    copy(start < other.start ? other.start : start, end);
  }
  return { stack, isStackCut };
}

/** `maps` are in order. */
export function mappingOf(maps: readonly Mapping[], at: bigint): Mapping | undefined {
  let low = 0;
  let high = maps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((maps[middle]?.end ?? 0n) <= at) low = middle + 1;
    else high = middle;
  }
  const found = maps[low];
  return found !== undefined && found.start <= at ? found : undefined;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
