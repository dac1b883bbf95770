/** Has the threads of a process stop, and knows when they have, those that cannot be stopped included. */
import { threadState } from './proc.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** How long a thread may take to stop before it is looked at whether it can. */
const longestAnswerMs = 1000;

export class ThreadStopper {
  readonly #process: Process;
  #waiters: (() => void)[] = [];
  #sleepTimer: NodeJS.Timeout | undefined;

  constructor(process: Process) {
    this.#process = process;
  }

  /** Interrupts every running thread; resolves when none runs but those that sleep uninterruptibly. */
  stopRunning(): Promise<void> {
    for (const thread of this.#process.runningThreads) this.interrupt(thread);
    if (!this.anyRunning()) return Promise.resolve();
    this.#process.tracer.schedulePump();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  interrupt(thread: Thread): void {
    if (!thread.isRunning || thread.isInterrupted) return;
    this.#process.native.interrupt(thread.tid);
    this.noteInterrupted(thread);
  }

  /** PTRACE_INTERRUPT was called for it. */
  noteInterrupted(thread: Thread): void {
    thread.isInterrupted = true;
    this.#watchSleepers();
  }

  /** Whether a thread may execute an instruction before it stops. */
  anyRunning(): boolean {
    for (const thread of this.#process.runningThreads) if (!thread.isAsleep) return true;
    return false;
  }

  /** Nothing runs, or there is nothing left to wait for. */
  resolveWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  close(): void {
    clearTimeout(this.#sleepTimer);
    this.resolveWaiters();
  }

  /** Whoever does not answer an interrupt for long may be asleep. */
  #watchSleepers(): void {
    this.#sleepTimer ??= setTimeout(() => {
      this.#sleepTimer = undefined;
      const { runningThreads, tracer } = this.#process;
      const silent = [...runningThreads].filter((thread) => thread.isInterrupted && !thread.isAsleep);
      for (const thread of silent) thread.isAsleep = threadState(thread.tid) === 'D';
      if (silent.some(({ isAsleep }) => isAsleep)) tracer.schedulePump();
      if (silent.some(({ isAsleep }) => !isAsleep)) this.#watchSleepers();
    }, longestAnswerMs).unref();
  }
}
