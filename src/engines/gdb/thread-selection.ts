/**
 * Which thread a packet is about. The client selects one for registers and memory (`Hg`) and one for the old resume
 * packets (`Hc`); both are patterns until they are looked up among the threads that exist.
 */
import type { ThreadSelector } from 'gdb-js-rsp-parser';
import { errorCodes, OutstepError } from '../../base/errors.js';
import type { Process, Thread } from '../../core/index.js';

export interface ThreadIdentity {
  readonly tid: number;
  readonly process: { readonly pid: number };
}

const anyThread: ThreadSelector = { process: undefined, thread: 'any' };

/** Whether a thread is among those that a selector names. "Any" matches like "all"; who wants one takes the first. */
export function selects(selector: ThreadSelector, thread: ThreadIdentity): boolean {
  return (
    (typeof selector.process !== 'number' || selector.process === thread.process.pid) &&
    (typeof selector.thread !== 'number' || selector.thread === thread.tid)
  );
}

/** Whether a selector names threads of a process without naming one, and so future threads as well. */
export function selectsWholeProcess(selector: ThreadSelector, process: { readonly pid: number }): boolean {
  return (
    typeof selector.thread !== 'number' &&
    (typeof selector.process !== 'number' || selector.process === process.pid)
  );
}

export class ThreadSelection {
  /** What `Hc` selected; governs `c`, `s`, `C` and `S`. */
  forResume: ThreadSelector = anyThread;
  /** Kept when it is gone: questions about its process can still be answered. undefined: any. */
  #general: Thread | undefined;
  readonly #threads: () => Iterable<Thread>;

  /** `threads`: every thread that the client knows of, or may. */
  constructor(threads: () => Iterable<Thread>) {
    this.#threads = threads;
  }

  /** The first thread that the selector names. */
  find(selector: ThreadSelector): Thread | undefined {
    // Mostly the one that it has selected already, among thousands.
    const general = this.#general;
    const isIt = typeof selector.thread === 'number' && general?.isStopped && selects(selector, general);
    if (isIt) return general;
    for (const thread of this.#threads()) if (selects(selector, thread)) return thread;
    return undefined;
  }

  /** @throws OutstepError NO_SUCH_THREAD */
  require(selector: ThreadSelector): Thread {
    const thread = this.find(selector);
    if (thread === undefined) throw new OutstepError(errorCodes.NO_SUCH_THREAD, 'no such thread');
    return thread;
  }

  /** Makes a thread the general one: the client selected it, or a stop of it was reported. */
  setGeneral(thread: Thread): void {
    this.#general = thread;
  }

  /** `Hg`. @returns false when no thread is selected by that. */
  selectGeneral(selector: ThreadSelector): boolean {
    const current = this.general();
    // "Any" leaves the choice to the stub: the thread that the client heard of last is the one it means.
    if (selector.thread === 'any' && current !== undefined && selects(selector, current)) return true;
    const thread = this.find(selector);
    if (thread !== undefined) this.setGeneral(thread);
    else if (selectsEverything(selector)) this.#general = undefined;
    else return false;
    return true;
  }

  /** The general thread; undefined when it is gone or there is none at all. */
  general(): Thread | undefined {
    if (this.#general === undefined) return this.find(anyThread);
    if (this.#general.isAlive) return this.#general;
    // That its process has ended may be what the client is not to know yet.
    for (const thread of this.#threads()) if (thread === this.#general) return thread;
    return undefined;
  }

  /** @throws OutstepError NO_SUCH_THREAD */
  requireGeneral(): Thread {
    const thread = this.general();
    if (thread === undefined)
      throw new OutstepError(errorCodes.NO_SUCH_THREAD, 'the selected thread is gone');
    return thread;
  }

  /** The process of the general thread, which may itself be gone. @throws OutstepError NO_SUCH_PROCESS */
  requireProcess(): Process {
    const process = this.#general?.process ?? this.find(anyThread)?.process;
    if (process === undefined) throw new OutstepError(errorCodes.NO_SUCH_PROCESS, 'no process');
    return process;
  }

  /** Forgets a process that is gone or no longer the client's. */
  forget(process: Process): void {
    if (this.#general?.process === process) this.#general = undefined;
  }
}

function selectsEverything(selector: ThreadSelector): boolean {
  return typeof selector.process !== 'number' && typeof selector.thread !== 'number';
}
