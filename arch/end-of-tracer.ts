/** What a program needs to survive the end of its tracer. */
import type { FlowExit } from './flow.js';

/**
 * A handler of SIGTRAP that an attached program gets for the time when its tracer was killed and its breakpoints are not
 * taken out yet. A thread that runs into one waits there until it is gone; whatever else comes ends the program, as it does
 * by default. One page from its start on there are the addresses of all breakpoints, as wide as a pointer.
 */
export interface OrphanHandler {
  /** At most a page; begins with bytes that nothing else begins with. Runs at any address, and is never written by itself. */
  readonly code: Uint8Array;
  /** Of a word with the number of the addresses. */
  readonly countOffset: number;
  /** Of the struct sigaction, as the kernel takes it, that stands for SIG_DFL. */
  readonly defaultActionOffset: number;
  readonly actionBytes: number;
  /** The struct sigaction for the code at `base`; a pointer to the handler is its first word. */
  action(base: bigint): Uint8Array;
}

/**
 * The kernel goes on stepping a thread whose tracer ends between its step and the next request, until it dies of a trap.
 * What is to survive its tracer runs one instruction between breakpoints instead.
 */
export interface LastingSteps {
  /** Of each instruction. */
  readonly instructionBytes: number;
  /**
   * Where control may go from the one instruction that `text` is, at `at`, with these general registers; undefined: the
   * code does not tell, or the thread may stay there.
   */
  exits(text: Uint8Array, at: bigint, general: Uint8Array): readonly FlowExit[] | undefined;
}
