/**
 * Stops that happened and that the client has not been told of. In all-stop one stop reply answers one resume, so
 * what other threads ran into meanwhile waits here for the next resume that includes them.
 */
import type { KernelSignal, Pid, Tid } from '../../base/ids.js';
import type { EventKind, ExitStatus, Process, Thread, ThreadEvent } from '../../core/index.js';
import type { AttachedProcess } from './attached-process.js';
import type { ProcessSet, ResumePlan } from './process-set.js';
import type { ResumeChoice } from './run-control.js';

export type Stop =
  | { readonly kind: 'event'; readonly event: ThreadEvent }
  /** The process is there and stopped: launched, attached, or found by a new connection. */
  | { readonly kind: 'present'; readonly thread: Thread }
  /** The client asked for it. */
  | { readonly kind: 'interrupt'; readonly thread: Thread }
  | { readonly kind: 'exit'; readonly pid: Pid; readonly status: ExitStatus }
  /** A thread, not the last of its process, is gone. */
  | { readonly kind: 'thread-exited'; readonly pid: Pid; readonly tid: Tid; readonly code: number }
  /** Every resumed thread is gone, others are held. */
  | { readonly kind: 'no-resumed' };

export type ExitStop = Extract<Stop, { kind: 'exit' }>;

/** The thread that a stop is about, while it exists. */
export function threadOf(stop: Stop): Thread | undefined {
  switch (stop.kind) {
    case 'event':
      return stop.event.thread;
    case 'present':
    case 'interrupt':
      return stop.thread;
    case 'exit':
    case 'thread-exited':
    case 'no-resumed':
      return undefined;
  }
}

/** The process that a stop is about, which may be gone. */
function pidOf(stop: Stop): Pid | undefined {
  if (stop.kind === 'exit' || stop.kind === 'thread-exited') return stop.pid;
  return threadOf(stop)?.process.pid;
}

const listedKinds: ReadonlySet<EventKind> = new Set([
  'breakpoint',
  'hardware-breakpoint',
  'watchpoint',
  'program-trap',
  'signal',
  'step-done',
  'group-stop',
]);

export class PendingStops {
  #stops: Stop[] = [];

  get isEmpty(): boolean {
    return this.#stops.length === 0;
  }

  add(stop: Stop): void {
    this.#stops.push(stop);
  }

  /** Signals that its stopped threads are about to get: they came before the client did. */
  addSignalsOf(process: Process): void {
    for (const thread of process.threads.values()) {
      const signal = thread.pendingSignal;
      if (signal !== undefined) this.add({ kind: 'event', event: { kind: 'signal', thread, signal } });
    }
  }

  /** Whether anything about a thread is to be told. */
  concern(thread: Thread): boolean {
    return this.#stops.some((stop) => threadOf(stop) === thread);
  }

  /**
   * Takes the stop to be reported now, of those that concern what the client let run. A finished step goes first,
   * because the client waits for it before anything else.
   */
  take(isConcerned: (stop: Stop) => boolean): Stop | undefined {
    return this.#takeFirst(isConcerned);
  }

  /** Takes a stop of this process. */
  takeOf(process: Process): Stop | undefined {
    return this.#takeFirst((stop) => threadOf(stop)?.process === process);
  }

  /** Takes the stops of a process that need no stop reply of their own, where another one lists every thread's. */
  takeBesides(process: Process): readonly Stop[] {
    const isListed = (stop: Stop): boolean =>
      stop.kind === 'event' && stop.event.thread.process === process && listedKinds.has(stop.event.kind);
    const taken = this.#stops.filter(isListed);
    if (taken.length > 0) this.#stops = this.#stops.filter((stop) => !isListed(stop));
    return taken;
  }

  /**
   * Takes the stop that must be reported instead of resuming, one that concerns what is about to be resumed. Stops
   * that the client's changes since have made untrue are dropped.
   */
  takeForResume(
    processes: ProcessSet,
    plan: ResumePlan,
    passSignals: ReadonlySet<KernelSignal>,
  ): Stop | undefined {
    this.#stops = this.#stops.filter((stop) => {
      if (stop.kind === 'no-resumed' || stop.kind === 'interrupt') return false;
      if (stop.kind !== 'event') return true;
      const choice = processes.choiceOf(stop.event.thread, plan);
      if (choice === undefined) return true;
      const owner = processes.get(stop.event.thread.process);
      if (owner === undefined) return false;
      if (isStillTrue(stop.event, owner, choice, passSignals)) return true;
      if (stop.event.kind === 'signal') choice.deliversPending = true;
      return false;
    });
    return this.#takeFirst((stop) => processes.isToBeResumed(stop, plan));
  }

  /** A new program replaced the old one, the process is the client's no more, or has ended, as threads did before. */
  dropProcess(process: Process): void {
    const isStillNews = (stop: Stop): boolean => stop.kind === 'thread-exited' && !process.isAlive;
    this.#stops = this.#stops.filter((stop) => pidOf(stop) !== process.pid || isStillNews(stop));
  }

  /** A process has ended: that none of its threads was left running is no news. */
  addExit(exit: ExitStop): void {
    this.#stops = [...this.#stops.filter((stop) => stop.kind !== 'no-resumed'), exit];
  }

  /**
   * Drops the end of a process that the client lets go of without having heard of it.
   * @param pid undefined: any process.
   * @returns whether there was one.
   */
  dropExit(pid: Pid | undefined): boolean {
    const isIts = (stop: Stop): boolean => stop.kind === 'exit' && (pid === undefined || stop.pid === pid);
    return this.#takeFirst(isIts) !== undefined;
  }

  dropDead(): void {
    this.#stops = this.#stops.filter((stop) => threadOf(stop)?.isAlive ?? true);
  }

  #takeFirst(isWanted: (stop: Stop) => boolean): Stop | undefined {
    const isStep = (stop: Stop): boolean => stop.kind === 'event' && stop.event.kind === 'step-done';
    const first = this.#stops.find((stop) => isStep(stop) && isWanted(stop)) ?? this.#stops.find(isWanted);
    if (first === undefined) return undefined;
    this.#stops = this.#stops.filter((stop) => stop !== first);
    return first;
  }
}

/** Whether an event that was kept may still be told, given what the client asks of the thread now. */
function isStillTrue(
  event: ThreadEvent,
  owner: AttachedProcess,
  choice: ResumeChoice,
  passSignals: ReadonlySet<KernelSignal>,
): boolean {
  switch (event.kind) {
    case 'breakpoint':
      return owner.attachment.hasBreakpoint(event.address) && event.thread.pc === event.address;
    case 'hardware-breakpoint':
      return (
        owner.hasHardwarePoint({ kind: 'execute', address: event.address, lengthBytes: 1 }) &&
        event.thread.pc === event.address
      );
    case 'watchpoint':
      return owner.hasHardwarePoint(event.point);
    case 'program-trap':
      return event.thread.pc === event.address;
    case 'step-done':
      return choice.action.kind !== 'continue';
    case 'signal':
      // Where nothing may be executed, SIGSEGV is all there is of a breakpoint.
      return !passSignals.has(event.signal) || owner.attachment.hasBreakpoint(event.thread.pc);
    case 'system-call-entry':
    case 'system-call-return':
      return owner.attachment.catchesSystemCall(event.number);
    case 'exec':
    case 'clone':
    case 'thread-start':
    case 'fork':
    case 'fork-settled':
    case 'vfork':
    case 'vfork-done':
    case 'held':
    case 'group-stop':
      return true;
  }
}
