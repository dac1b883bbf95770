/**
 * Who goes first where engines stand in each other's way: one wants a thread to take a step with every other one held, and
 * another one the same of another thread. Each holds what the other one waits for, and nothing would ever run.
 *
 * A hold yields (`Engine.yields`) that is only meant for the time of such a step. Then the one that has waited longest has
 * its step, and the others theirs afterwards.
 */
import type { Attachment } from './attachment.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

export class Turns {
  readonly #process: Process;
  #thread: Thread | undefined;

  constructor(process: Process) {
    this.#process = process;
  }

  /** Whether a hold of this thread counts for nothing at the moment. */
  overrules(attachment: Attachment, thread: Thread): boolean {
    return this.#thread === thread && attachment.engine.yields?.(thread) === true;
  }

  /** The thread has stopped, or is gone. */
  end(thread: Thread): void {
    if (this.#thread === thread) this.#thread = undefined;
  }

  /** Nothing runs. @returns a thread that is to be let run now */
  next(): Thread | undefined {
    const waiting = this.#process.attachments.filter(({ engine }) => engine.yields !== undefined);
    if (this.#thread !== undefined || waiting.length < 2) return undefined;
    for (const attachment of waiting.toSorted((a, b) => a.resumeOrder - b.resumeOrder)) {
      const thread = this.#stepOf(attachment);
      if (thread === undefined) continue;
      this.#thread = thread;
      return thread;
    }
    return undefined;
  }

  /** A thread that it wants to step, and that only holds which yield are in the way of. */
  #stepOf(attachment: Attachment): Thread | undefined {
    for (const thread of this.#process.threads.values()) {
      if (!thread.isStopped || thread.isAwaited || attachment.voteFor(thread).kind !== 'step') continue;
      const holders = this.#process.attachments.filter((other) => other.voteFor(thread).kind === 'hold');
      if (holders.length > 0 && holders.every(({ engine }) => engine.yields?.(thread) === true))
        return thread;
    }
    return undefined;
  }
}
