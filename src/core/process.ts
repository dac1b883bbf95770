/**
 * A traced process: its threads, its memory, the engines attached to it, and the rule by which a thread runs: when no
 * engine holds it.
 */
import type { ArchModule, DebugRegisters, RegisterFile, TaggedMemory } from '../../arch/module.js';
import { type KernelSignal, type Pid, type Tid, tid } from '../base/ids.js';
import type { NativeTracer } from '../native/binding-types.js';
import { AddressSpace } from './address-space.js';
import { Attachment } from './attachment.js';
import type { BreakpointSites } from './breakpoint-sites.js';
import { CaughtCalls } from './caught-calls.js';
import type { Engine, ResumeAction } from './engine.js';
import type { CoreEvent, ExitStatus, ThreadEvent } from './event.js';
import { letForeignThreadsGo } from './foreign-threads.js';
import { HardwarePoints } from './hardware-points.js';
import { Leaving } from './leaving.js';
import { LoadedProgram } from './loaded-program.js';
import type { Memory } from './memory.js';
import { preparePointsForOurEnd } from './orphan-handler.js';
import { isEnding } from './proc.js';
import { QuietChildren } from './quiet-children.js';
import { signalsPassedBy } from './signal-passing.js';
import { strictest } from './strictest.js';
import { Telling } from './telling.js';
import { type EndState, type ForeignOrigin, Thread } from './thread.js';
import { ThreadNews } from './thread-news.js';
import { ThreadRunner } from './thread-runner.js';
import { ThreadStats } from './thread-stats.js';
import { ThreadStopper } from './thread-stopper.js';
import type { Tracer } from './tracer.js';
import { Turns } from './turns.js';

/** How we came to a process: one that was launched ends with the tracer, one that was attached to lives on. */
export type Origin = 'launched' | 'attached';

/** A traced process: its threads, its memory, and the engines on it. */
export class Process {
  readonly pid: Pid;
  readonly origin: Origin;
  readonly tracer: Tracer;
  /** @internal */
  readonly native: NativeTracer;
  /** Handle of its memory's tables in native code. @internal */
  readonly space: number;
  /** @internal */
  readonly caughtCalls: CaughtCalls;
  /** @internal */
  readonly quietChildren: QuietChildren;
  readonly program: LoadedProgram;
  /** @internal */
  readonly stats: ThreadStats;
  readonly #threads = new Map<Tid, Thread>();
  readonly #running = new Set<Thread>();
  #runCount = 0;
  readonly #runner: ThreadRunner;
  readonly #stopper: ThreadStopper;
  readonly #news: ThreadNews;
  readonly #leaving: Leaving;
  readonly #turns = new Turns(this);
  #addressSpace: AddressSpace;
  #hardware: HardwarePoints;
  #attachments: readonly Attachment[] = [];
  #exitWaiters: (() => void)[] = [];
  #isAlive = true;
  #onLeave: (() => void) | undefined;

