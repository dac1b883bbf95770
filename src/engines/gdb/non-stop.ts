/**
 * Non-stop: each thread stops for itself. A resume is answered at once, and stops are told by notifications: one in
 * flight, the rest handed out as replies to `vStopped`. A thread counts as running until its stop is acknowledged.
 */
import type { Pid, Tid } from '../../base/ids.js';
import type { CoreEvent, EventAnswer, Process, Thread, ThreadEvent } from '../../core/index.js';
import type { AttachedProcess } from './attached-process.js';
import { errno, failure, ok, type Reply, text } from './packet.js';
import { type Stop, threadOf } from './pending-stops.js';
import { actionFor, type RequestedAction } from './run-control.js';
import type { RunContext, RunMode } from './run-mode.js';
import { describeStop } from './stop-reporter.js';
import { selects } from './thread-selection.js';

export class NonStop implements RunMode {
  readonly kind = 'non-stop';
  readonly isReady = true;
  readonly isWaiting = false;
  readonly #context: RunContext;
  /** Threads that the client knows as stopped, and why they are. */
  readonly #stopped = new Map<Thread, Stop>();
  /** Stops that the client has not acknowledged; the first has been sent. */
  #queue: Stop[] = [];
  /** Stops that were sent: `?` tells them again. */
  readonly #told = new WeakSet<Stop>();
  /** Processes on their way out, whose end came while threads of them ran for the client. */
  readonly #endedRunning = new WeakSet<Process>();
  /** Threads that an interrupt of the client's is to stop. */
  readonly #interrupted = new Set<Thread>();
  /** The client's interrupt found nothing that ran. */
  #isInterruptKept = false;
  #isLeaving = false;

