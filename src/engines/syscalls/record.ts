/** What the engine tells of: calls in the two parts in which they come, signals, and what becomes of threads. */
import type { KernelSignal, Pid, Tid } from '../../base/ids.js';
import type { ExitStatus } from '../../core/index.js';

interface Source {
  readonly pid: Pid;
  readonly tid: Tid;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/** A call that a thread makes. */
export interface CallRecord extends Source {
  readonly kind: 'call';
  readonly name: string;
  readonly number: number;
  /** Whole registers, unsigned. */
  readonly registers: readonly bigint[];
  /** What is known of the arguments so far, as text, with the separator in front of what is still to come. */
  readonly text: string;
  /** The name of the call that this one takes up again, restart_syscall(2). */
  readonly resumes: string | undefined;
}

/** It comes back, or its thread ends inside. */
export interface ReturnRecord extends Source {
  readonly kind: 'return';
  readonly call: CallRecord;
  /** The rest of the arguments. */
  readonly text: string;
  /** All of them, decoded. */
  readonly arguments: readonly string[];
  /** Signed; undefined: it has not come back. */
  readonly result: bigint | undefined;
  readonly resultText: string;
  /** Name of the error. */
  readonly error: string | undefined;
  /** From one stop to the other, with what the tracer and the kernel have spent on them. */
  readonly durationMs: number;
  /** What was done to it: the result was ours, or it was held up. */
  readonly isInjected: boolean;
  readonly isDelayed: boolean;
  /** Lines of what was read or written; undefined: not asked for. */
  readonly dump: readonly string[] | undefined;
  /** Innermost frame first; undefined: not asked for. */
  readonly stack: readonly string[] | undefined;
}

/** A signal that is delivered. */
export interface SignalRecord extends Source {
  readonly kind: 'signal';
  readonly signal: KernelSignal;
  readonly name: string;
  /** `{si_signo=...}`; undefined: the kernel says nothing. */
  readonly information: string | undefined;
}

/** A job-control stop. */
export interface StopRecord extends Source {
  readonly kind: 'stopped';
  readonly name: string;
}

/** A thread is gone. */
export interface ExitRecord extends Source {
  readonly kind: 'exit';
  readonly status: ExitStatus;
}

/** A thread is traced that was not there before. */
export interface AttachedRecord extends Source {
  readonly kind: 'attached';
}

/** The leader is gone, as another thread has executed a program. */
export interface SupersededRecord extends Source {
  readonly kind: 'superseded';
  readonly by: Tid;
}

/** What a `SyscallsEngine` tells of. */
export type TraceRecord =
  | CallRecord
  | ReturnRecord
  | SignalRecord
  | StopRecord
  | ExitRecord
  | AttachedRecord
  | SupersededRecord;
