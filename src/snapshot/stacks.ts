/** The stacks of all threads of a snapshot, with names as people write them. */
import type { Pid, Tid } from '../base/ids.js';
import { backtrace, type Frame } from './backtrace.js';
import { demanglerFor } from './demangle.js';
import { MappedFiles } from './mapped-files.js';
import type { ProcessSnapshot } from './snapshot.js';

/** A frame, with names as far as they are known. */
export interface StackFrame {
  readonly pc: bigint;
  /** undefined: unknown. */
  readonly function: string | undefined;
  /** From the beginning of that function. */
  readonly offset: number | undefined;
  /** The file that the code is in, as the process knows it; undefined: it is in none. */
  readonly file: string | undefined;
  /** The kernel made it for a signal handler: the next one is what was interrupted. */
  readonly isSignalFrame: boolean;
}

/** The stack of a thread, the innermost frame first. */
export interface ThreadStack {
  readonly tid: Tid;
  readonly name: string;
  /** 0n: unknown. */
  readonly threadPointer: bigint;
  /** The innermost first. */
  readonly frames: readonly StackFrame[];
}

/** The stacks of all threads of a process, with the names of functions. */
export interface ProcessStacks {
  readonly pid: Pid;
  readonly pointerBytes: 4 | 8;
  /** In the order in which the process made them. */
  readonly threads: readonly ThreadStack[];
  /** The program's own file. */
  readonly program: string | undefined;
  /** What could not be read, a line each. */
  readonly complaints: readonly string[];
}

/** The stacks in a snapshot; files with symbols are read for it, and the process runs meanwhile. */
export async function stacksOf(snapshot: ProcessSnapshot): Promise<ProcessStacks> {
  using files = new MappedFiles(snapshot.pid, snapshot.mappings, snapshot.kernelCode);
  return await stacksWith(snapshot, files);
}

/** As `stacksOf`, by files that are kept for the next snapshot of the process. */
export async function stacksWith(snapshot: ProcessSnapshot, files: MappedFiles): Promise<ProcessStacks> {
  const walked = snapshot.threads.map((thread) => ({ thread, frames: backtrace(snapshot, thread, files) }));
  const symbols = walked.flatMap(({ frames }) => frames.flatMap(({ symbol }) => symbol ?? []));
  const demangle = await demanglerFor(symbols);
  const threads = walked.map(({ thread, frames }) => ({
    tid: thread.tid,
    name: thread.name,
    threadPointer: thread.threadPointer,
    frames: frames.map((frame) => shown(frame, demangle)),
  }));
  const cut = snapshot.threads.filter(({ isStackCut }) => isStackCut);
  return {
    pid: snapshot.pid,
    pointerBytes: snapshot.arch.pointerBytes,
    threads,
    program: snapshot.programPath,
    complaints: [
      ...files.complaints,
      ...cut.map(({ tid }) => `the stack of thread ${tid} is so long that only its newest part was copied`),
    ],
  };
}

function shown(
  { pc, symbol, offset, file, isSignalFrame }: Frame,
  demangle: (symbol: string) => string,
): StackFrame {
  return { pc, function: symbol && demangle(symbol), offset, file: file?.name, isSignalFrame };
}