  /** Every thread is held. `lastStop`: what the client was told last. */
  constructor(context: RunContext, lastStop?: Stop) {
    this.#context = context;
    for (const { process, attachment } of context.processes.attached) {
      attachment.newThreads = 'continue';
      for (const thread of process.threads.values()) this.#markStopped(thread);
    }
    for (const thread of context.processes.endedLeaders)
      this.#stopped.set(thread, { kind: 'present', thread });
    const thread = lastStop && threadOf(lastStop);
    if (lastStop !== undefined && thread !== undefined && this.#stopped.has(thread))
      this.#stopped.set(thread, lastStop);
  }

  #markStopped(thread: Thread): void {
    if (thread.isStopped && !this.#stopped.has(thread))
      this.#stopped.set(thread, { kind: 'present', thread });
  }

  /** Every thread stops for itself. */
  get owesNothing(): boolean {
    return false;
  }

  heldThreads(process: Process): Iterable<Thread> {
    // The maker of a child stays held until it could be told.
    if (this.#context.processes.isUntold(process)) return process.threads.values();
    const held = [...this.#stopped.keys(), ...this.#queue.flatMap((stop) => threadOf(stop) ?? [])];
    return held.filter((thread) => thread.process === process);
  }

  /** What was sent already stays in the queue, so that the acknowledgement that comes is for it. */
  forget(process: Process): void {
    for (const thread of [...this.#stopped.keys()])
      if (thread.process === process) this.#stopped.delete(thread);
    for (const thread of this.#interrupted) if (thread.process === process) this.#moveInterrupt(thread);
    this.#queue = this.#queue.filter((stop, index) => index === 0 || threadOf(stop)?.process !== process);
  }

  forgetEnd(id: Pid | undefined): boolean {
    const isIts = (stop: Stop): boolean => stop.kind === 'exit' && (id === undefined || stop.pid === id);
    const isKnown = this.#queue.some(isIts);
    this.#queue = this.#queue.filter((stop, index) => index === 0 || !isIts(stop));
    return isKnown;
  }

  // --- resuming and stopping

  /** Actions for threads that run already, and `t` for those that are stopped, have no effect. */
  resume(actions: readonly RequestedAction[]): Reply {
    const { processes, pending, passSignals } = this.#context;
    const plan = processes.plan(actions, (thread) => this.#stopped.has(thread));
    // Left over from all-stop: what these threads ran into, and the client has not heard of.
    // So do the ends of processes that it knows as stopped.
    const take = (): Stop | undefined => pending.takeForResume(processes, plan, passSignals);
    for (let stop = take(); stop !== undefined; stop = take()) {
      const thread = threadOf(stop);
      if (thread !== undefined) {
        this.#stopped.delete(thread);
        for (const choices of plan.values()) choices.delete(thread);
      }
      const ended = processes.endedBy(stop);
      if (ended !== undefined) this.#context.forget(ended);
      this.#add(stop);
    }
    for (const [attached, choices] of plan) {
      for (const thread of choices.keys()) this.#stopped.delete(thread);
      attached.resumeThreads(choices);
    }
    for (const attached of processes.attached) this.#holdRunning(attached, actions);
    if (plan.size > 0 && this.#isInterruptKept) this.interrupt();
    return ok;
  }

  #holdRunning(attached: AttachedProcess, actions: readonly RequestedAction[]): void {
    const wanted = [...attached.process.threads.values()].filter(
      (thread) => this.#isRunning(thread) && actionFor(actions, thread)?.action.kind === 'leave',
    );
    if (wanted.length > 0) attached.attachment.hold(wanted);
  }

  #isRunning(thread: Thread): boolean {
    if (!thread.isRunning && !thread.isStopped) return false;
    return !this.#stopped.has(thread) && !this.#queue.some((stop) => threadOf(stop) === thread);
  }

  /** Stops one thread, and has it reported with SIGINT. */
  interrupt(): void {
    const { processes, selection } = this.#context;
    const latestFirst = [...processes.attached].reverse();
    const general = selection.general();
    for (const { process, attachment } of latestFirst) {
      const own = general?.process === process ? [general] : [];
      const thread = [...own, ...process.threads.values()].find((one) => this.#isRunning(one));
      if (thread === undefined) continue;
      this.#isInterruptKept = false;
      this.#interrupted.add(thread);
      attachment.hold([thread]);
      return;
    }
    this.#isInterruptKept = true;
  }

  /** The thread is gone, or stopped for a reason that says nothing of the interrupt. */
  #moveInterrupt(thread: Thread): void {
    if (this.#interrupted.delete(thread)) this.interrupt();
  }

  // --- events

  /** A stop that was sent is one that the client is about to know. */
  keepsEnd(leader: Thread): boolean {
    if (this.#endedRunning.has(leader.process)) return false;
    return this.#isLeaving || this.#isKnownStopped(leader.process, leader.tid);
  }

  #isKnownStopped(process: Process, tid: Tid): boolean {
    const [sent] = this.#queue;
    const threads = [...this.#stopped.keys(), sent && threadOf(sent)];
    return threads.some((thread) => thread?.process === process && thread.tid === tid);
  }

  onEvent(event: CoreEvent): EventAnswer {
    switch (event.kind) {
      case 'exit':
        this.#queue = this.#queue.filter((stop, index) => index === 0 || stop.kind !== 'no-resumed');
        if (!this.#context.processes.isEndedLeader(event.leader))
          this.#add({ kind: 'exit', pid: event.pid, status: event.status });
        return 'pass';
      case 'thread-exit':
        this.#onThreadExit(event);
        return 'pass';
      case 'printed':
      case 'separated':
        return 'pass';
      case 'exec':
        // One thread is left, and the client may know as stopped the one whose id it bears.
        this.forget(event.thread.process);
        break;
      default:
        break;
    }
    const { thread } = event;
    if (event.kind === 'held' && this.#stopped.has(thread)) return 'hold';
    this.#stopped.delete(thread);
    if (event.kind === 'held' && this.#interrupted.delete(thread)) this.#add({ kind: 'interrupt', thread });
    else this.#add({ kind: 'event', event });
    this.#moveInterrupt(thread);
    return 'hold';
  }

  #onThreadExit({ process, tid, code }: Extract<CoreEvent, { kind: 'thread-exit' }>): void {
    // Threads that stood and do not any more are on their way out with this one.
    const isProcessEnding = [...process.threads.values()].some(
      (one) => this.#stopped.has(one) && !one.isStopped,
    );
    if (isProcessEnding && !this.#isKnownStopped(process, tid)) this.#endedRunning.add(process);
    this.#dropDead();
    const isReported = this.#context.threadEvents.takeExit(process.pid, tid);
    if (isReported) this.#add({ kind: 'thread-exited', pid: process.pid, tid, code });
    const live = [...this.#context.processes.threads()].filter((thread) => thread.isAlive);
    // A thread that is held and does not stand is on its way out with its process.
    const isNews = live.length > 0 && live.every((thread) => thread.isStopped && !this.#isRunning(thread));
    if (isNews && this.#context.style.features.has('noResumed')) this.#add({ kind: 'no-resumed' });
  }

  #dropDead(): void {
    const { processes } = this.#context;
    for (const thread of [...this.#stopped.keys()])
      if (!thread.isAlive && !processes.isEndedLeader(thread)) this.#stopped.delete(thread);
    for (const thread of [...this.#interrupted]) if (!thread.isAlive) this.#moveInterrupt(thread);
  }

  // --- telling

  #add(stop: Stop): void {
    if (this.#isLeaving) {
      if (stop.kind === 'exit') this.#context.pending.addExit(stop);
      else if (stop.kind === 'thread-exited') this.#context.pending.add(stop);
      else if (stop.kind === 'event' && stop.event.kind !== 'held') this.#context.pending.add(stop);
      return;
    }
    this.#queue.push(stop);
    if (this.#queue.length === 1) this.#context.notify(this.#describe(stop));
  }

  get owesStops(): boolean {
    return this.#queue.length > 0;
  }

  /** `vStopped`: the stop that was sent is known now, and the next one is sent. */
  acknowledge(): Reply {
    const known = this.#queue.shift();
    const thread = known && threadOf(known);
    // The first thread of a program may have two stops here: one of its own, and the exec of another thread.
    const isLast = !this.#queue.some((stop) => threadOf(stop) === thread);
    if (known !== undefined && thread !== undefined && isLast && this.#isOurs(thread))
      this.#stopped.set(thread, known);
    if (known?.kind === 'event') this.#takeOver(known.event);
    return this.#nextReply();
  }

  /** What a thread has made is the client's from now on, and held. */
  #takeOver(event: ThreadEvent): void {
    // Its first stop may still be to come, and then finds what the client wants of it.
    if (event.kind === 'clone' && event.child.isAlive)
      this.#stopped.set(event.child, { kind: 'present', thread: event.child });
    if (event.kind !== 'fork' && event.kind !== 'vfork') return;
    const attached = this.#context.processes.get(event.child);
    if (attached === undefined) return;
    attached.attachment.newThreads = 'continue';
    for (const thread of event.child.threads.values()) this.#markStopped(thread);
  }

  #nextReply(): Reply {
    this.#queue = this.#queue.filter((stop) => {
      const thread = threadOf(stop);
      return thread === undefined || this.#isOurs(thread);
    });
    const [next] = this.#queue;
    return next === undefined ? ok : text(this.#describe(next));
  }

  #isOurs(thread: Thread): boolean {
    const { processes } = this.#context;
    if (processes.isEndedLeader(thread)) return true;
    return thread.isStopped && processes.get(thread.process) !== undefined;
  }

  #describe(stop: Stop): string {
    const { style, processes } = this.#context;
    if (stop.kind === 'event' && !this.#told.has(stop)) {
      this.#told.add(stop);
      processes.presentTrapPc(stop.event, style.features);
      const end = processes.reveal(stop.event);
      if (end !== undefined) this.#queue.push(end);
    }
    return describeStop(stop, style);
  }

  /** Every stopped thread once more, and whatever else has not been sent. */
  reportCurrent(unreported: Iterable<Process>): Reply {
    const queued = this.#queue;
    const passing = new Set([...unreported].flatMap((process) => this.#allButFirst(process)));
    const known = [...this.#stopped].filter(([thread]) => !passing.has(thread));
    for (const [thread] of known) this.#stopped.delete(thread);
    this.#queue = [
      ...known.map(([, stop]) => stop),
      ...queued.filter((stop, index) => index > 0 || threadOf(stop) !== undefined),
    ];
    if (passing.size > 0) this.resume([...passing].map(continuing));
    return this.#nextReply();
  }

  /**
   * Attaching stops nothing in this mode, and the client finds one thread to begin with. GDB 13 ends itself when it
   * finds two.
   */
  #allButFirst(process: Process): readonly Thread[] {
    return [...this.#stopped.keys()].filter((thread) => thread.process === process).slice(1);
  }

  /** A program that was started is stopped. Threads that were attached to go on as if nothing had happened. */
  reportPresent(process: Process, origin: 'started' | 'attached'): Reply {
    const attached = this.#context.processes.get(process);
    if (attached === undefined) return failure(errno.noSuchProcess, 'the process is gone');
    attached.attachment.newThreads = 'continue';
    for (const thread of process.threads.values()) this.#markStopped(thread);
    if (origin === 'attached') {
      const selector = { process: process.pid, thread: 'all' } as const;
      return this.resume([{ action: { kind: 'continue' }, signal: 0, selector }]);
    }
    const [first] =
      [...this.#stopped].find(([thread]) => selects({ process: process.pid, thread: 'any' }, thread)) ?? [];
    if (first === undefined) return failure(errno.noSuchProcess, 'the process is gone');
    this.#context.selection.setGeneral(first);
    return text(this.#describe({ kind: 'present', thread: first }));
  }

  /** The client goes over to all-stop: every thread is held, and what it has not heard of waits for its next resume. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    for (const stop of this.#queue.splice(0)) this.#add(stop);
    await this.#context.processes.quiesce();
  }
}

function continuing({ process, tid }: Thread): RequestedAction {
  return { action: { kind: 'continue' }, signal: 0, selector: { process: process.pid, thread: tid } };
}
