/**
 * An engine is a party attached to a process: a GDB connection, a syscall tracer, a probe. Each has its own event
 * mask; an event reaches every engine whose mask wants it, in order of attachment, while the thread is stopped.
 * A thread runs only when no engine holds it; among those that let it run the strictest wish wins
 * (hold > step > range-step > continue).
 */
import type { Address } from '../base/ids.js';
import type { CoreEvent, EventKind } from './event.js';

/** What one engine wants of one thread. */
export type ResumeAction =
  | { readonly kind: 'hold' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'step' }
  /** Steps at least once and then for as long as start <= pc < end. */
  | { readonly kind: 'range-step'; readonly start: Address; readonly end: Address };

/** A wish that lets the thread run. */
export type RunAction = Exclude<ResumeAction, { readonly kind: 'hold' }>;

/**
 * The answer to an event. `hold` keeps the thread stopped and with it a signal that is about to be delivered;
 * `pass` leaves the vote of this engine as it was and lets a signal be delivered.
 */
export type EventAnswer = 'hold' | 'pass';

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
  /** Called at a safe point. Must not throw: an engine that throws is detached with a warning. */
  onEvent(event: CoreEvent): EventAnswer;
}
