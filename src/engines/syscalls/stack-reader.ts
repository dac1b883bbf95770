/** The stacks of threads at their calls, a line for each frame. */
import type { Process, Thread } from '../../core/index.js';
import {
  backtrace,
  type Demangler,
  demanglerFor,
  type Frame,
  KnownFiles,
  takeSnapshot,
} from '../../snapshot/index.js';

/** Any name of C++: the demangler is loaded for it. */
const mangled = '_Z1fv';

/** Reads the stacks of stopped threads, as text; keeps what it has read of files. */
export class StackReader implements Disposable {
  readonly #demangle: Demangler;
  readonly #known = new Map<Process, KnownFiles>();

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
    const known = this.#known.get(process) ?? new KnownFiles(process.pid);
    this.#known.set(process, known);
    const snapshot = takeSnapshot(process, known.mappings, [thread]);
    const [copy] = snapshot.threads;
    if (copy === undefined) return [];
    return backtrace(snapshot, copy, known.at(snapshot)).map((frame) => this.#text(frame));
  }

  #text({ pc, symbol, offset, file, isSignalFrame }: Frame): string {
    if (isSignalFrame) return '<signal handler called>';
    const name = symbol === undefined ? '' : `${this.#demangle(symbol)}+0x${(offset ?? 0).toString(16)}`;
    return `${file?.name ?? ''}(${name}) [0x${(pc - (file?.bias ?? 0n)).toString(16)}]`;
  }

  /** Of a process that is gone nothing need be kept. */
  forget(process: Process): void {
    this.#known.get(process)?.[Symbol.dispose]();
    this.#known.delete(process);
  }

  /** Closes the files that names were read from. */
  [Symbol.dispose](): void {
    for (const process of [...this.#known.keys()]) this.forget(process);
  }
}
