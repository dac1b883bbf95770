/**
 * An engine is a party attached to a process: a GDB connection, a syscall tracer, a probe. Each has its own event
 * mask; an event reaches every engine whose mask wants it, in order of attachment (the beginning of a system call: in the
 * opposite order), while the thread is stopped.
 * A thread runs only when no engine holds it; among those that let it run the strictest wish wins
 * (hold > step > block-step, range-step > continue).
 */
import type { Address, KernelSignal } from '../base/ids.js';
import type { LoggedCall } from './call-log.js';
import type { CoreEvent, EventKind } from './event.js';
import type { Thread } from './thread.js';

/** What one engine wants of one thread. */
export type ResumeAction =
  | { readonly kind: 'hold' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'step' }
  /**
   * Steps until a branch was taken, a system call made or a signal's handler entered; `step-done` is told at the instruction
   * that is next. A conditional branch to the very next instruction counts as not taken; instructions that a thread must
   * not be stopped between (`Sequence`) as one.
   */
  | { readonly kind: 'block-step' }
  /** Steps at least once and then for as long as start <= pc < end. */
  | { readonly kind: 'range-step'; readonly start: Address; readonly end: Address };

/** A wish that lets the thread run. */
export type RunAction = Exclude<ResumeAction, { readonly kind: 'hold' }>;

/** What an engine says to an event, where that is more than a word. */
export interface Answer {
  readonly wish: 'hold' | 'pass';
  /** To the event of a signal: another one in its place, or none. Engines that are told later hear of that. */
  readonly signal?: KernelSignal | 'none';
}

/**
 * The answer to an event. `hold` keeps the thread stopped and with it a signal that is about to be delivered;
 * `pass` leaves the vote of this engine as it was and lets a signal be delivered. A promise has the thread, and it
 * alone, wait for the answer, and those engines that are yet to be told; to events of a process as a whole it is
 * nothing that anybody waits for.
 */
export type EventAnswer = 'hold' | 'pass' | Answer | Promise<'hold' | 'pass' | Answer>;

/** A party on a process: it names the events that it wants to hear of, and answers each. */
export interface Engine {
  /** For messages and logs: what it is and for whom. */
  readonly name: string;
  /** The events it wants to hear; read whenever one is to be told. Whoever changes it calls `Attachment.maskChanged`. */
  readonly mask: ReadonlySet<EventKind>;
  /**
   * For a party that steps over its own breakpoints and takes them out for that: a thread that it resumes at one of them
   * runs into it, though it was told of it before. Read at each resume; false unless given.
   */
  readonly meetsOwnBreakpoints?: boolean;
  /**
   * Whether its hold of a thread is only meant for the time of a step of another one, and may be overruled for a step that
   * another engine waits for (`Turns`). Engines without this one are never overruled.
   */
  yields?(thread: Thread): boolean;
  /** Called at a safe point. An engine that throws is detached with a warning. */
  onEvent(event: CoreEvent): EventAnswer;
  /**
   * Called instead of `onEvent` for the ends of system calls that are logged (`Attachment.setLoggedCalls`), before
   * anything that happened later is told.
   */
  onLoggedCall?(call: LoggedCall): void;
}
