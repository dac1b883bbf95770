/** One engine's hold on one process: its wishes for each thread, and what it put into the process. */
import type { HardwarePoint } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import type { Address, KernelSignal } from '../base/ids.js';
import { isNativeError } from '../native/binding.js';
import {
  type BreakpointOwner,
  type BreakpointPrograms,
  checkPrograms,
  hasPrograms,
  noPrograms,
} from './breakpoint-programs.js';
import type { LoggedCall, LoggedCalls } from './call-log.js';
import { type CaughtSystemCalls, callSetOf, hasCall } from './call-set.js';
import type { Engine, EventAnswer, ResumeAction } from './engine.js';
import type { CoreEvent, HitOwners, ThreadEvent } from './event.js';
import type { ToldWrites } from './hardware-points.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** A wish for one thread, and the signal that it goes on with. */
export interface ThreadResume {
  readonly thread: Thread;
  readonly action: ResumeAction;
  /**
   * Kernel number of the signal that the thread gets when it goes on, in place of a pending one; 0 drops the pending
   * one; left out: the pending one is delivered.
   */
  readonly signal?: number;
}

/** A breakpoint, with its conditions and commands if it has any. */
export interface BreakpointWish {
  readonly address: Address;
  readonly programs?: BreakpointPrograms;
}

const hold: ResumeAction = { kind: 'hold' };
const letRun: ResumeAction = { kind: 'continue' };

let lastOwner = 0;
let lastResume = 0;

/** Unlike every other one. */
function newOwner(): BreakpointOwner {
  lastOwner += 1;
  return { id: lastOwner };
}

/** An engine on a process: its breakpoints and watchpoints, and its wish for each thread. */
export class Attachment {
  readonly process: Process;
  readonly engine: Engine;
  #newThreads: 'hold' | 'continue';
  /** A thread that is missing here is held. */
  readonly #votes = new Map<Thread, ResumeAction>();
  /** Threads whose `held` is still to come. */
  readonly #awaited = new Set<Thread>();
  #passSignals: bigint;
  #caughtCalls: CaughtSystemCalls;
  #loggedCalls: LoggedCalls | undefined;
  #isAttached = true;
  #hasFailed = false;
  #resumeOrder = 0;
  /** Between `quiesce` and the next `resume`: threads that appear are held, too. */
  #isQuiet = false;

  /** Whose its sites and hardware points are; a vfork child's attachment has its parent's. @internal */
  readonly owner: BreakpointOwner;

  /** Made by `Process.attachEngine`; holds every thread. @internal */
  constructor(process: Process, engine: Engine, parent?: Attachment, owner: BreakpointOwner = newOwner()) {
    this.process = process;
    this.engine = engine;
    this.owner = owner;
    this.#newThreads = parent?.newThreads ?? 'continue';
    this.#passSignals = parent === undefined ? 0n : parent.#passSignals;
    this.#caughtCalls = parent === undefined ? 'none' : parent.#caughtCalls;
    this.#loggedCalls = parent === undefined ? undefined : parent.#loggedCalls;
  }

  /** This engine's wish for threads that appear while it lets others run. */
  get newThreads(): 'hold' | 'continue' {
    return this.#newThreads;
  }

