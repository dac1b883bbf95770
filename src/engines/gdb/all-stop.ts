/**
 * All-stop: between two packets every thread of every process is held, and from a resume to its stop reply the client
 * waits for the first event that it must hear of.
 */
import type { Pid } from '../../base/ids.js';
import type { CoreEvent, EventAnswer, Process, Thread } from '../../core/index.js';
import { replyForError } from './output.js';
import { OwedSignals } from './owed-signals.js';
import { deferred, errno, failure, ok, type Reply, text } from './packet.js';
import { type Stop, threadOf } from './pending-stops.js';
import { deliversSignal } from './process-set.js';
import type { RequestedAction } from './run-control.js';
import type { RunContext, RunMode } from './run-mode.js';
import { stopReplyOf } from './stop-reporter.js';

/** Changed in one place, `#enter`. */
type AllStopState =
  | { readonly kind: 'stopped' }
  /** Threads run and the client waits for a stop reply. */
  | { readonly kind: 'running' }
  /** Something happened; the stop reply leaves when every thread is held. */
  | { readonly kind: 'stopping'; readonly interrupted: boolean };

/** What waits for it comes next, for less than `queueMicrotask` costs. */
const answered = Promise.resolve();

export class AllStop implements RunMode {
  readonly kind = 'all-stop';
  readonly #context: RunContext;
  readonly #owedSignals = new OwedSignals();
  #state: AllStopState = { kind: 'stopped' };
  #lastStop: Stop | undefined;
  #isInterruptKept = false;

  constructor(context: RunContext) {
    this.#context = context;
  }

  get isWaiting(): boolean {
    return this.#state.kind === 'running';
  }

  get isReady(): boolean {
    return this.#state.kind === 'stopped';
  }

  get owesNothing(): boolean {
    return !this.#isInterruptKept && this.#owedSignals.isEmpty;
  }

  heldThreads(process: Process): Iterable<Thread> {
    return this.isReady ? process.threads.values() : [];
  }

  forget(process: Process): void {
    this.#context.style.told.forget(process);
    if (this.#lastStop !== undefined && threadOf(this.#lastStop)?.process === process)
      this.#lastStop = undefined;
  }

  forgetEnd(id: Pid | undefined): boolean {
    return this.#context.pending.dropExit(id);
  }

  /** Everything is held already: packets are handled only then. */
  leave(): Promise<void> {
    return Promise.resolve();
  }

  /** What the client was told last. */
  get lastStop(): Stop | undefined {
    return this.#lastStop;
  }

  /** There are no notifications. */
  get owesStops(): boolean {
    return false;
  }

  acknowledge(): Reply {
    return ok;
  }

  reportPresent(process: Process): Reply {
    const first = [...process.threads.values()].find((thread) => thread.isStopped);
    const own = this.#context.pending.takeOf(process);
    if (own !== undefined) return this.#report(own);
    if (first !== undefined) return this.#report({ kind: 'present', thread: first });
    this.#context.forget(process);
    return failure(errno.noSuchProcess, 'the process is gone');
  }

  /** The last stop once more, or what a new connection finds. */
  reportCurrent(): Reply {
    const { processes, pending, selection } = this.#context;
    const last = this.#lastStop;
    const isCurrent = last !== undefined && (threadOf(last)?.isAlive ?? processes.size === 0);
    const stop = (isCurrent ? last : undefined) ?? pending.take(() => true);
    if (stop !== undefined) return this.#report(stop);
    const thread = selection.general() ?? [...processes.threads()][0];
    return thread === undefined ? text('W00') : this.#report({ kind: 'present', thread });
  }

  /** The answer is a stop reply, at once when there is one that waits to be told. */
  resume(actions: readonly RequestedAction[]): Reply {
    const { processes, pending, passSignals, selection } = this.#context;
    const plan = processes.plan(actions);
    this.#owedSignals.addTo(plan);
    const waiting = pending.takeForResume(processes, plan, passSignals);
    if (waiting !== undefined) {
      this.#owedSignals.keep(plan);
      return this.#report(waiting);
    }
    if (plan.size === 0) return this.#nothingToResume(actions);
    const interrupted = this.#takeKeptInterrupt();
    if (interrupted && !deliversSignal(plan)) {
      const thread = processes.chooseInterrupted(selection.general(), plan);
      if (thread !== undefined && processes.isLatest(thread.process))
        return this.#report({ kind: 'interrupt', thread });
    }
    this.#owedSignals.settle(plan);
    this.#context.style.told.forgetResumed(plan);
    this.#lastStop = undefined;
    this.#enter({ kind: 'running' });
    this.#context.repeated.noteRun(plan);
    try {
      processes.resume(plan, actions);
    } catch (error) {
      this.#enter({ kind: 'stopped' });
      throw error;
    }
    if (interrupted) this.interrupt();
    return deferred;
  }

  #takeKeptInterrupt(): boolean {
    const kept = this.#isInterruptKept;
    this.#isInterruptKept = false;
    return kept;
  }

