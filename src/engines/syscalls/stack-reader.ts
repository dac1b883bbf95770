/** The stacks of threads at their calls, a line for each frame. */
import type { Process, Thread } from '../../core/index.js';
import {
  backtrace,
  type Demangler,
  demanglerFor,
  type Frame,
  KnownMappings,
  MappedFiles,
  type ProcessSnapshot,
  takeSnapshot,
} from '../../snapshot/index.js';

/** Any name of C++: the demangler is loaded for it. */
const mangled = '_Z1fv';

/** What is known of a program; another one when it executes another. */
interface Known {
  readonly mappings: KnownMappings;
  files: MappedFiles | undefined;
  snapshot: ProcessSnapshot['mappings'];
}

/** Reads the stacks of stopped threads, as text; keeps what it has read of files. */
export class StackReader implements Disposable {
  readonly #demangle: Demangler;
  readonly #known = new Map<Process, Known>();

  private constructor(demangle: Demangler) {
    this.#demangle = demangle;
  }

  /** Loads what names of functions are demangled with. */
  static async open(): Promise<StackReader> {
    return new StackReader(await demanglerFor([mangled]));
  }

  /** Innermost first, as `FILE(FUNCTION+0xOFFSET) [0xADDRESS]`, the address as it is in the file; of a stopped thread. */
  framesOf(thread: Thread): readonly string[] {
    const { process } = thread;
    const known = this.#known.get(process) ?? {
      mappings: new KnownMappings(process.pid),
      files: undefined,
      snapshot: [],
    };
    this.#known.set(process, known);
    const snapshot = takeSnapshot(process, known.mappings, [thread]);
    const [copy] = snapshot.threads;
    if (copy === undefined) return [];
    const files = filesOf(known, snapshot);
    return backtrace(snapshot, copy, files).map((frame) => this.#text(frame));
  }

  #text({ pc, symbol, offset, file, isSignalFrame }: Frame): string {
    if (isSignalFrame) return '<signal handler called>';
    const name = symbol === undefined ? '' : `${this.#demangle(symbol)}+0x${(offset ?? 0).toString(16)}`;
    return `${file?.name ?? ''}(${name}) [0x${(pc - (file?.bias ?? 0n)).toString(16)}]`;
  }

  /** Of a process that is gone nothing need be kept. */
  forget(process: Process): void {
    this.#known.get(process)?.files?.[Symbol.dispose]();
    this.#known.delete(process);
  }

  /** Closes the files that names were read from. */
  [Symbol.dispose](): void {
    for (const process of [...this.#known.keys()]) this.forget(process);
  }
}

function filesOf(known: Known, { pid, mappings, kernelCode }: ProcessSnapshot): MappedFiles {
  if (known.files !== undefined && known.snapshot === mappings) return known.files;
  known.files?.[Symbol.dispose]();
  known.files = new MappedFiles(pid, mappings, kernelCode);
  known.snapshot = mappings;
  return known.files;
}
