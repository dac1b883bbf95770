/** Whoever waits for a thread to stop, or for a function that it was made to call. */
import { errorCodes, OutstepError } from '../../base/errors.js';
import type { Address } from '../../base/ids.js';
import type { Attachment, CoreEvent, EventAnswer, EventKind, Thread, ThreadEvent } from '../../core/index.js';
import { FunctionCall } from './function-call.js';
import { SafePoints } from './safe-points.js';

/** What is heard besides what a script asked for, while somebody waits. */
const stopKinds: readonly EventKind[] = ['held', 'thread-exit', 'exit'];
const safePointKinds: readonly EventKind[] = ['breakpoint', 'exec', 'thread-exit', 'exit'];
const callKinds: readonly EventKind[] = ['breakpoint', 'signal', 'thread-exit', 'exit'];

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: OutstepError) => void;
}

export class ThreadStops {
  readonly #waiters = new Map<Thread, Waiter[]>();
  readonly #calls = new Map<Thread, FunctionCall>();
  readonly #safePoints: SafePoints;
  readonly #onNeedsChanged: () => void;

  /** `onNeedsChanged`: other kinds of events are needed from now on. */
  constructor(onNeedsChanged: () => void) {
    this.#onNeedsChanged = onNeedsChanged;
    this.#safePoints = new SafePoints(onNeedsChanged);
  }

  get needs(): readonly EventKind[] {
    return [
      ...(this.#waiters.size > 0 ? stopKinds : []),
      ...(this.#calls.size > 0 ? callKinds : []),
      ...(this.#safePoints.isWaiting ? safePointKinds : []),
    ];
  }

  /** Resolves when the thread is stopped. @throws OutstepError NO_SUCH_THREAD: it has ended instead */
  stop(attachment: Attachment, thread: Thread): Promise<void> {
    if (thread.isStopped) {
      attachment.vote(thread, { kind: 'hold' });
      return Promise.resolve();
    }
    const stopped = new Promise<void>((resolve, reject) => {
      this.#waiters.set(thread, [...(this.#waiters.get(thread) ?? []), { resolve, reject }]);
    });
    this.#onNeedsChanged();
    attachment.hold([thread]);
    if (thread.hasEnded) this.#endWait(thread);
    return stopped;
  }

  /** As `stop`, at a point where that disturbs no system call. */
  async stopSafely(attachment: Attachment, thread: Thread): Promise<void> {
    if (!(await this.#safePoints.meet(attachment, thread))) await this.stop(attachment, thread);
  }

  async call(
    attachment: Attachment,
    thread: Thread,
    at: Address,
    args: readonly bigint[],
    signal: AbortSignal | undefined,
  ): Promise<bigint> {
    if (this.#calls.has(thread)) {
      const message = `cannot have thread ${thread.tid} call a function: it has not come back from another one`;
      throw new OutstepError(errorCodes.WRONG_STATE, message);
    }
    signal?.throwIfAborted();
    const call = new FunctionCall(attachment, thread, at, args);
    this.#calls.set(thread, call);
    this.#onNeedsChanged();
    const cancel = (): void => void this.#cancel(attachment, call, String(signal?.reason));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await call.result;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#calls.delete(thread);
      this.#onNeedsChanged();
    }
  }

  /** The answer to an event that somebody has waited for; undefined: it is for the script alone. */
  take(event: CoreEvent): EventAnswer | undefined {
    if (!('thread' in event)) {
      this.#takeEnd(event);
      return undefined;
    }
    const answer = this.#takeCall(event) ?? this.#safePoints.take(event);
    for (const { resolve } of this.#takeWaiters(event.thread)) resolve();
    return answer;
  }

  #takeCall(event: ThreadEvent): EventAnswer | undefined {
    return this.#calls.get(event.thread)?.take(event);
  }

  #takeEnd(event: Extract<CoreEvent, { readonly process: unknown }>): void {
    if (event.kind === 'printed') return;
    this.#safePoints.forgetGone();
    const isGone = (thread: Thread): boolean => thread.process === event.process && thread.hasEnded;
    for (const thread of [...this.#waiters.keys()]) if (isGone(thread)) this.#endWait(thread);
    for (const [thread, call] of [...this.#calls]) if (isGone(thread)) call.abandon();
  }

  #endWait(thread: Thread): void {
    const message = `thread ${thread.tid} of process ${thread.process.pid} has ended`;
    for (const { reject } of this.#takeWaiters(thread))
      reject(new OutstepError(errorCodes.NO_SUCH_THREAD, message));
  }

  #takeWaiters(thread: Thread): readonly Waiter[] {
    const waiters = this.#waiters.get(thread);
    if (waiters === undefined) return [];
    this.#waiters.delete(thread);
    this.#onNeedsChanged();
    return waiters;
  }

  async #cancel(attachment: Attachment, call: FunctionCall, reason: string): Promise<void> {
    await this.stop(attachment, call.thread);
    if (this.#calls.get(call.thread) === call) call.cancel(reason);
  }
}
