/** Names and processors of a process's threads: many are read in one call, and again only when they may have changed. */
import type { Pid } from '../base/ids.js';
import { nativeBinding } from '../native/binding.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

export interface ThreadStat {
  /** comm, up to 15 bytes, decoded as UTF-8; empty when the thread is gone, or foreign: it bears that of a process then. */
  readonly name: string;
  /** CPU that it last ran on. */
  readonly core: number;
}

const nothingKnown: ThreadStat = { name: '', core: 0 };

export class ThreadStats {
  readonly #process: Process;
  #known = new Map<Thread, ThreadStat>();
  /** The process's when `#known` was begun. */
  #runCount = -1;

  constructor(process: Process) {
    this.#process = process;
  }

  /** In the same order. */
  of(threads: readonly Thread[]): readonly ThreadStat[] {
    const known = this.#whatHolds();
    const unknown = threads.filter((thread) => !known.has(thread));
    const isOwn = (thread: Thread): boolean => !thread.isForeign;
    read(this.#process.pid, unknown.filter(isOwn), known);
    for (const thread of unknown) if (thread.isForeign) read(thread.group, [thread], known);
    return threads.map((thread) => known.get(thread) ?? nothingKnown);
  }

  /** Thread pointers, in the same order; 0n: unknown, or the thread is not stopped. */
  pointersOf(threads: readonly Thread[]): BigUint64Array {
    return this.#process.native.threadPointers(tidsOf(threads));
  }

  /** Where a thread ran changes when it runs, and its name when any thread of its process does. */
  #whatHolds(): Map<Thread, ThreadStat> {
    const { runCount, runningThreads } = this.#process;
    if (runningThreads.size > 0) return new Map();
    if (runCount !== this.#runCount) this.#known = new Map();
    this.#runCount = runCount;
    return this.#known;
  }
}

function tidsOf(threads: readonly Thread[]): Int32Array {
  return Int32Array.from(threads, (thread) => thread.tid);
}

function read(group: Pid, threads: readonly Thread[], into: Map<Thread, ThreadStat>): void {
  if (threads.length === 0) return;
  const { names, cpus } = nativeBinding().taskStats(group, tidsOf(threads));
  threads.forEach((thread, index) => {
    const name = thread.isForeign ? '' : (names[index] ?? '');
    into.set(thread, { name, core: cpus[index] ?? 0 });
  });
}
