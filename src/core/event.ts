/**
 * What the core tells engines. An event is a fact the kernel reported, decoded once; which of several facts a client
 * is told as its stop reason is the engine's affair. Thread events are delivered while the thread is stopped.
 */
import type { HardwarePoint } from '../../arch/module.js';
import type { Address, KernelSignal, Pid, Tid } from '../base/ids.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** Ids of the attachments whose conditions held; left out: everyone that has the breakpoint. */
export type HitOwners = readonly number[];

/** Why a thread has stopped: it stays so until every engine that was told has answered. */
export type ThreadEvent =
  /** A signal is about to be delivered (signal-delivery stop, ptrace(2)). */
  | {
      readonly kind: 'signal';
      readonly thread: Thread;
      readonly signal: KernelSignal;
      /** An engine that was told before has answered that the program is not to get it. */
      readonly isSwallowed?: boolean;
    }
  /** A software breakpoint site of this core was reached; pc is at the site. */
  | {
      readonly kind: 'breakpoint';
      readonly thread: Thread;
      readonly address: Address;
      readonly owners?: HitOwners;
    }
  /** A trap instruction of the program's own; pc is at it. The kernel has a SIGTRAP pending for the program. */
  | { readonly kind: 'program-trap'; readonly thread: Thread; readonly address: Address }
  | {
      readonly kind: 'hardware-breakpoint';
      readonly thread: Thread;
      readonly address: Address;
      readonly owners?: HitOwners;
    }
  | {
      readonly kind: 'watchpoint';
      readonly thread: Thread;
      readonly point: HardwarePoint;
      /** An address inside the watched range. */
      readonly address: Address;
    }
  /** A single step or a range step asked for by an engine has ended. */
  | { readonly kind: 'step-done'; readonly thread: Thread }
  /** The thread made `child`, a new thread of the same process, already known to the core. */
  | { readonly kind: 'clone'; readonly thread: Thread; readonly child: Thread }
  /** The first event of a thread that another one made: it has not executed an instruction of its own yet. */
  | { readonly kind: 'thread-start'; readonly thread: Thread }
  /**
   * The thread made `child`, a process of its own with a copy of the memory, stopped before its first instruction.
   * Every engine that wants this event is attached to the child, holds it, and has its breakpoints in it.
   */
  | { readonly kind: 'fork'; readonly thread: Thread; readonly child: Process }
  /**
   * As fork, where the engine's client has been told of the child already, and has let it go; or it has been `killed`
   * before it could be taken up.
   */
  | { readonly kind: 'fork-settled'; readonly thread: Thread; readonly killed: Pid | undefined }
  /** As fork, but the child runs in this process's memory, and the thread waits in the kernel until vfork-done. */
  | { readonly kind: 'vfork'; readonly thread: Thread; readonly child: Process }
  /** The child of a vfork has executed a program or is gone: the thread's memory is its own again. */
  | { readonly kind: 'vfork-done'; readonly thread: Thread }
  /** The thread is about to enter the kernel with system call `number`. */
  | { readonly kind: 'system-call-entry'; readonly thread: Thread; readonly number: number }
  /** The thread comes back from system call `number`. */
  | { readonly kind: 'system-call-return'; readonly thread: Thread; readonly number: number }
  /** The engine had asked for this thread to be held, and nothing else stopped it. */
  | { readonly kind: 'held'; readonly thread: Thread }
  /**
   * A new program runs in the process: every other thread, breakpoint, watchpoint and regset is gone. `formerTid` is who
   * executed it; the thread bears the leader's tid since.
   */
  | { readonly kind: 'exec'; readonly thread: Thread; readonly path: string; readonly formerTid: Tid }
  /** The thread stopped because the process is in a job-control stop (`signal`: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU). */
  | { readonly kind: 'group-stop'; readonly thread: Thread; readonly signal: KernelSignal };

/** How a process ended: with an exit code, 0 to 255, or by a signal (wait(2)). */
export type ExitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: KernelSignal; readonly hasDumpedCore?: true };

/** What happened to a process as a whole: no thread waits for an answer. */
export type ProcessEvent =
  /** One thread, not the last, is gone; `code` is that of a signal where it was killed. */
  | {
      readonly kind: 'thread-exit';
      readonly process: Process;
      readonly tid: Tid;
      readonly code: number;
      readonly isKilled?: true;
    }
  /**
   * A thread of another thread group, which was counted with `process`, is a process of its own now: it executes a program
   * or outlives the process. Every engine that wants this event is attached to it, and holds it.
   */
  | { readonly kind: 'separated'; readonly process: Process; readonly separate: Process }
  /** Commands of this engine's breakpoint have printed something, in a thread that runs on. */
  | {
      readonly kind: 'printed';
      readonly process: Process;
      readonly tid: Tid;
      readonly text: Uint8Array;
    }
  /** The process is gone and reaped, its `leader` as the last of its threads. */
  | {
      readonly kind: 'exit';
      readonly process: Process;
      readonly pid: Pid;
      readonly leader: Thread;
      readonly status: ExitStatus;
    };

/** Everything that engines can be told of. */
export type CoreEvent = ThreadEvent | ProcessEvent;
/** What an engine's mask is made of. */
export type EventKind = CoreEvent['kind'];