  set newThreads(wish: 'hold' | 'continue') {
    if (wish === this.#newThreads) return;
    this.#newThreads = wish;
    this.process.quietChildren.wishesChanged();
  }

  /** This engine's wish for a thread that appeared now. @internal */
  get wishForNew(): 'hold' | 'continue' {
    return this.#isQuiet ? 'hold' : this.#newThreads;
  }

  /** Greater than that of every resume before. @internal */
  get resumeOrder(): number {
    return this.#resumeOrder;
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  /** Every thread is held, and nobody waits to hear of one. @internal */
  get holdsAllSilently(): boolean {
    return this.#votes.size === 0 && this.#awaited.size === 0;
  }

  /** Bit n - 1: signal n may pass without a word to this engine. */
  get passSignals(): bigint {
    return this.engine.mask.has('signal') ? this.#passSignals : (1n << 64n) - 1n;
  }

  /**
   * Sets this engine's wishes; threads that are not named keep theirs. A thread runs as soon as no engine holds it.
   */
  resume(actions: Iterable<ThreadResume>): void {
    this.#setQuiet(false);
    lastResume += 1;
    this.#resumeOrder = lastResume;
    const named: Thread[] = [];
    for (const { thread, action, signal } of actions) {
      if (!thread.isAlive) continue;
      this.#votes.set(thread, action);
      this.#awaited.delete(thread);
      if (signal !== undefined) thread.signalOverride = signal;
      if (this.engine.meetsOwnBreakpoints === true) this.#forgetOwnHit(thread);
      named.push(thread);
    }
    this.process.resumeWanted(named);
  }

  #setQuiet(isQuiet: boolean): void {
    if (isQuiet === this.#isQuiet) return;
    this.#isQuiet = isQuiet;
    this.process.quietChildren.wishesChanged();
  }

  #forgetOwnHit(thread: Thread): void {
    const site = this.process.native.hitSite(thread.tid);
    if (site !== 0n && this.process.sites.has(site, this.owner)) this.process.native.forgetHit(thread.tid);
  }

  /** Holds every thread; resolves when every thread is really stopped. Events go to the engine meanwhile as always. */
  quiesce(): Promise<void> {
    this.#holdAll();
    return this.process.stopRunning();
  }

  /** As `quiesce`, where nothing runs any more. False: something does, and nothing was done. */
  quiesceAtOnce(): boolean {
    if (this.process.anyRunning()) return false;
    if (this.process.runningThreads.size > 0) this.#holdAll();
    // Until this engine resumes no thread is made: native code need not hear of it.
    this.#isQuiet = true;
    this.#votes.clear();
    return true;
  }

  #holdAll(): void {
    this.#setQuiet(true);
    this.#votes.clear();
  }

  /**
   * Holds these threads and no others. For each of them the engine gets `held` once when it has stopped, unless another
   * event tells it of that very stop; never from within this call.
   */
  hold(threads: Iterable<Thread>): void {
    for (const thread of threads) {
      if (!thread.isStopped && !thread.isRunning) continue;
      this.#votes.set(thread, hold);
      this.#awaited.add(thread);
      this.process.interrupt(thread);
      if (thread.isStopped) this.process.tracer.enqueue(() => this.tellHeld(thread));
    }
    this.process.tracer.schedulePump();
  }

