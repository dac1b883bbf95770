/** Names and processors of a process's threads: many are read in one call, and again only when they may have changed. */
import type { Pid } from '../base/ids.js';
import { nativeBinding } from '../native/binding.js';
import type { NativeTaskLineFormat, NativeTaskStats } from '../native/binding-types.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** TASK_COMM_LEN, <linux/sched.h>. */
const commBytes = 16;
/** A byte order mark is a character of the name like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** How a thread is written in a line. */
export type ThreadLineFormat = NativeTaskLineFormat;

/** What is known of threads of one thread group, in the same order; of one that is gone nothing and 0. */
export interface ThreadColumns extends NativeTaskStats {
  readonly threads: readonly Thread[];
  readonly tids: Int32Array;
}

export class ThreadStats {
  readonly #process: Process;
  /** The list that was asked for last of each thread group. */
  #known = new Map<Pid, ThreadColumns>();
  /** The process's when `#known` was begun. */
  #runCount = -1;

  constructor(process: Process) {
    this.#process = process;
  }

  /** `threads` are of one thread group. */
  of(threads: readonly Thread[]): ThreadColumns {
    const group = threads[0]?.group ?? this.#process.pid;
    const known = this.#whatHolds();
    const before = known.get(group);
    if (before !== undefined && isSame(before.threads, threads)) return before;
    const columns = read(group, threads);
    known.set(group, columns);
    return columns;
  }

  /**
   * A line for each of `threads`, which are of one thread group, in UTF-8. `nameText` makes of a name what stands in the
   * line; names are empty where they are unknown, as those of foreign threads are. Thread pointers that are unknown are
   * left out, and all of them when they have no bytes.
   */
  lines(
    threads: readonly Thread[],
    format: ThreadLineFormat,
    nameText: (name: string) => string,
  ): Uint8Array {
    const { tids, cpus, comms } = this.of(threads);
    const pointers = format.pointerBytes > 0 ? this.pointersOf(tids) : undefined;
    const isForeign = threads[0]?.isForeign === true;
    const textOf = (comm: Uint8Array): string => nameText(isForeign ? '' : decoder.decode(comm));
    return nativeBinding().taskLines(format, tids, cpus, comms, pointers, textOf);
  }

  /** comm, up to 15 bytes, decoded as UTF-8; empty when the thread is gone, or foreign: it bears that of a process then. */
  nameOf(thread: Thread): string {
    if (thread.isForeign) return '';
    const known = this.#whatHolds().get(thread.group);
    const index = known?.threads.indexOf(thread) ?? -1;
    if (known !== undefined && index >= 0) return nameAt(known, index);
    return nameAt(read(thread.group, [thread]), 0);
  }

  /** As `nameOf`, in the same order, of threads of one thread group. */
  namesOf(threads: readonly Thread[]): readonly string[] {
    const columns = this.of(threads);
    return threads.map((_, index) => nameAt(columns, index));
  }

  /** Thread pointers, in the same order; 0n: unknown, or the thread is not stopped. */
  pointersOf(tids: Int32Array): BigUint64Array {
    return this.#process.native.threadPointers(tids);
  }

  /** Where a thread ran changes when it runs, and its name when any thread of its process does. */
  #whatHolds(): Map<Pid, ThreadColumns> {
    const { runCount, runningThreads } = this.#process;
    if (runningThreads.size > 0) return new Map();
    if (runCount !== this.#runCount) this.#known = new Map();
    this.#runCount = runCount;
    return this.#known;
  }
}

function isSame(threads: readonly Thread[], others: readonly Thread[]): boolean {
  return threads.length === others.length && threads.every((thread, index) => thread === others[index]);
}

function read(group: Pid, threads: readonly Thread[]): ThreadColumns {
  const tids = Int32Array.from(threads, ({ tid }) => tid);
  const { comms, cpus } = nativeBinding().taskStats(group, tids);
  return { threads, tids, comms, cpus };
}

function nameAt({ comms }: ThreadColumns, index: number): string {
  const comm = comms.subarray(index * commBytes, (index + 1) * commBytes);
  const end = comm.indexOf(0);
  return decoder.decode(end < 0 ? comm : comm.subarray(0, end));
}
