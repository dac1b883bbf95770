/**
 * Signals that the client gave to threads in a resume that was answered at once with a stop of another thread. The
 * client takes them for delivered and does not give them again, so the next resume of the thread delivers them.
 */
import type { Thread } from '../../core/index.js';
import type { ResumePlan } from './process-set.js';

export class OwedSignals {
  readonly #signals = new Map<Thread, number>();

  get isEmpty(): boolean {
    return this.#signals.size === 0;
  }

  /** Adds what is owed to the threads that are about to be resumed; a new signal takes an owed one's place. */
  addTo(plan: ResumePlan): void {
    for (const choices of plan.values()) {
      for (const [thread, choice] of choices) {
        if (choice.signal === 0) choice.signal = this.#signals.get(thread) ?? 0;
      }
    }
  }

  /** The plan is not carried out now. */
  keep(plan: ResumePlan): void {
    for (const choices of plan.values()) {
      for (const [thread, choice] of choices)
        if (choice.signal !== 0) this.#signals.set(thread, choice.signal);
    }
  }

  /** The plan is carried out. */
  settle(plan: ResumePlan): void {
    for (const choices of plan.values()) for (const thread of choices.keys()) this.#signals.delete(thread);
  }
}
