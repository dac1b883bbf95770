/** The processes of one session. */
import { kernelSignal, tid } from '../../base/ids.js';
import type { Process, Thread, ThreadEvent } from '../../core/index.js';
import type { AttachedProcess } from './attached-process.js';
import type { ClientFeatures } from './features.js';
import { type ExitStop, type Stop, threadOf } from './pending-stops.js';
import { chooseActions, newThreadsOf, type RequestedAction, type ResumeChoice } from './run-control.js';
import type { LeftProcess } from './server-config.js';

const sigkill = kernelSignal(9);

/** For each process with threads to be resumed, what they are to do. */
export type ResumePlan = ReadonlyMap<AttachedProcess, Map<Thread, ResumeChoice>>;

/** Whether a thread is to go on with a signal, which only a real resume can deliver. */
export function deliversSignal(plan: ResumePlan): boolean {
  for (const choices of plan.values()) {
    for (const choice of choices.values()) if (choice.signal !== 0 || choice.deliversPending) return true;
  }
  return false;
}

/** A child that the client does not know yet. */
interface UntoldChild {
  readonly attached: AttachedProcess;
  readonly parent: Process;
  /** It has ended meanwhile. */
  end?: ExitStop;
}

/** A process whose end the client has not been told: for it there is this one thread, stopped. */
interface EndedProcess {
  readonly attached: AttachedProcess;
  readonly leader: Thread;
}

/** The threads that actions may name: few where each names one, in a process that may have thousands. */
function nameable({ threads }: Process, actions: readonly RequestedAction[]): readonly Thread[] {
  const ids = actions.map(({ selector }) => selector.thread);
  if (!ids.every((id) => typeof id === 'number')) return [...threads.values()];
  return ids.flatMap((id) => threads.get(tid(id)) ?? []);
}

/** Everything that counts, finds or resumes leaves out what the client has not heard of. */
export class ProcessSet {
  readonly #attached = new Map<Process, AttachedProcess>();
  readonly #ended = new Map<Process, EndedProcess>();
  readonly #untoldChildren = new Map<Process, UntoldChild>();
  readonly #untoldThreads = new Set<Thread>();
  readonly #childTold: (child: Process, parent: Process) => void;

  /** @param childTold the client has heard of a process that one of its own has made */
  constructor(childTold: (child: Process, parent: Process) => void) {
    this.#childTold = childTold;
  }

  get size(): number {
    return this.#attached.size + this.#ended.size;
  }

  /** Those that have ended left out. */
  get attached(): Iterable<AttachedProcess> {
    return this.#attached.values();
  }

