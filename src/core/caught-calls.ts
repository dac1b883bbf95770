/** The system calls that engines want to hear of, and what native code is told of that. */
import type { Process } from './process.js';

/** System calls by their numbers on the process's machine. */
export type CaughtSystemCalls = 'none' | 'all' | ReadonlySet<number>;

export class CaughtCalls {
  readonly #process: Process;
  #isCatching = false;

  constructor(process: Process) {
    this.#process = process;
  }

  /** With the first wish, threads that run are stopped and let run anew, so that the kernel tells of their calls. */
  wishesChanged(): void {
    const { attachments, native, space, threads } = this.#process;
    const calls = union(attachments.map((attachment) => attachment.caughtSystemCalls));
    native.setCaughtCalls(space, calls);
    const wasCatching = this.#isCatching;
    this.#isCatching = calls.length > 0;
    if (!this.#isCatching || wasCatching) return;
    for (const thread of threads.values()) if (!thread.isListening) this.#process.interrupt(thread);
    this.#process.tracer.schedulePump();
  }
}

function union(wishes: readonly CaughtSystemCalls[]): 'all' | readonly number[] {
  if (wishes.includes('all')) return 'all';
  return [...new Set(wishes.flatMap((wish) => (typeof wish === 'string' ? [] : [...wish])))];
}
