/**
 * The slow, correct way past a site whose plan refuses: hold every other thread, put the original bytes back, step,
 * put the trap in again. One at a time for each memory.
 */
import type { AddressSpace } from './address-space.js';
import type { RunAction } from './engine.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

type State =
  | { readonly kind: 'idle' }
  /** Waits until every other thread has stopped. */
  | { readonly kind: 'gathering'; readonly thread: Thread; readonly action: RunAction }
  | { readonly kind: 'stepping'; readonly thread: Thread; readonly action: RunAction };

export class InPlaceStep {
  readonly #space: AddressSpace;
  #state: State = { kind: 'idle' };
  /** Threads that wait for their turn. */
  #queue: { readonly thread: Thread; readonly action: RunAction }[] = [];

  constructor(space: AddressSpace) {
    this.#space = space;
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
    for (const other of this.#space.threads()) if (other !== thread) other.process.interrupt(other);
    this.advance();
  }

  /** Steps as soon as nothing else runs; gives up when the thread is held meanwhile. */
  advance(): void {
    if (this.#state.kind !== 'gathering') return;
    const { thread, action } = this.#state;
    if (thread.process.wishFor(thread).kind === 'hold') {
      this.#state = { kind: 'idle' };
      this.#queue = [];
      this.#space.resumeWanted();
      return;
    }
    if (this.#space.anyRunning()) return;
    if (thread.hasVanished) {
      this.#state = { kind: 'idle' };
      thread.enter({ kind: 'running' });
      return;
    }
    this.#space.sites.lift(thread.pc);
    this.#state = { kind: 'stepping', thread, action };
    this.#space.tracer.native.stepInPlace(thread.tid, 0);
    thread.enter({ kind: 'running' });
    this.#space.tracer.schedulePump();
  }

  /** The thread has stopped: puts the trap back. The action that the step was part of, if it was. */
  finish(thread: Thread): RunAction | undefined {
    if (this.#state.kind !== 'stepping' || this.#state.thread !== thread) return undefined;
    const { action } = this.#state;
    this.#space.sites.lower();
    this.#state = { kind: 'idle' };
    const next = this.#queue.shift();
    if (next?.thread.isStopped) this.begin(next.thread, next.action);
    return action;
  }

  threadGone(thread: Thread): void {
    this.#queue = this.#queue.filter((waiting) => waiting.thread !== thread);
    if (this.#state.kind === 'idle' || this.#state.thread !== thread) return;
    if (this.#state.kind === 'stepping') this.#space.sites.lower();
    this.#state = { kind: 'idle' };
    this.#space.resumeWanted();
  }

  /** A process has another memory now, or is gone. */
  processLeft(process: Process): void {
    this.#queue = this.#queue.filter(({ thread }) => thread.process !== process);
    if (this.#state.kind !== 'idle' && this.#state.thread.process === process)
      this.threadGone(this.#state.thread);
  }
}
