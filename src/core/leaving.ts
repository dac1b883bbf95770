/**
 * How a process is let go when no engine is left: at once, when its last thread has stopped, or, where one that engines
 * are attached to has the same memory, only when that is over.
 */
import type { KernelSignal } from '../base/ids.js';
import type { ResumeAction } from './engine.js';
import type { Process } from './process.js';
import type { ThreadRunner } from './thread-runner.js';

export class Leaving {
  readonly #process: Process;
  readonly #runner: ThreadRunner;
  readonly #close: () => void;
  #isEscorted = false;
  /** It is let go when its last thread has stopped. */
  #isDue = false;

  /** `close`: the process is nobody's any more. */
  constructor(process: Process, runner: ThreadRunner, close: () => void) {
    this.#process = process;
    this.#runner = runner;
    this.#close = close;
  }

  /**
   * For each of its threads, where no engine has one. When one wants the memory that it shares it runs past the sites,
   * hidden.
   */
  get wish(): ResumeAction {
    return { kind: this.#isEscorted ? 'continue' : 'hold' };
  }

  /** An engine is attached again. */
  stay(): void {
    this.#isEscorted = false;
    this.#isDue = false;
  }

  /** As `Process.release`. */
  release(deliver: (signal: KernelSignal) => boolean): void {
    for (const thread of this.#process.threads.values()) {
      const pending = thread.signalOverride ?? thread.pendingSignal ?? 0;
      thread.signalOverride = pending !== 0 && deliver(pending as KernelSignal) ? pending : 0;
    }
    if (this.#process.addressSpace.hasEngine) this.#escort();
    else this.#letGo();
  }

  #escort(): void {
    const process = this.#process;
    this.#isEscorted = true;
    process.tracer.hideProcess(process);
    process.passSignalsChanged();
    process.caughtCalls.wishesChanged();
    process.resumeWanted();
  }

  letGoWhenStopped(): void {
    const process = this.#process;
    this.#isEscorted = false;
    this.#isDue = true;
    for (const thread of process.threads.values()) process.interrupt(thread);
    process.tracer.schedulePump();
  }

  /** To be called when no thread runs. */
  threadsStopped(): void {
    if (this.#isDue) this.#letGo();
  }

  /** To be called when it has a memory of its own. */
  memoryLeft(): void {
    if (this.#isEscorted) this.#letGo();
  }

  #letGo(): void {
    const process = this.#process;
    if (!process.isAlive || process.attachments.length > 0) return;
    if (process.runningThreads.size > 0) {
      // Only a stopped thread can be let go.
      this.#hide();
      return;
    }
    const caller = process.threadForCalls();
    const { filter } = process.caughtCalls;
    const { orphanHandler, slots, isShared } = process.addressSpace;
    const needsCaller = filter.isInstalled || (orphanHandler.isInstalled && !isShared);
    if (caller === undefined && needsCaller && process.threads.size > 0) {
      this.#leaveCalls();
      return;
    }
    if (caller !== undefined) {
      if (filter.isInstalled) filter.handOver(caller);
      if (!isShared) {
        orphanHandler.release(caller);
        slots.release(caller);
      }
    }
    this.#detach();
  }

  #detach(): void {
    const process = this.#process;
    const threads = [...process.threads.values()];
    for (const thread of threads) {
      thread.endRangeRun();
      this.#runner.storeDebugRegisters(thread);
      process.native.detach(thread.tid, thread.signalOverride ?? thread.pendingSignal ?? 0);
    }
    for (const thread of threads) process.forgetThread(thread);
    this.#close();
  }

  #hide(): void {
    this.#isDue = true;
    this.#process.tracer.hideProcess(this.#process);
  }

  /** Every thread is inside a system call: one of them comes out of it before the process is let go. */
  #leaveCalls(): void {
    const process = this.#process;
    this.#hide();
    const [thread] = process.threads.values();
    if (thread === undefined) return;
    process.native.resume(thread.tid, 'continue', 0);
    thread.enter({ kind: 'running' });
    process.interrupt(thread);
    process.tracer.schedulePump();
  }
}