  #nothingToResume(actions: readonly RequestedAction[]): Reply {
    if (actions.every((action) => action.action.kind === 'leave')) return ok;
    return this.#context.processes.size > 0
      ? this.#report({ kind: 'no-resumed' })
      : failure(errno.noSuchProcess, 'no process');
  }

  /**
   * Stops everything on the client's behalf. One that comes while nothing runs may have been sent before the client
   * heard so: it is kept for the next resume. So is one that comes while another process takes a step, which may wait
   * for the processor for a while; the next one stops it.
   */
  interrupt(isLate = false): void {
    const isKeptForOther = !this.#isInterruptKept && this.#context.processes.onlyStepsElsewhere;
    if (this.#state.kind === 'running' && !isKeptForOther && !isLate) this.#beginStop(true);
    else if (this.#state.kind !== 'stopping' || !this.#state.interrupted) this.#isInterruptKept = true;
  }

  /** A leader that ended before the others is none of the threads that the client knows. */
  keepsEnd(leader: Thread): boolean {
    return leader.state.kind !== 'zombie';
  }

  onEvent(event: CoreEvent): EventAnswer {
    const { pending, processes } = this.#context;
    switch (event.kind) {
      case 'exit':
        if (!processes.isEndedLeader(event.leader))
          pending.addExit({ kind: 'exit', pid: event.pid, status: event.status });
        this.#beginStop(false);
        return 'pass';
      case 'printed':
      case 'separated':
        return 'pass';
      case 'thread-exit':
        this.#onThreadExit(event);
        return 'pass';
      default:
        pending.add({ kind: 'event', event });
        this.#beginStop(false);
        return 'hold';
    }
  }

  #onThreadExit({ process, tid, code }: Extract<CoreEvent, { kind: 'thread-exit' }>): void {
    const { processes, pending, threadEvents } = this.#context;
    const isReported = threadEvents.takeExit(process.pid, tid);
    const isLast = this.#state.kind === 'running' && !processes.hasResumedThread();
    if (isReported) pending.add({ kind: 'thread-exited', pid: process.pid, tid, code });
    else if (isLast) pending.add({ kind: 'no-resumed' });
    if (isReported || isLast) this.#beginStop(false);
  }

  #beginStop(interrupted: boolean): void {
    if (this.#state.kind !== 'running') return;
    this.#enter({ kind: 'stopping', interrupted });
    // The engine that asked for this must have its answer first.
    void answered.then(() => this.#stop(interrupted));
  }

  /** A step of a single thread is the hottest way through a session: nothing waits here where nothing runs. */
  #stop(interrupted: boolean): void {
    const { processes } = this.#context;
    if (processes.quiesceAtOnce()) {
      this.#tellStop(interrupted);
      return;
    }
    const fail = (error: unknown): void => this.#failStop(error);
    processes.quiesce().then(() => this.#tellStop(interrupted), fail);
  }

  #failStop(error: unknown): void {
    if (this.#state.kind !== 'stopping') return;
    this.#enter({ kind: 'stopped' });
    this.#context.answerLate(replyForError(error));
  }

  #tellStop(interrupted: boolean): void {
    try {
      this.#finishStop(interrupted);
    } catch (error) {
      this.#failStop(error);
    }
  }

  #finishStop(interrupted: boolean): void {
    const { processes, pending } = this.#context;
    if (this.#state.kind !== 'stopping') return;
    pending.dropDead();
    const stop = interrupted
      ? this.#stopOfInterrupt()
      : pending.take((one) => processes.concernsResumed(one));
    if (stop === undefined) {
      // What had happened concerned a thread that is gone since; the others go on.
      this.#enter({ kind: 'running' });
      processes.resumeAgain();
      return;
    }
    this.#context.flushOutput();
    const reply = this.#report(stop);
    this.#enter({ kind: 'stopped' });
    this.#context.repeated.noteStop(stop, reply);
    this.#context.answerLate(reply);
  }

  /**
   * When the client has let another process run for a moment, such as for one step past a breakpoint, the interrupt is
   * not for that one: it waits for the next resume, if there is something else to be told.
   */
  #stopOfInterrupt(): Stop | undefined {
    const { processes, pending, selection } = this.#context;
    const thread = processes.chooseInterrupted(selection.general());
    const isMeant = thread !== undefined && processes.isLatest(thread.process);
    const other = isMeant ? undefined : pending.take((one) => processes.concernsResumed(one));
    if (other !== undefined && thread !== undefined) this.#isInterruptKept = true;
    return other ?? (thread && { kind: 'interrupt', thread });
  }

  #report(stop: Stop): Reply {
    const { processes, pending, selection, style } = this.#context;
    const thread = threadOf(stop);
    if (thread !== undefined) selection.setGeneral(thread);
    style.told.note(stop);
    if (stop.kind === 'event' && stop !== this.#lastStop) {
      processes.presentTrapPc(stop.event, style.features);
      const end = processes.reveal(stop.event);
      if (end !== undefined) pending.addExit(end);
    }
    const ended = processes.endedBy(stop);
    if (ended !== undefined) this.#context.forget(ended);
    this.#lastStop = stop;
    if (thread !== undefined && style.features.lldb.listsThreads) this.#tellWith(thread.process);
    return stopReplyOf(stop, style);
  }

  /** The stop reply lists why each thread of the process has stopped: nothing is kept for later. */
  #tellWith(process: Process): void {
    const { pending, processes, style } = this.#context;
    for (const stop of pending.takeBesides(process)) {
      if (stop.kind === 'event') processes.presentTrapPc(stop.event, style.features);
      style.told.note(stop);
    }
  }

  #enter(state: AllStopState): void {
    this.#context.log.write('event-loop', () => `all-stop: ${this.#state.kind} -> ${state.kind}`);
    this.#state = state;
  }
}
