/** A core file of a stopped process: what the kernel would write if it died now, core(5). */
import { ftruncateSync, writeSync } from 'node:fs';
import { numberOf } from '../base/byte-order.js';
import { address, type Pid } from '../base/ids.js';
import type { Process, Thread } from '../core/index.js';
import { type CoreLayout, type CoreSegment, coreLayout } from './core-layout.js';
import { type DumpedMapping, DumpedMemory, type MemoryRun } from './core-memory.js';
import {
  auxiliaryVectorNote,
  filesNote,
  note,
  processNote,
  regsetNote,
  siginfoNote,
  threadNote,
} from './core-notes.js';
import { commandLineOf, processFacts, taskFacts, taskTexts } from './core-tasks.js';
import { machinePageBytes } from './page-map.js';

export interface CoreOptions {
  /** Comes first in the file, with the signal that it has stopped for: the one that debuggers show. */
  readonly thread?: Thread;
  /** Up to so much memory is copied, and written when the process may run again; more is written at once. */
  readonly mostCopiedBytes?: number;
}

/** What is still to be written. */
export interface PendingCore {
  /**
   * To be called when the process may run again.
   * @returns bytes of the file; parts of it may be holes. @throws Error of Node, for example ENOSPC
   */
  finish(): number;
}

const usuallyCopiedBytes = 256 << 20;
const chunkBytes = 4 << 20;
const elfMagic = [0x7f, 0x45, 0x4c, 0x46];

/** What is copied of a thread. */
interface ThreadCopy {
  readonly tid: number;
  readonly general: Uint8Array;
  /** By note type. */
  readonly regsets: readonly (readonly [number, Uint8Array])[];
  readonly siginfo: Uint8Array | undefined;
}

interface MemoryChunk {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Made before the process is stopped: it looks at the mappings, so that there is less to do then. */
export class CoreTaker {
  readonly #pid: Pid;
  readonly #pageBytes: number;
  readonly #memory: DumpedMemory;

  constructor(pid: Pid, pageBytes = machinePageBytes()) {
    this.#pid = pid;
    this.#pageBytes = pageBytes;
    this.#memory = new DumpedMemory(pid, pageBytes);
  }