  /** A thread has stopped, and the engines were told why. @internal */
  tellHeld(thread: Thread): void {
    if (!thread.isStopped || thread.owesChildEvent || thread.telling !== undefined) return;
    if (!this.#awaited.delete(thread)) return;
    const event: CoreEvent = { kind: 'held', thread };
    if (this.concerns(event)) this.tellAside(event);
  }

  /** A thread has appeared. @internal */
  voteForNew(thread: Thread): void {
    if (this.wishForNew === 'continue') this.#votes.set(thread, letRun);
  }

  /** What this engine wishes for a thread. */
  voteFor(thread: Thread): ResumeAction {
    return this.#votes.get(thread) ?? hold;
  }

  /** A wish for the thread of an event, within `Engine.onEvent`: nothing is let run before the event was told. */
  vote(thread: Thread, action: ResumeAction): void {
    this.#votes.set(thread, action);
  }

  /** `thread` goes on in the place of `former`, whose id it has taken or given up in an exec. @internal */
  inheritVote(thread: Thread, former: Thread): void {
    this.#votes.set(thread, this.voteFor(former));
    if (this.#awaited.delete(former)) this.#awaited.add(thread);
    else if (former !== thread) this.#awaited.delete(thread);
  }

  /** @internal */
  forgetThread(thread: Thread): void {
    this.#awaited.delete(thread);
    this.#votes.delete(thread);
  }

  /** Whether an event of its mask concerns this engine and not another one's breakpoint or step. @internal */
  concerns(event: CoreEvent): boolean {
    if (!this.#isAttached || this.#hasFailed || !this.engine.mask.has(event.kind)) return false;
    switch (event.kind) {
      case 'breakpoint':
        return this.process.sites.has(event.address, this.owner) && this.#isAmong(event.owners);
      case 'watchpoint':
        return this.process.hardware.isWantedBy(event.point, this.owner);
      case 'hardware-breakpoint':
        return (
          this.process.hardware.isWantedBy(executeAt(event.address), this.owner) &&
          this.#isAmong(event.owners)
        );
      case 'step-done':
        return this.#isStepDone(event);
      case 'system-call-entry':
      case 'system-call-return':
        return this.catchesSystemCall(event.number);
      case 'signal':
      case 'program-trap':
      case 'clone':
      case 'thread-start':
      case 'fork':
      case 'fork-settled':
      case 'vfork':
      case 'vfork-done':
      case 'held':
      case 'exec':
      case 'group-stop':
      case 'thread-exit':
      case 'separated':
      case 'printed':
      case 'exit':
        return true;
    }
  }

  /** Tells the engine. @internal */
  tell(event: CoreEvent): EventAnswer {
    try {
      const answer = this.engine.onEvent(event);
      if ('thread' in event) this.#awaited.delete(event.thread);
      return answer;
    } catch (error) {
      this.fail(error);
      return 'pass';
    }
  }

  /** As `tell`, of a call that was logged. @internal */
  tellLogged(call: LoggedCall): void {
    if (!this.#isAttached || this.#hasFailed || !this.catchesSystemCall(call.number)) return;
    call.thread.currentCall = undefined;
    try {
      this.engine.onLoggedCall?.(call);
    } catch (error) {
      this.fail(error);
    }
  }

  /** As `tell`, where nobody waits for the answer. @internal */
  tellAside(event: CoreEvent): void {
    const answer = this.tell(event);
    if (answer instanceof Promise) answer.catch((error: unknown) => this.fail(error));
  }

  /** The engine has failed: it is told nothing more and leaves, with a warning that names it. */
  fail(error: unknown): void {
    const { tracer } = this.process;
    tracer.warn(`engine ${this.engine.name} failed and is detached`, error);
    this.#hasFailed = true;
    this.detach().catch((cause: unknown) =>
      tracer.warn(`engine ${this.engine.name} could not be detached`, cause),
    );
  }

  /** Inserting again replaces conditions and commands. @throws OutstepError MEMORY, UNSUPPORTED */
  insertBreakpoint(address: Address, programs: BreakpointPrograms = noPrograms): void {
    const [error] = this.insertBreakpoints([{ address, programs }]);
    if (error !== undefined) throw error;
  }

  /**
   * As `insertBreakpoint` for many: for each undefined, or what it would throw. Their text is read by one system call for a
   * thousand of them, and each trap is written by one.
   */
  insertBreakpoints(breakpoints: readonly BreakpointWish[]): (OutstepError | undefined)[] {
    const wishes = breakpoints.map(({ address, programs = noPrograms }) => ({ address, programs }));
    const { sites } = this.process;
    const errors = sites.insertAll(wishes, this.owner);
    const programmed = wishes.filter(({ programs }, at) => errors[at] === undefined && hasPrograms(programs));
    // A site whose hits native code passes by itself needs its slot from the first one on.
    const caller = programmed.length > 0 ? this.process.threadForCalls() : undefined;
    if (caller !== undefined) for (const { address } of programmed) sites.provideSlot(address, caller);
    return errors;
  }

  /** As `removeBreakpoint` for many, with as few system calls. */
  removeBreakpoints(addresses: Iterable<Address>): void {
    this.process.sites.removeAll(addresses, this.owner);
  }

  /** Of this engine; one that is not there is nothing. */
  removeBreakpoint(address: Address): void {
    this.process.sites.remove(address, this.owner);
  }

  /** Whether this engine has one there. */
  hasBreakpoint(address: Address): boolean {
    return this.process.sites.has(address, this.owner);
  }

  /**
   * `programs`: of a breakpoint; `tells`: of a write watchpoint. Takes effect in every thread at once; those that run
   * are stopped for a moment.
   * @throws OutstepError NO_DEBUG_REGISTER, UNSUPPORTED
   */
  insertHardwarePoint(
    point: HardwarePoint,
    programs: BreakpointPrograms = noPrograms,
    tells: ToldWrites = 'all',
  ): void {
    checkPrograms(programs);
    this.process.hardware.insert(point, this.owner, programs, tells);
    try {
      this.process.hardwareChanged();
    } catch (error) {
      this.process.hardware.remove(point, this.owner);
      if (!isNativeError(error)) throw error;
      const where = `0x${point.address.toString(16)}`;
      const message = `the kernel does not let a debug register watch ${where}: ${error.message}`;
      throw new OutstepError(errorCodes.NO_DEBUG_REGISTER, message, { errno: error.errno });
    }
  }

  /** Of this engine. Takes effect in every thread at once. */
  removeHardwarePoint(point: HardwarePoint): void {
    this.process.hardware.remove(point, this.owner);
    this.process.hardwareChanged();
  }

  /** Signals delivered without an event to this engine. */
  setPassSignals(signals: ReadonlySet<KernelSignal>): void {
    this.#passSignals = [...signals].reduce((bits, signal) => bits | (1n << BigInt(signal - 1)), 0n);
    this.process.passSignalsChanged();
  }

  /** To be called when the engine's mask has changed: what native code decides by it is decided anew. */
  maskChanged(): void {
    this.process.passSignalsChanged();
  }

  /**
   * The system calls that this engine is told of when a thread goes into them and when it comes back, in place of
   * those before. Holds for running threads as well, and after an exec.
   */
  setCaughtSystemCalls(calls: CaughtSystemCalls): void {
    this.#caughtCalls = calls;
    this.process.caughtCalls.wishesChanged();
  }

  get caughtSystemCalls(): CaughtSystemCalls {
    return this.#caughtCalls;
  }

  /** @internal */
  get catchesAny(): boolean {
    const { numbers, isRest } = callSetOf(this.#caughtCalls);
    return isRest || numbers.size > 0;
  }

  /**
   * Which of the caught calls the engine hears of by `Engine.onLoggedCall`, as long as no other engine catches any and the
   * thread is not stepped; in place of those before. Much cheaper than events, where nothing is to be done to the calls.
   */
  setLoggedCalls(calls: LoggedCalls | undefined): void {
    this.#loggedCalls = calls;
    this.process.caughtCalls.wishesChanged();
  }

  get loggedCalls(): LoggedCalls | undefined {
    return this.#loggedCalls;
  }

  /** @internal */
  catchesSystemCall(number: number): boolean {
    return hasCall(callSetOf(this.#caughtCalls), number);
  }

  /**
   * Takes back all that this engine put in. When it was the last one the process is let go and runs on as it was;
   * a signal that was about to be delivered still is when `deliver` says so.
   */
  async detach(deliver: (signal: KernelSignal) => boolean = () => true): Promise<void> {
    if (!this.#isAttached) return;
    if (this.process.attachments.length > 1) {
      this.withdraw();
      return;
    }
    if (!this.quiesceAtOnce()) await this.quiesce();
    // Meanwhile this engine may have left in another way, and another one come.
    if (!this.#isAttached) return;
    const isLast = this.process.attachments.length === 1;
    this.withdraw();
    if (isLast) this.process.release(deliver);
  }

  /** Leaves at once, without a thought for the process when this was the last engine. */
  withdraw(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.process.dropAttachment(this);
    this.#votes.clear();
    this.#awaited.clear();
  }

  /** SIGKILL; resolves when the process is reaped. This engine is not told of the exit. */
  kill(): Promise<void> {
    this.#isAttached = false;
    return this.process.kill();
  }

  #isAmong(owners: HitOwners | undefined): boolean {
    return owners === undefined || owners.includes(this.owner.id);
  }

  #isStepDone(event: Extract<ThreadEvent, { kind: 'step-done' }>): boolean {
    const vote = this.voteFor(event.thread);
    if (vote.kind === 'step') return true;
    if (vote.kind === 'block-step') return this.process.native.hasTransferred(event.thread.tid);
    if (vote.kind !== 'range-step') return false;
    const pc = event.thread.pc;
    return pc < vote.start || pc >= vote.end;
  }
}

function executeAt(address: bigint): HardwarePoint {
  return { kind: 'execute', address, lengthBytes: 1 };
}
