/** Registers that a client has put aside, to have them back after a call that it makes the program do. */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import type { Thread } from '../../../core/index.js';

interface Saved {
  readonly thread: Thread;
  readonly regsets: ReadonlyMap<string, Uint8Array>;
}

/** Clients that are interrupted do not ask for all of them. */
const mostSaved = 1000;

export class SavedRegisters implements Disposable {
  readonly #states = new Map<number, Saved>();
  #lastId = 0;

  /** @returns the id for `restore`, above 0 */
  save(thread: Thread): number {
    this.#lastId += 1;
    this.#states.set(this.#lastId, { thread, regsets: thread.saveRegsets() });
    const [oldest] = this.#states.keys();
    if (this.#states.size > mostSaved && oldest !== undefined) this.#states.delete(oldest);
    return this.#lastId;
  }

  /**
   * Takes what was saved, which is gone afterwards.
   * @returns the regsets that the kernel would not take
   * @throws OutstepError WRONG_STATE for an id that is not there, or of another thread
   */
  restore(id: number, thread: Thread): readonly string[] {
    const state = this.#states.get(id);
    if (state === undefined || state.thread !== thread) {
      const message = `registers ${id} were not saved of thread ${thread.tid}, or were put back already`;
      throw new OutstepError(errorCodes.WRONG_STATE, message);
    }
    this.#states.delete(id);
    return thread.restoreRegsets(state.regsets);
  }

  [Symbol.dispose](): void {
    this.#states.clear();
  }
}
