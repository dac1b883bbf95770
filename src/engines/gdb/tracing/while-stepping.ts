/** Threads that are stepped because a tracepoint wants the instructions behind it recorded. */
import type { Tid } from '../../../base/ids.js';
import type { Thread } from '../../../core/index.js';
import type { Tracepoint } from './tracepoint.js';

export class WhileStepping {
  readonly #left = new Map<Tid, Map<Tracepoint, number>>();

  /** A hit: its steps are to come, those of an earlier hit with it. */
  begin(thread: Thread, tracepoint: Tracepoint): void {
    const ofThread = this.#left.get(thread.tid) ?? new Map<Tracepoint, number>();
    ofThread.set(tracepoint, tracepoint.stepCount);
    this.#left.set(thread.tid, ofThread);
  }

  isUnderWay(thread: Thread): boolean {
    return this.#left.has(thread.tid);
  }

  /** A step has ended. Those that want it recorded; `isLast`: their count is reached. */
  count(thread: Thread): readonly { readonly tracepoint: Tracepoint; readonly isLast: boolean }[] {
    const ofThread = this.#left.get(thread.tid);
    if (ofThread === undefined) return [];
    const wanted = [...ofThread].map(([tracepoint, left]) => ({ tracepoint, isLast: left <= 1 }));
    for (const { tracepoint, isLast } of wanted) {
      if (isLast) ofThread.delete(tracepoint);
      else ofThread.set(tracepoint, (ofThread.get(tracepoint) ?? 1) - 1);
    }
    if (ofThread.size === 0) this.#left.delete(thread.tid);
    return wanted;
  }

  forget(thread: Tid): void {
    this.#left.delete(thread);
  }

  clear(): void {
    this.#left.clear();
  }
}
