/**
 * The slow, correct way past a site whose plan refuses: hold every other thread, put the original bytes back, step,
 * put the trap in again. One at a time for each process.
 */
import type { Address } from '../base/ids.js';
import type { RunAction } from './engine.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

type State =
  | { readonly kind: 'idle' }
  /** Waits until every other thread has stopped. */
  | { readonly kind: 'gathering'; readonly thread: Thread; readonly action: RunAction }
  | {
      readonly kind: 'stepping';
      readonly thread: Thread;
      readonly action: RunAction;
      readonly site: Address;
    };

export class InPlaceStep {
  readonly #process: Process;
  #state: State = { kind: 'idle' };
  /** Threads that wait for their turn. */
  #queue: { readonly thread: Thread; readonly action: RunAction }[] = [];

  constructor(process: Process) {
    this.#process = process;
  }

  /** Every stopped thread must stay so meanwhile. */
  get isUnderWay(): boolean {
    return this.#state.kind !== 'idle';
  }

  begin(thread: Thread, action: RunAction): void {
    if (this.#state.kind !== 'idle') {
      if (!this.#queue.some((waiting) => waiting.thread === thread)) this.#queue.push({ thread, action });
      return;
    }
    this.#state = { kind: 'gathering', thread, action };
    for (const other of this.#process.threads.values()) if (other !== thread) this.#process.interrupt(other);
    this.advance();
  }

  /** Steps as soon as nothing else runs; gives up when the thread is held meanwhile. */
  advance(): void {
    if (this.#state.kind !== 'gathering') return;
    const { thread, action } = this.#state;
    if (this.#process.wishFor(thread).kind === 'hold') {
      this.cancel();
      this.#process.resumeWanted();
      return;
    }
    if (this.#process.anyRunning()) return;
    if (thread.hasVanished) {
      this.#state = { kind: 'idle' };
      thread.enter({ kind: 'running' });
      return;
    }
    const site = thread.pc;
    this.#process.sites.lift(site);
    this.#state = { kind: 'stepping', thread, action, site };
    this.#process.native.stepInPlace(thread.tid, 0);
    thread.enter({ kind: 'running' });
    this.#process.tracer.schedulePump();
  }

  /** The thread has stopped: puts the trap back. The action that the step was part of, if it was. */
  finish(thread: Thread): RunAction | undefined {
    if (this.#state.kind !== 'stepping' || this.#state.thread !== thread) return undefined;
    const { action, site } = this.#state;
    this.#process.sites.lower(site);
    this.#state = { kind: 'idle' };
    const next = this.#queue.shift();
    if (next?.thread.isStopped) this.begin(next.thread, next.action);
    return action;
  }

  threadGone(thread: Thread): void {
    this.#queue = this.#queue.filter((waiting) => waiting.thread !== thread);
    if (this.#state.kind === 'idle' || this.#state.thread !== thread) return;
    if (this.#state.kind === 'stepping') this.#process.sites.lower(this.#state.site);
    this.#state = { kind: 'idle' };
    this.#process.resumeWanted();
  }

  /** Nothing is to be put back: the address space is another one, or the step has not begun. */
  cancel(): void {
    this.#state = { kind: 'idle' };
    this.#queue = [];
  }
}