  /** As `attached`; those that the client does not know included. */
  *all(): Iterable<AttachedProcess> {
    yield* this.#attached.values();
    for (const { attached } of this.#untoldChildren.values()) yield attached;
  }

  /** A child that is the client's once the event of its making is reported. */
  addUntold(attached: AttachedProcess, parent: Process): void {
    this.#untoldChildren.set(attached.process, { attached, parent });
  }

  untoldChildrenOf(parent: Process): readonly Process[] {
    return [...this.#untoldChildren].flatMap(([child, untold]) => (untold.parent === parent ? [child] : []));
  }

  /** @returns whether it is an untold child that has ended: that is told when the client has heard of the child. */
  keepUntoldEnd(process: Process, end: ExitStop): boolean {
    const untold = this.#untoldChildren.get(process);
    if (untold !== undefined) untold.end = end;
    return untold !== undefined;
  }

  isUntold(process: Process): boolean {
    return this.#untoldChildren.has(process);
  }

  addUntoldThread(thread: Thread): void {
    this.#untoldThreads.add(thread);
  }

  isUntoldThread(thread: Thread): boolean {
    return this.#untoldThreads.has(thread);
  }

  /**
   * The client is told of an event: what it hears of by that is untold no more.
   * @returns the end of a child that the client has just heard of
   */
  reveal(event: ThreadEvent): ExitStop | undefined {
    if (event.kind === 'clone') this.#untoldThreads.delete(event.child);
    if (event.kind === 'fork-settled' && event.killed !== undefined)
      return { kind: 'exit', pid: event.killed, status: { kind: 'killed', signal: sigkill } };
    if (event.kind !== 'fork' && event.kind !== 'vfork') return undefined;
    const untold = this.#untoldChildren.get(event.child);
    this.#untoldChildren.delete(event.child);
    if (untold !== undefined && untold.end === undefined) {
      this.#attached.set(event.child, untold.attached);
      this.#childTold(event.child, untold.parent);
    }
    return untold?.end;
  }

  /** The one that came last at the end, unless it has ended. */
  get processes(): Iterable<Process> {
    return [...this.#ended.keys(), ...this.#attached.keys()];
  }

  /** A process has ended that the client knows as stopped: it stays until its end is told. */
  keepEnded(process: Process, leader: Thread): void {
    const attached = this.#attached.get(process);
    if (attached === undefined) return;
    this.#attached.delete(process);
    this.#ended.set(process, { attached, leader });
  }

  /** The threads that stand for processes whose end has not been told. */
  get endedLeaders(): readonly Thread[] {
    return [...this.#ended.values()].map(({ leader }) => leader);
  }

  isEndedLeader(thread: Thread): boolean {
    return this.#ended.get(thread.process)?.leader === thread;
  }

  /** The process whose end this stop tells, while it is kept. */
  endedBy(stop: Stop): Process | undefined {
    if (stop.kind !== 'exit') return undefined;
    for (const process of this.#ended.keys()) if (process.pid === stop.pid) return process;
    return undefined;
  }

  add(attached: AttachedProcess): void {
    this.#attached.set(attached.process, attached);
  }

  /** @returns the session's hold on it, or undefined when it had none. */
  remove(process: Process): AttachedProcess | undefined {
    const attached = this.get(process);
    this.#attached.delete(process);
    this.#ended.delete(process);
    this.#untoldChildren.delete(process);
    for (const thread of this.#untoldThreads)
      if (thread.process === process) this.#untoldThreads.delete(thread);
    return attached;
  }

  /** As `TrapPcs.present`. */
  presentTrapPc(event: ThreadEvent, features: ClientFeatures): void {
    this.get(event.thread.process)?.trapPcs.present(event, features);
  }

  /** Forgets everything. @returns what the client leaves behind, of which it has `held` some threads */
  leaveAll(held: (process: Process) => Iterable<Thread>): readonly LeftProcess[] {
    for (const { process, trapPcs } of this.all()) trapPcs.takeBack(process);
    const left = [...this.all()].map(({ attachment, persistentBreakpoints }) => ({
      attachment,
      persistentBreakpoints,
      held: [...held(attachment.process)],
    }));
    this.#attached.clear();
    this.#ended.clear();
    this.#untoldChildren.clear();
    this.#untoldThreads.clear();
    return left;
  }

  /** As `get`, of one that must be there. */
  require(process: Process): AttachedProcess {
    const attached = this.get(process);
    if (attached === undefined) throw new Error(`process ${process.pid} is selected but not attached`);
    return attached;
  }

  /** Also of a process that the client does not know. */
  get(process: Process): AttachedProcess | undefined {
    const known = this.#attached.get(process) ?? this.#ended.get(process)?.attached;
    return known ?? this.#untoldChildren.get(process)?.attached;
  }

  byId(pid: number): Process | undefined {
    // The kernel may have given the id of one that has ended to another one.
    return [...this.processes].findLast((process) => process.pid === pid);
  }

  /** Threads of every process; a leader that has exited before its threads is none. */
  *threads(): Iterable<Thread> {
    for (const process of this.#attached.keys()) {
      for (const thread of process.threads.values()) if (this.#isKnown(thread)) yield thread;
    }
    yield* this.endedLeaders;
  }

  #isKnown(thread: Thread): boolean {
    return (thread.isStopped || thread.isRunning) && !this.#untoldThreads.has(thread);
  }

  /** `isConcerned`: whether a thread is to be resumed at all. */
  plan(
    actions: readonly RequestedAction[],
    isConcerned: (thread: Thread) => boolean = () => true,
  ): ResumePlan {
    const plan = new Map<AttachedProcess, Map<Thread, ResumeChoice>>();
    for (const attached of this.#attached.values()) {
      const choices = chooseActions(
        actions,
        nameable(attached.process, actions).filter(
          (one) => !this.#untoldThreads.has(one) && isConcerned(one),
        ),
      );
      if (choices.size > 0) plan.set(attached, choices);
    }
    for (const { attached, leader } of this.#ended.values()) {
      const choices = chooseActions(actions, isConcerned(leader) ? [leader] : []);
      if (choices.size > 0) plan.set(attached, choices);
    }
    return plan;
  }

  /** Whether a stop is to be told before a resume is carried out. */
  isToBeResumed(stop: Stop, plan: ResumePlan): boolean {
    const thread = threadOf(stop);
    if (thread !== undefined) return this.choiceOf(thread, plan) !== undefined;
    const ended = this.#endedOf(stop);
    return ended === undefined || plan.has(ended.attached);
  }

  /** Whether a stop concerns what the last resume let run. */
  concernsResumed(stop: Stop): boolean {
    const thread = threadOf(stop);
    if (thread !== undefined) return this.wasResumed(thread);
    return this.#endedOf(stop)?.attached.hadResumedThread ?? true;
  }

  #endedOf(stop: Stop): EndedProcess | undefined {
    const process = this.endedBy(stop);
    return process && this.#ended.get(process);
  }

  choiceOf(thread: Thread, plan: ResumePlan): ResumeChoice | undefined {
    const attached = this.#attached.get(thread.process);
    return attached === undefined ? undefined : plan.get(attached)?.get(thread);
  }

  /** Nothing that has ended is in the plan: its end was told instead of resuming. */
  resume(plan: ResumePlan, actions: readonly RequestedAction[]): void {
    for (const { attached } of this.#ended.values()) attached.stayHeld();
    for (const attached of this.#attached.values()) {
      const choices = plan.get(attached);
      if (choices === undefined) attached.stayHeld();
      else attached.resume(choices, newThreadsOf(actions, attached.process));
    }
  }

  /** The last resume once more. */
  resumeAgain(): void {
    for (const attached of this.#attached.values()) attached.resumeAgain();
  }

  hasResumedThread(): boolean {
    for (const attached of this.#attached.values()) if (attached.hasResumedThread) return true;
    return false;
  }

  /**
   * The thread that an interrupt is reported for, one that was let run or is about to be by `plan`. It is of the
   * process that came last, as if its terminal had been given the interrupt: which thread the client asked about last
   * says nothing when it evaluates conditions in all of them. In that process it is the client's thread, or any.
   */
  chooseInterrupted(general: Thread | undefined, plan?: ResumePlan): Thread | undefined {
    const latestFirst = [...this.#attached.keys()].reverse();
    const candidates = latestFirst.flatMap((process) => [
      ...(general?.process === process ? [general] : []),
      ...process.threads.values(),
    ]);
    const stopped = candidates.filter((thread) => thread.isStopped);
    const isRunning = (thread: Thread): boolean =>
      plan === undefined ? this.wasResumed(thread) : this.choiceOf(thread, plan) !== undefined;
    return stopped.find(isRunning) ?? stopped[0];
  }

  /** Whether all that runs are single steps, of other processes than the one that came last. */
  get onlyStepsElsewhere(): boolean {
    return [...this.#attached.values()].every((attached) =>
      this.isLatest(attached.process) ? !attached.hasResumedThread : attached.onlySteps,
    );
  }

  /** Whether it came last. */
  isLatest(process: Process): boolean {
    return [...this.#attached.keys()].at(-1) === process;
  }

  /** Whether the last resume let it run. */
  wasResumed(thread: Thread): boolean {
    return this.#attached.get(thread.process)?.wasResumed(thread) ?? false;
  }

  /** As `quiesce`, where every thread is stopped already. False: some run. */
  quiesceAtOnce(): boolean {
    for (const attached of this.#attached.values()) if (!attached.quiesceAtOnce()) return false;
    return true;
  }

  /** Resolves when every thread of every process is held. */
  async quiesce(): Promise<void> {
    await Promise.all([...this.#attached.values()].map((attached) => attached.quiesce()));
  }
}
