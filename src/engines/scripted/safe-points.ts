/**
 * Has threads stop where that disturbs no system call: one that waits in a call is met where it comes back from it, by a
 * breakpoint, and goes on waiting until then; one that runs in the program is stopped at once.
 */
import { errorCodes, isOutstepError } from '../../base/errors.js';
import type { Address } from '../../base/ids.js';
import type { Attachment, CoreEvent, Thread } from '../../core/index.js';

interface Expected {
  readonly attachment: Attachment;
  readonly at: Address;
  /** The script had a breakpoint there before. */
  readonly isShared: boolean;
  readonly settle: (isMet: boolean) => void;
}

export class SafePoints {
  readonly #expected = new Map<Thread, Expected>();
  readonly #onNeedsChanged: () => void;

  /** `onNeedsChanged`: whether anything is expected has changed. */
  constructor(onNeedsChanged: () => void) {
    this.#onNeedsChanged = onNeedsChanged;
  }

  get isWaiting(): boolean {
    return this.#expected.size > 0;
  }

  /**
   * Resolves to true when the thread is at a safe point, held; to false when it must be interrupted for that: it runs in
   * the program, is stopped already, or cannot be met; or when it is gone.
   */
  meet(attachment: Attachment, thread: Thread): Promise<boolean> {
    const at = thread.callReturn();
    if (at === undefined) return Promise.resolve(false);
    const isShared = attachment.hasBreakpoint(at);
    if (!insert(attachment, at)) return Promise.resolve(false);
    const met = new Promise<boolean>((resolve) => {
      this.#expected.set(thread, { attachment, at, isShared, settle: resolve });
    });
    this.#onNeedsChanged();
    // It may have come back before the breakpoint was there.
    if (thread.callReturn() === at) return met;
    this.#forget(thread, false);
    return met;
  }

  /** Whether the script is to hear nothing of an event. */
  take(event: CoreEvent): 'hold' | 'pass' | undefined {
    if (event.kind === 'exec') this.#forgetAll(({ process }) => process === event.thread.process);
    if (event.kind !== 'breakpoint') return undefined;
    const { thread, address } = event;
    const expected = this.#expected.get(thread);
    if (expected?.at === address) {
      this.#forget(thread, true);
      return 'hold';
    }
    for (const [other, { at, isShared }] of this.#expected)
      if (other.process === thread.process && at === address && !isShared) return 'pass';
    return undefined;
  }

  /** Threads have ended. */
  forgetGone(): void {
    this.#forgetAll(({ hasEnded }) => hasEnded);
  }

  #forgetAll(isOver: (thread: Thread) => boolean): void {
    for (const thread of [...this.#expected.keys()]) if (isOver(thread)) this.#forget(thread, false);
  }

  #forget(thread: Thread, isMet: boolean): void {
    const expected = this.#expected.get(thread);
    if (expected === undefined) return;
    this.#expected.delete(thread);
    const isWanted = [...this.#expected.values()].some(
      ({ attachment, at }) => attachment === expected.attachment && at === expected.at,
    );
    if (!expected.isShared && !isWanted && thread.process.isAlive)
      expected.attachment.removeBreakpoint(expected.at);
    this.#onNeedsChanged();
    expected.settle(isMet);
  }
}

/** False: none can be set there, for example where the call is made from a slot. */
function insert(attachment: Attachment, at: Address): boolean {
  try {
    attachment.insertBreakpoint(at);
    return true;
  } catch (error) {
    if (isOutstepError(error) && (error.code === errorCodes.UNSUPPORTED || error.code === errorCodes.MEMORY))
      return false;
    throw error;
  }
}
