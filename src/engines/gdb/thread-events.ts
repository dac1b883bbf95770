/**
 * Which beginnings and ends of threads the client hears of: of all threads (`QThreadEvents`), or what single threads
 * do (`QThreadOptions`, of which new threads have none).
 */
import type { Pid, Tid } from '../../base/ids.js';
import type { Process, Thread } from '../../core/index.js';

/** Bits of `QThreadOptions` (GDB manual, "General Query Packets"). */
const threadOptions = { clone: 1, exit: 2 } as const;
export const knownThreadOptions = threadOptions.clone | threadOptions.exit;

export class ThreadEvents {
  /** Every thread's beginning and end is reported. */
  isOn = false;
  readonly #options = new Map<Thread, number>();

  setOptions(thread: Thread, options: number): void {
    if (options === 0) this.#options.delete(thread);
    else this.#options.set(thread, options);
  }

  /** A process is gone, or the client's no more. */
  forget(process: Process): void {
    for (const thread of this.#options.keys()) if (thread.process === process) this.#options.delete(thread);
  }

  /** Whether any thread's clones are reported. */
  get wantsClones(): boolean {
    for (const options of this.#options.values()) if ((options & threadOptions.clone) !== 0) return true;
    return false;
  }

  /** Whether threads that this one makes are reported by it. */
  reportsClone(maker: Thread): boolean {
    return ((this.#options.get(maker) ?? 0) & threadOptions.clone) !== 0;
  }

  /** A thread is gone; whether that is reported. Its options are gone with it. */
  takeExit(pid: Pid, tid: Tid): boolean {
    for (const [thread, options] of this.#options) {
      if (thread.tid !== tid || thread.process.pid !== pid) continue;
      this.#options.delete(thread);
      return this.isOn || (options & threadOptions.exit) !== 0;
    }
    return this.isOn;
  }
}