  /**
   * Of its process, whose threads are stopped.
   * @param descriptor of a file, empty and open for writing
   * @throws Error of Node where it cannot be written
   */
  take(process: Process, descriptor: number, options: CoreOptions = {}): PendingCore {
    const threads = copyThreads(process, options.thread);
    const dumped = this.#memory.mappings((at) => startsWithElf(process, at));
    const vector = process.program.auxiliaryVector();
    const commandLine = commandLineOf(this.#pid);
    const layOut = (): CoreLayout => {
      const notes = joined(allNotes(process, threads, dumped, vector, commandLine, this.#pageBytes));
      return coreLayout(process.arch, notes, segmentsOf(dumped), this.#pageBytes);
    };
    const runs = dumped.flatMap(({ runs }) => runs);
    const total = runs.reduce((sum, { start, end }) => sum + Number(end - start), 0);
    if (total <= (options.mostCopiedBytes ?? usuallyCopiedBytes)) {
      const kept = runs.flatMap((run) => [...chunksOf(process, run)]);
      return { finish: () => new CoreWriter(descriptor, layOut(), dumped).writeAll(kept) };
    }
    const writer = new CoreWriter(descriptor, layOut(), dumped);
    for (const run of runs) writer.write(chunksOf(process, run));
    return { finish: () => writer.writeAll([]) };
  }
}

function copyThreads(process: Process, first: Thread | undefined): readonly ThreadCopy[] {
  const stopped = [...process.threads.values()].filter(({ isStopped, isForeign }) => isStopped && !isForeign);
  const ordered = first === undefined ? stopped : [first, ...stopped.filter((thread) => thread !== first)];
  const kinds = process.arch.coreFile.notes(process.tracer.machineFacts);
  return ordered.flatMap((thread) => {
    const { tid } = thread;
    const general = thread.readRegset('general');
    if (general === undefined) return [];
    const regsets = kinds.flatMap(({ noteType, sizeBytes, startsWithSize }) => {
      const bytes = process.native.getRegset(tid, noteType, sizeBytes);
      if (bytes === undefined || bytes.length === 0) return [];
      const usedBytes = startsWithSize ? Number(numberOf(bytes.subarray(0, 4))) : bytes.length;
      return [[noteType, bytes.subarray(0, usedBytes)] as const];
    });
    const siginfo = thread === first ? thread.readSiginfo() : undefined;
    return [{ tid, general, regsets, siginfo }];
  });
}

function startsWithElf({ memory }: Process, at: bigint): boolean {
  const magic = memory.read(address(at), elfMagic.length);
  return elfMagic.every((byte, index) => magic[index] === byte);
}

function* chunksOf({ memory }: Process, { start, end }: MemoryRun): Generator<MemoryChunk> {
  for (let at = start; at < end; at += BigInt(chunkBytes))
    yield { address: at, bytes: memory.read(address(at), Math.min(Number(end - at), chunkBytes)) };
}

function* allNotes(
  { arch, pid, tracer }: Process,
  threads: readonly ThreadCopy[],
  dumped: readonly DumpedMapping[],
  vector: Uint8Array,
  commandLine: string,
  pageBytes: number,
): Generator<Uint8Array> {
  const { pointerBytes, coreFile } = arch;
  const signal = signalIn(threads[0]?.siginfo);
  for (const [index, thread] of threads.entries()) {
    const { tid, general, regsets, siginfo } = thread;
    // Two files for each thread take longer than all that is copied of it: where they may, they are read afterwards.
    const texts = taskTexts(pid, tid);
    const facts = { ...taskFacts(texts), tid, general, signal, hasFloatingPoint: regsets.length > 0 };
    yield threadNote(facts, pointerBytes);
    if (index === 0) {
      yield processNote(processFacts(pid, texts, commandLine), pointerBytes, coreFile.userIdBytes);
      if (siginfo !== undefined) yield siginfoNote(siginfo);
      yield auxiliaryVectorNote(vector);
      const mappings = dumped.map(({ mapping }) => mapping);
      yield filesNote(mappings, pointerBytes, pageBytes);
    }
    for (const [noteType, bytes] of regsets) yield regsetNote(noteType, bytes);
  }
  for (const [noteType, contents] of coreFile.machineNotes(tracer.machineFacts))
    yield note('LINUX', noteType, contents);
}

function segmentsOf(dumped: readonly DumpedMapping[]): readonly CoreSegment[] {
  return dumped.map(({ mapping, fileBytes }) => ({
    start: mapping.start,
    memoryBytes: mapping.end - mapping.start,
    fileBytes,
    flags: flagsOf(mapping.permissions),
  }));
}

/** si_signo; 0: none. */
function signalIn(siginfo: Uint8Array | undefined): number {
  return siginfo === undefined ? 0 : Number(numberOf(siginfo.subarray(0, 4)));
}

/** PF_R, PF_W, PF_X. */
function flagsOf(permissions: string): number {
  const bits = [4, 2, 1];
  return bits.reduce((flags, bit, index) => (permissions[index] === '-' ? flags : flags | bit), 0);
}

function joined(parts: Iterable<Uint8Array>): Uint8Array {
  const all = [...parts];
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Memory comes in ascending order. */
class CoreWriter {
  readonly #descriptor: number;
  readonly #layout: CoreLayout;
  readonly #dumped: readonly DumpedMapping[];
  /** Index of the mapping that the last chunk was of. */
  #at = 0;

  constructor(descriptor: number, layout: CoreLayout, dumped: readonly DumpedMapping[]) {
    this.#descriptor = descriptor;
    this.#layout = layout;
    this.#dumped = dumped;
  }

  /** @returns bytes of the file; parts of it may be holes */
  writeAll(chunks: readonly MemoryChunk[]): number {
    ftruncateSync(this.#descriptor, this.#layout.fileBytes);
    this.#writeAt(this.#layout.head, 0);
    this.write(chunks);
    return this.#layout.fileBytes;
  }

  write(chunks: Iterable<MemoryChunk>): void {
    for (const { address: at, bytes } of chunks) {
      while ((this.#dumped[this.#at]?.mapping.end ?? at + 1n) <= at) this.#at += 1;
      const start = this.#dumped[this.#at]?.mapping.start ?? at;
      this.#writeAt(bytes, (this.#layout.offsets[this.#at] ?? 0) + Number(at - start));
    }
  }

  #writeAt(bytes: Uint8Array, place: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, place + done);
  }
}
