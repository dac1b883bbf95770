/** Which children of a process's threads no engine need hear of: native code takes them up by itself. */
import type { Process } from './process.js';

export class QuietChildren {
  readonly #process: Process;
  #threads = false;
  #processes = false;

  constructor(process: Process) {
    this.#process = process;
  }

  /** To be called when an engine wants to hear of something else, or anything else of a new thread. */
  wishesChanged(): void {
    const { attachments, hardware, debugRegisters, native, space, caughtCalls } = this.#process;
    const isAnyone = attachments.length > 0;
    // A filter must not be left in them without a tracer.
    const mayGo = !caughtCalls.filter.isInstalled;
    const processes = isAnyone && mayGo && attachments.every(({ engine }) => !engine.mask.has('fork'));
    // The kernel gives new threads no debug registers.
    const threads =
      isAnyone &&
      hardware.image === debugRegisters.none &&
      attachments.every(({ engine: { mask }, wishForNew }) => {
        return wishForNew === 'continue' && !mask.has('clone') && !mask.has('thread-start');
      });
    if (threads === this.#threads && processes === this.#processes) return;
    this.#threads = threads;
    this.#processes = processes;
    native.setQuietChildren(space, threads, processes);
  }
}
