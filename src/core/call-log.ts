/**
 * System calls that native code tells in lists, not one by one as stops: for an engine that only looks on. What is at
 * their ends is as it was when the thread stopped there; where the engine does not need more, the thread has gone on.
 */
import { type Pid, pid, tid } from '../base/ids.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { Attachment } from './attachment.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** What a thread does at a logged end of a call: it waits until the engine has heard of it, or goes on at once. */
export type LoggedEnd = 'waits' | 'goes-on';

/** The two ends of a call that is logged. */
export interface CallLogging {
  readonly entry: LoggedEnd;
  readonly return: LoggedEnd;
}

/** Which caught calls are logged, by their numbers on the process's machine; undefined: told by events. */
export interface LoggedCalls {
  readonly byNumber: ReadonlyMap<number, CallLogging>;
  readonly others: CallLogging | undefined;
}

/** An end of a system call. */
export interface LoggedCall {
  readonly end: 'entry' | 'return';
  /** It may run, and counts as running also while it waits for the engine. */
  readonly thread: Thread;
  /** The kernel's number on the process's machine. */
  readonly number: number;
  /** Of the stop, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Of an entry six, each as the whole register, unsigned. */
  readonly arguments: readonly bigint[];
  /** Of an entry. */
  readonly stackPointer: bigint;
  /** Of a return, signed, as `CurrentCall.result`. */
  readonly result: bigint;
}

/** native/space.h LoggedCalls. */
const bits = { logged: 1, waits: 2, returnShift: 2 } as const;
/** Numbers are far below; what is not is one of the others. */
const mostNumbers = 4096;

/** Calls of whom native code logs, if of anybody: with several engines each call is told by events. */
export function loggerAmong(attachments: readonly Attachment[]): Attachment | undefined {
  const [only, another] = attachments.filter(({ catchesAny }) => catchesAny);
  const isLogger = another === undefined && only?.loggedCalls !== undefined;
  return isLogger && only.engine.onLoggedCall !== undefined ? only : undefined;
}

/** Tells native code what to log in a space. */
export function setLoggedCalls(native: NativeTracer, space: number, calls: LoggedCalls | undefined): void {
  const others = bitsOf(calls?.others);
  const listed = [...(calls?.byNumber ?? [])].filter(([number]) => number >= 0 && number < mostNumbers);
  const ends = new Uint8Array(listed.reduce((most, [number]) => Math.max(most, number + 1), 0)).fill(others);
  for (const [number, logging] of listed) ends[number] = bitsOf(logging);
  native.setLoggedCalls(space, ends, others);
}

function bitsOf(logging: CallLogging | undefined): number {
  if (logging === undefined) return 0;
  const [entry, back] = [logging.entry, logging.return].map(
    (end) => bits.logged | (end === 'waits' ? bits.waits : 0),
  );
  return (entry ?? 0) | ((back ?? 0) << bits.returnShift);
}

const entryWords = 10;
const returnWords = 4;
const noArguments: readonly bigint[] = [];

/** Reads a list of native code's (`NativeCallLog`) and tells the engines whose it is, in its order. */
export function tellLoggedCalls(words: ArrayBuffer, processOf: (id: Pid) => Process | undefined): void {
  const log = new Log(words);
  let id: number | undefined;
  let process: Process | undefined;
  for (let at = 0; at < log.length; at += log.isEntry(at) ? entryWords : returnWords) {
    const itsId = log.pidOf(at);
    if (itsId !== id) process = processOf(pid(itsId));
    id = itsId;
    const thread = process?.threads.get(tid(log.tidOf(at)));
    const logger = process?.caughtCalls.logger;
    if (thread !== undefined && logger !== undefined) logger.tellLogged(log.callOf(thread, at));
  }
}

class Log {
  readonly #ids: Int32Array;
  readonly #times: Float64Array;
  readonly #registers: BigUint64Array;

  constructor(words: ArrayBuffer) {
    this.#ids = new Int32Array(words);
    this.#times = new Float64Array(words);
    this.#registers = new BigUint64Array(words);
  }

  get length(): number {
    return this.#times.length;
  }

  isEntry(at: number): boolean {
    return this.#ids[2 * at + 3] === 0;
  }

  pidOf(at: number): number {
    return this.#ids[2 * at + 2] ?? 0;
  }

  tidOf(at: number): number {
    return this.#ids[2 * at] ?? 0;
  }

  #register(index: number): bigint {
    return this.#registers[index] ?? 0n;
  }

  /** One shape for both ends, without copies: there are hundreds of thousands a second. */
  callOf(thread: Thread, at: number): LoggedCall {
    const isEntry = this.isEntry(at);
    const first = this.#register(at + 3);
    const bits = 8 * thread.process.arch.general.registerBytes;
    return {
      end: isEntry ? 'entry' : 'return',
      thread,
      number: this.#ids[2 * at + 1] ?? 0,
      timeMs: this.#times[at + 2] ?? 0,
      arguments: isEntry ? this.#argumentsAt(at + 4) : noArguments,
      stackPointer: isEntry ? first : 0n,
      result: isEntry ? 0n : BigInt.asIntN(bits, first),
    };
  }

  #argumentsAt(at: number): readonly bigint[] {
    return [
      this.#register(at),
      this.#register(at + 1),
      this.#register(at + 2),
      this.#register(at + 3),
      this.#register(at + 4),
      this.#register(at + 5),
    ];
  }
}
