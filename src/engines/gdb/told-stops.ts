/** Why threads stopped, as far as the client was told and has not let them run since. */
import type { Process, Thread } from '../../core/index.js';
import { type Stop, threadOf } from './pending-stops.js';
import type { ResumePlan } from './process-set.js';

export class ToldStops {
  readonly #stops = new Map<Thread, Stop>();

  note(stop: Stop): void {
    const thread = threadOf(stop);
    if (thread !== undefined) this.#stops.set(thread, stop);
  }

  of(thread: Thread): Stop | undefined {
    return this.#stops.get(thread);
  }

  /** These threads are let run; those that are gone are forgotten with them. */
  forgetResumed(plan: ResumePlan): void {
    for (const thread of this.#stops.keys()) {
      if (!thread.isAlive) this.#stops.delete(thread);
      for (const choices of plan.values()) if (choices.has(thread)) this.#stops.delete(thread);
    }
  }

  /** The process is the client's no more. */
  forget(process: Process): void {
    for (const thread of this.#stops.keys()) if (thread.process === process) this.#stops.delete(thread);
  }
}