  /** `space` has the sites and slots of `addressSpace` already. @internal */
  constructor(tracer: Tracer, pid: Pid, origin: Origin, space: number, addressSpace: AddressSpace) {
    this.tracer = tracer;
    this.native = tracer.native;
    this.pid = pid;
    this.origin = origin;
    this.space = space;
    this.#addressSpace = addressSpace;
    this.#hardware = new HardwarePoints(this.debugRegisters);
    this.caughtCalls = new CaughtCalls(this);
    this.quietChildren = new QuietChildren(this);
    this.program = new LoadedProgram(this);
    this.stats = new ThreadStats(this);
    this.#stopper = new ThreadStopper(this);
    this.#runner = new ThreadRunner(this);
    this.#news = new ThreadNews(this, this.#runner);
    this.#leaving = new Leaving(this, this.#runner, () => this.#close());
    addressSpace.join(this);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Another one after each exec; shared with a vfork child until that executes a program or ends. */
  get addressSpace(): AddressSpace {
    return this.#addressSpace;
  }

  /** @internal */
  get arch(): ArchModule {
    return this.#addressSpace.machine.arch;
  }

  get registerFile(): RegisterFile {
    return this.#addressSpace.machine.registerFile;
  }

  /** Undefined: its machine has none. @internal */
  get taggedMemory(): TaggedMemory | undefined {
    return this.#addressSpace.machine.taggedMemory;
  }

  /** @internal */
  get debugRegisters(): DebugRegisters {
    return this.#addressSpace.machine.debugRegisters;
  }

  get memory(): Memory {
    return this.#addressSpace.memory;
  }

  /** @internal */
  get sites(): BreakpointSites {
    return this.#addressSpace.sites;
  }

  /** @internal */
  get hardware(): HardwarePoints {
    return this.#hardware;
  }

  /** Live threads, in order of appearance. */
  get threads(): ReadonlyMap<Tid, Thread> {
    return this.#threads;
  }

  /** Those that may execute an instruction, or are on their way to a stop. @internal */
  get runningThreads(): ReadonlySet<Thread> {
    return this.#running;
  }

  /** How often a thread was let run: between two values that are equal nothing has been executed. @internal */
  get runCount(): number {
    return this.#runCount;
  }

  /** A thread is in another state now. @internal */
  noteState(thread: Thread): void {
    if (!thread.isRunning) {
      this.#running.delete(thread);
      return;
    }
    this.#running.add(thread);
    this.#runCount += 1;
  }

  get attachments(): readonly Attachment[] {
    return this.#attachments;
  }

  /** Of an engine, if it is attached. */
  attachmentOf(engine: Engine): Attachment | undefined {
    return this.#attachments.find((attachment) => attachment.engine === engine);
  }

  /**
   * Lets one more engine in; it holds every thread until it says otherwise, which takes effect at `quiesce`. With
   * `parent`, the engine's attachment to the parent process, it goes on as it is there; `ownSites` are sites of its own
   * where it has them in the same memory.
   */
  attachEngine(engine: Engine, parent?: Attachment, ownSites = false): Attachment {
    const attachment = new Attachment(this, engine, parent, ownSites ? undefined : parent?.owner);
    if (ownSites && parent !== undefined) this.sites.share(parent.owner, attachment.owner);
    this.#leaving.stay();
    this.tracer.addProcess(this);
    this.#attachments = [...this.#attachments, attachment];
    this.passSignalsChanged();
    if (parent !== undefined) this.caughtCalls.wishesChanged();
    return attachment;
  }

  /** Makes a thread known; it counts as running until its first stop is seen. @internal */
  addThread(id: Tid, origin?: ForeignOrigin): Thread {
    const thread = new Thread(id, this, this.debugRegisters.none, origin);
    this.#threads.set(id, thread);
    this.noteState(thread);
    for (const attachment of this.#attachments) attachment.voteForNew(thread);
    this.listenTo(thread);
    return thread;
  }

  /** A thread that runs already: nobody wanted to hear of its making. @internal */
  addBorn(id: Tid): void {
    if (this.#threads.has(id)) return;
    const thread = this.addThread(id);
    if (this.wishFor(thread).kind === 'hold') this.interrupt(thread);
  }

  /** Of threads that have stopped for an interrupt, takes those of which nobody is to hear. @returns the others @internal */
  takeHeldStops(ids: Int32Array): Int32Array {
    return this.#news.takeHeldStops(ids);
  }

  /** @internal */
  listenTo(thread: Thread): void {
    this.tracer.listen(thread.tid, (event) => {
      this.#turns.end(thread);
      this.#news.onEvent(thread, event);
    });
  }

  /** For a leader that ended alone and whose id another thread's exec has brought back. @internal */
  keepThread(thread: Thread): void {
    this.#threads.set(thread.tid, thread);
  }

  /** It has ended; `state`: what is left of it. @internal */
  forgetThread(thread: Thread, state: EndState = { kind: 'gone' }): void {
    this.#turns.end(thread);
    thread.endRangeRun();
    thread.enter(state);
    this.#running.delete(thread);
    if (this.#threads.get(thread.tid) === thread) this.#threads.delete(thread.tid);
    this.tracer.unlisten(thread.tid);
    if (thread.ownSpace !== undefined) this.native.removeSpace(thread.ownSpace);
    for (const attachment of this.#attachments) attachment.forgetThread(thread);
  }

  /** What the engines together want of a thread: the strictest wish. */
  wishFor(thread: Thread): ResumeAction {
    if (this.#attachments.length === 0) return this.#leaving.wish;
    return strictest(this.#attachments, thread, (one) => this.#turns.overrules(one, thread));
  }

  /** @internal */
  resumeWanted(threads: Iterable<Thread> = this.#threads.values()): void {
    for (const thread of threads) this.#runner.resumeIfWanted(thread);
    this.tracer.schedulePump();
  }

  /** Interrupts every running thread; resolves when none runs but those that sleep uninterruptibly. @internal */
  stopRunning(): Promise<void> {
    return this.#stopper.stopRunning();
  }

  /** Makes threads known that were interrupted as soon as they were seized. @internal */
  addSeized(ids: Iterable<number>): void {
    for (const id of ids) this.#stopper.noteInterrupted(this.addThread(tid(id)));
    this.tracer.schedulePump();
  }

  /** @internal */
  interrupt(thread: Thread): void {
    this.#stopper.interrupt(thread);
  }

  /** Whether a thread may execute an instruction before it stops. @internal */
  anyRunning(): boolean {
    return this.#stopper.anyRunning();
  }

  /** Called after a batch of events: carries on what waits for threads to stop. @internal */
  settle(): void {
    this.#addressSpace.inPlace.advance();
    if (this.anyRunning()) return;
    if (!this.#addressSpace.anyRunning()) this.sites.forgetRemoved();
    this.#stopper.resolveWaiters();
    this.#leaving.threadsStopped();
    const next = this.#turns.next();
    if (next !== undefined) this.resumeWanted([next]);
  }

  /** A leader that exited before its threads never stops; found when it does not answer an interrupt. @internal */
  findZombieLeader(isZombie: (thread: Tid) => boolean): void {
    const leader = this.#threads.get(tid(this.pid));
    if (leader === undefined || !leader.isRunning || this.#threads.size === 1) return;
    if (leader.isKilled || !isZombie(leader.tid)) return;
    // It may be a zombie before the others that were killed with it are: the end of all of them is to come.
    if (![...this.#threads.values()].some((thread) => thread !== leader && !isEnding(thread.tid))) return;
    this.native.park(leader.tid);
    this.forgetThread(leader, { kind: 'zombie' });
    this.tellAll({ kind: 'thread-exit', process: this, tid: leader.tid, code: 0 });
    this.listenTo(leader);
  }

  /**
   * Stopped threads get the registers before they run, running ones are stopped for that.
   * @throws NativeError when the kernel refuses what the debug registers are to hold, if any thread is stopped
   * @internal
   */
  hardwareChanged(): void {
    if (!this.hardware.isEmpty) preparePointsForOurEnd(this);
    const threads = [...this.#threads.values()];
    const stopped = threads.find((thread) => thread.isStopped);
    if (stopped !== undefined) this.#runner.storeDebugRegisters(stopped);
    this.#hardware.tellNative(this.native, this.space);
    this.quietChildren.wishesChanged();
    for (const thread of threads) {
      if (thread.debugImage !== this.hardware.image && !thread.isListening) this.interrupt(thread);
    }
    this.tracer.schedulePump();
  }

  /** A thread that can make a system call on our behalf. @internal */
  threadForCalls(): Thread | undefined {
    for (const thread of this.#threads.values()) {
      const { state } = thread;
      if (state.kind === 'stopped' && state.at !== 'system-call') return thread;
    }
    return undefined;
  }

  /** @internal */
  passSignalsChanged(): void {
    this.native.setPassSignals(this.space, signalsPassedBy(this.#attachments, this.#threads.values()));
    this.quietChildren.wishesChanged();
  }

  /** Tells of a stop; when everybody has answered, the thread goes on if nobody holds it then. @internal */
  report(thread: Thread, events: readonly ThreadEvent[], then?: () => void): void {
    if (!thread.isStopped) return;
    const goOn = (): void => {
      then?.();
      this.#runner.resumeIfWanted(thread);
    };
    new Telling(thread, events, goOn).advance();
  }

  /** Of something that no thread waits for an answer to. @internal */
  tellAll(event: CoreEvent): void {
    for (const attachment of this.#attachments) if (attachment.concerns(event)) attachment.tellAside(event);
  }

  /** The first stop of a process that a traced one made, instead of what is usually done with a stop. @internal */
  onFirstStop(born: () => void): void {
    this.#news.onFirstStop(born);
  }

  /** Called once when it has another memory, or is gone. @internal */
  onLeavingMemory(left: () => void): void {
    this.#onLeave = left;
  }

  /** Another program runs in it, in a memory of its own. False: nobody wants it, and it was let go. @internal */
  enterProgram(): boolean {
    for (const thread of this.#threads.values()) thread.endRangeRun();
    this.#leaveMemory();
    const machine = this.tracer.machineOf(this.pid) ?? this.#addressSpace.machine;
    this.native.resetSpace(this.space, this.pid, this.tracer.nativeArchOf(machine));
    this.#addressSpace = new AddressSpace(this.tracer, machine);
    this.#addressSpace.join(this);
    this.#hardware = new HardwarePoints(this.debugRegisters);
    for (const thread of this.#threads.values()) {
      thread.debugImage = this.#hardware.image;
      thread.forgetRegisters();
    }
    this.#leaving.memoryLeft();
    return this.#isAlive;
  }

  #leaveMemory(): void {
    this.#addressSpace.leave(this);
    const left = this.#onLeave;
    this.#onLeave = undefined;
    left?.();
  }

  /** It is reaped. @internal */
  end(leader: Thread, status: ExitStatus): void {
    letForeignThreadsGo(this);
    for (const thread of [...this.#threads.values()]) this.forgetThread(thread);
    this.#isAlive = false;
    this.tellAll({ kind: 'exit', process: this, pid: this.pid, leader, status });
    this.#close();
  }

  #close(): void {
    this.#isAlive = false;
    this.#leaveMemory();
    this.#attachments = [];
    this.native.removeSpace(this.space);
    this.tracer.forgetProcess(this);
    this.#stopper.close();
    const waiters = this.#exitWaiters;
    this.#exitWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** @internal */
  dropAttachment(attachment: Attachment): void {
    this.#attachments = this.#attachments.filter((other) => other !== attachment);
    if (!this.#addressSpace.isWantedBy(attachment.owner)) this.sites.removeAllOf(attachment.owner);
    const hadPoints = this.hardware.removeAllOf(attachment.owner);
    for (const thread of this.#threads.values()) thread.telling?.leave(attachment);
    if (!this.#isAlive || this.#attachments.length === 0) return;
    if (hadPoints) this.hardwareChanged();
    this.passSignalsChanged();
    this.caughtCalls.wishesChanged();
    this.resumeWanted();
  }

  /**
   * Lets the process go; every thread is stopped and no engine is left. One that shares its memory with a process that
   * engines are attached to goes past their sites, hidden, until it has a memory of its own.
   * @internal
   */
  release(deliver: (signal: KernelSignal) => boolean): void {
    if (this.#isAlive) this.#leaving.release(deliver);
  }

  /** No engine is left in the memory that it was escorted in. @internal */
  letGoWhenStopped(): void {
    if (this.#attachments.length === 0) this.#leaving.letGoWhenStopped();
  }

  /** SIGKILL; resolves when the process is reaped. */
  kill(): Promise<void> {
    if (!this.#isAlive) return Promise.resolve();
    this.native.kill(this.pid);
    for (const thread of this.#threads.values()) if (thread.isForeign) this.native.kill(thread.tid);
    // A killed thread leaves its stop by itself.
    for (const thread of this.#threads.values()) if (thread.isStopped) thread.enter({ kind: 'running' });
    this.tracer.schedulePump();
    return new Promise((resolve) => this.#exitWaiters.push(resolve));
  }
}
