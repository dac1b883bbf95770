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

export type ThreadEvent =
  /** A signal is about to be delivered (signal-delivery stop, ptrace(2)). */
  | { readonly kind: 'signal'; readonly thread: Thread; readonly signal: KernelSignal }
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
  /** A new program runs in the process: every other thread, breakpoint, watchpoint and regset is gone. */
  | { readonly kind: 'exec'; readonly thread: Thread; readonly path: string }
  /** The thread stopped because the process is in a job-control stop (`signal`: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU). */
  | { readonly kind: 'group-stop'; readonly thread: Thread; readonly signal: KernelSignal };

export type ExitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: KernelSignal };

export type ProcessEvent =
  /** One thread, not the last, is gone. */
  | { readonly kind: 'thread-exit'; readonly process: Process; readonly tid: Tid; readonly code: number }
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

export type CoreEvent = ThreadEvent | ProcessEvent;
export type EventKind = CoreEvent['kind'];
