/**
 * System calls that native code tells in lists, not one by one as stops: for an engine that only looks on. What is at
 * their ends is as it was when the thread stopped there; where the engine does not need more, the thread has gone on.
 */
import { type Pid, pid, type Tid, tid } from '../base/ids.js';
import type { NativeLoggedRead, NativeTracer } from '../native/binding-types.js';
import type { Attachment } from './attachment.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** What a thread does at a logged end of a call: it waits until the engine has heard of it, or goes on at once. */
export type LoggedEnd = 'waits' | 'goes-on';

/** Memory of the program that goes into the log with an end of a call, as it is then. */
export interface LoggedRead {
  /** Which argument has the address, 0 to 5. */
  readonly argument: number;
  /** It ends behind the first zero. */
  readonly isString?: boolean;
  /** The argument that has the number of elements, or the result; undefined: there are `mostBytes`. */
  readonly count?: number | 'result';
  /** 1 unless given. */
  readonly elementBytes?: number;
  readonly mostBytes: number;
  /** Only of a call that has not failed. */
  readonly needsSuccess?: boolean;
}

/** The two ends of a call that is logged. */
export interface CallLogging {
  readonly entry: LoggedEnd;
  readonly return: LoggedEnd;
  readonly entryReads?: readonly LoggedRead[];
  readonly returnReads?: readonly LoggedRead[];
}

/** Which caught calls are logged, by their numbers on the process's machine; undefined: told by events. */
export interface LoggedCalls {
  readonly byNumber: ReadonlyMap<number, CallLogging>;
  /** No memory is read of them. */
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
  /** What was to be read. */
  readonly memory: readonly LoggedMemory[];
}

/** Memory as it was at an end of a call. */
export interface LoggedMemory {
  readonly address: bigint;
  /** How much was asked for, at most. */
  readonly mostBytes: number;
  /** What could be read from the start. */
  readonly bytes: Uint8Array;
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
  const reads = listed.flatMap(([number, { entryReads = [], returnReads = [] }]) => [
    ...entryReads.map((read) => nativeRead(number, false, read)),
    ...returnReads.map((read) => nativeRead(number, true, read)),
  ]);
  native.setLoggedCalls(space, ends, others, reads);
}

function nativeRead(number: number, isReturn: boolean, read: LoggedRead): NativeLoggedRead {
  const { argument, isString = false, count = -1, elementBytes = 1, mostBytes, needsSuccess = false } = read;
  const countArgument = count === 'result' ? -2 : count;
  return { number, isReturn, isString, needsSuccess, argument, countArgument, elementBytes, mostBytes };
}

function bitsOf(logging: CallLogging | undefined): number {
  if (logging === undefined) return 0;
  const [entry, back] = [logging.entry, logging.return].map(
    (end) => bits.logged | (end === 'waits' ? bits.waits : 0),
  );
  return (entry ?? 0) | ((back ?? 0) << bits.returnShift);
}

const wordBytes = 8;
/** Where the number of words of memory is, behind which those are. */
const memoryAt = { entry: 10, return: 4 } as const;
const noArguments: readonly bigint[] = [];
const noMemory: readonly LoggedMemory[] = [];

/**
 * Reads a list of native code's (`NativeCallLog`) and tells the engines whose it is, in its order. A thread that was with
 * one process at its stop may be with another one by now, or be one of its own.
 */
export function tellLoggedCalls(
  words: ArrayBuffer,
  processOf: (id: Pid, thread: Tid) => Process | undefined,
): void {
  const log = new Log(words);
  let id: number | undefined;
  let process: Process | undefined;
  for (let at = 0; at < log.length; at = log.endOf(at)) {
    const [itsId, threadId] = [log.pidOf(at), tid(log.tidOf(at))];
    if (itsId !== id || process?.threads.has(threadId) !== true) process = processOf(pid(itsId), threadId);
    id = itsId;
    const thread = process?.threads.get(threadId);
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

  #memoryAt(at: number): number {
    return at + (this.isEntry(at) ? memoryAt.entry : memoryAt.return);
  }

  /** Where the next one begins. */
  endOf(at: number): number {
    const start = this.#memoryAt(at);
    return start + 1 + (this.#ids[2 * start] ?? 0);
  }

  #memoryOf(at: number): readonly LoggedMemory[] {
    const end = this.endOf(at);
    let next = this.#memoryAt(at) + 1;
    if (next === end) return noMemory;
    const memory: LoggedMemory[] = [];
    while (next < end) {
      const lengthBytes = this.#ids[2 * next + 3] ?? 0;
      memory.push({
        address: this.#register(next),
        mostBytes: this.#ids[2 * next + 2] ?? 0,
        bytes: new Uint8Array(this.#ids.buffer, wordBytes * (next + 2), lengthBytes),
      });
      next += 2 + Math.ceil(lengthBytes / wordBytes);
    }
    return memory;
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
      memory: this.#memoryOf(at),
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
