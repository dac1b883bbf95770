/**
 * A traced process: its threads, its memory, the engines attached to it, and the rule by which a thread runs: when no
 * engine holds it.
 */
import type { ArchModule, RegisterFile } from '../../arch/module.js';
import { type Address, address, type KernelSignal, type Pid, type Tid, tid } from '../base/ids.js';
import type { NativeEvent, NativeTracer } from '../native/binding-types.js';
import { Attachment } from './attachment.js';
import { BreakpointSites } from './breakpoint-sites.js';
import { CaughtCalls } from './caught-calls.js';
import type { Engine, ResumeAction } from './engine.js';
import type { CoreEvent, ExitStatus, ThreadEvent } from './event.js';
import { HardwarePoints } from './hardware-points.js';
import { LoadedProgram } from './loaded-program.js';
import { Memory, type RawMemory } from './memory.js';
import { isOtherProcess, isTraceStopped } from './proc.js';
import { Slots } from './slots.js';
import {
  breakpointHit,
  isCallStop,
  isGroupStop,
  kindOfStop,
  ptraceEvents,
  readCallStop,
  readEventStop,
  readSignalStop,
} from './stop.js';
import { Thread } from './thread.js';
import { ThreadRunner } from './thread-runner.js';
import type { Tracer } from './tracer.js';

export type Origin = 'launched' | 'attached';

/** A machine's way to run a program: its architecture and the registers of this very machine. */
export interface Machine {
  readonly arch: ArchModule;
  readonly registerFile: RegisterFile;
}

const strictness = { hold: 3, step: 2, 'range-step': 1, continue: 0 } as const;

export class Process {
  readonly pid: Pid;
  readonly origin: Origin;
  readonly tracer: Tracer;
  readonly native: NativeTracer;
  /** Handle of its address space in native code. */
  readonly space: number;
  readonly memory: Memory;
  readonly rawMemory: RawMemory;
  readonly sites: BreakpointSites;
  readonly hardware: HardwarePoints;
  readonly caughtCalls: CaughtCalls;
  readonly arch: ArchModule;
  readonly registerFile: RegisterFile;
  readonly program: LoadedProgram;
  readonly #slots: Slots;
  readonly #threads = new Map<Tid, Thread>();
  readonly #runner: ThreadRunner;
  #attachments: readonly Attachment[] = [];
  #waiters: (() => void)[] = [];
  #exitWaiters: (() => void)[] = [];
  #isAlive = true;
  /** Processes that run in this one's memory until they execute a program or end, vfork(2). */
  readonly #sharers = new Set<Pid>();

  constructor(tracer: Tracer, pid: Pid, origin: Origin, space: number, machine: Machine) {
    this.tracer = tracer;
    this.native = tracer.native;
    this.pid = pid;
    this.origin = origin;
    this.space = space;
    this.arch = machine.arch;
    this.registerFile = machine.registerFile;
    this.rawMemory = {
      read: (at, into) => this.native.readMemory(space, at, into),
      write: (at, bytes) => this.native.writeMemory(space, at, bytes),
    };
    this.#slots = new Slots(this.native, this.rawMemory, this.arch);
    this.sites = new BreakpointSites(tracer, space, this.rawMemory, this.arch, this.#slots);
    this.hardware = new HardwarePoints(this.arch.debugRegisters);
    this.caughtCalls = new CaughtCalls(this);
    this.memory = new Memory(this.rawMemory, this.sites);
    this.program = new LoadedProgram(this);
    this.#runner = new ThreadRunner(this, (thread) => this.#report(thread, this.#stepEnd(thread)));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Live threads, in order of appearance. */
  get threads(): ReadonlyMap<Tid, Thread> {
    return this.#threads;
  }

  get attachments(): readonly Attachment[] {
    return this.#attachments;
  }

  /** Lets one more engine in; it holds every thread until it says otherwise, which takes effect at `quiesce`. */
  attachEngine(engine: Engine): Attachment {
    const attachment = new Attachment(this, engine);
    this.#attachments = [...this.#attachments, attachment];
    this.passSignalsChanged();
    return attachment;
  }

  /** Makes a thread known; it counts as running until its first stop is seen. */
  addThread(id: Tid): Thread {
    const thread = new Thread(id, this, this.arch.debugRegisters.none);
    this.#threads.set(id, thread);
    for (const attachment of this.#attachments) attachment.voteForNew(thread);
    this.tracer.listen(id, (event) => this.#onEvent(thread, event));
    return thread;
  }

  /** What the engines together want of a thread: the strictest wish. */
  wishFor(thread: Thread): ResumeAction {
    let wish: ResumeAction = this.#attachments.length === 0 ? { kind: 'hold' } : { kind: 'continue' };
    for (const attachment of this.#attachments) {
      const vote = attachment.voteFor(thread);
      if (strictness[vote.kind] > strictness[wish.kind]) wish = vote;
    }
    return wish;
  }

  resumeWanted(threads: Iterable<Thread> = this.#threads.values()): void {
    for (const thread of threads) this.#runner.resumeIfWanted(thread);
    this.tracer.schedulePump();
  }

  /** Interrupts every running thread; resolves when none runs. */
  stopRunning(): Promise<void> {
    for (const thread of this.#threads.values()) this.interrupt(thread);
    if (!this.anyRunning()) return Promise.resolve();
    this.tracer.schedulePump();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  interrupt(thread: Thread): void {
    if (!thread.isRunning || thread.isInterrupted) return;
    thread.isInterrupted = true;
    this.native.interrupt(thread.tid);
  }

  anyRunning(): boolean {
    for (const thread of this.#threads.values()) if (thread.isRunning) return true;
    return false;
  }

  /** Called after a batch of events: carries on what waits for threads to stop. */
  settle(): void {
    this.#runner.inPlace.advance();
    if (this.anyRunning()) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** A leader that exited before its threads never stops; found when it does not answer an interrupt. */
  findZombieLeader(isZombie: (thread: Tid) => boolean): void {
    const leader = this.#threads.get(tid(this.pid));
    if (leader === undefined || !leader.isRunning || this.#threads.size === 1 || !isZombie(leader.tid))
      return;
    this.native.park(leader.tid);
    leader.enter({ kind: 'zombie' });
    this.#forgetThread(leader);
    this.#tellAll({ kind: 'thread-exit', process: this, tid: leader.tid, code: 0 });
    this.tracer.listen(leader.tid, (event) => this.#onEvent(leader, event));
  }

  /**
   * Stopped threads get the registers before they run, running ones are stopped for that.
   * @throws NativeError when the kernel refuses what the debug registers are to hold, if any thread is stopped
   */
  hardwareChanged(): void {
    const threads = [...this.#threads.values()];
    const stopped = threads.find((thread) => thread.isStopped);
    if (stopped !== undefined) this.#runner.storeDebugRegisters(stopped);
    this.native.setWatched(this.space, this.hardware.watchesData);
    this.native.setHardwarePrograms(this.space, this.hardware.programs());
    for (const thread of threads) {
      if (thread.debugImage !== this.hardware.image && !thread.isListening) this.interrupt(thread);
    }
    this.tracer.schedulePump();
  }

  /** A site whose hits native code passes by itself needs its slot from the first one on. */
  prepareSlot(at: Address): void {
    const threads = [...this.#threads.values()];
    const maker = threads.find(({ state }) => state.kind === 'stopped' && state.at !== 'system-call');
    if (maker !== undefined) this.sites.provideSlot(at, maker);
  }

  passSignalsChanged(): void {
    const passed = this.#attachments.reduce(
      (bits, attachment) => bits & attachment.passSignals,
      (1n << 64n) - 1n,
    );
    this.native.setPassSignals(this.space, passed);
  }

  #onEvent(thread: Thread, event: NativeEvent): void {
    if (event.kind !== 'stopped') {
      this.#onExit(thread, event);
      return;
    }
    const isKnownStop = isGroupStop(event) && thread.isListening && thread.isInterrupted;
    thread.enter({ kind: 'stopped', at: kindOfStop(event) });
    const steppedInPlace = this.#runner.inPlace.finish(thread);
    if (event.refused) {
      const wish = this.wishFor(thread);
      if (wish.kind !== 'hold') this.#runner.passRefusedSite(thread, wish);
    } else if (steppedInPlace !== undefined && event.stepped && steppedInPlace.kind !== 'step') {
      this.#continueAfterStep(thread, steppedInPlace);
    } else if (isKnownStop) {
      this.#runner.resumeIfWanted(thread);
    } else {
      this.#readStop(thread, event);
    }
    for (const attachment of this.#attachments) attachment.tellHeld(thread);
    if (steppedInPlace !== undefined) this.resumeWanted();
  }

  #continueAfterStep(thread: Thread, action: ResumeAction): void {
    const { pc } = thread;
    const isInRange = action.kind === 'range-step' && pc >= action.start && pc < action.end;
    const isDone = action.kind === 'range-step' && !isInRange;
    // The step has reached a site that waits there: going on would pass it.
    if (isDone || this.sites.has(pc)) this.#report(thread, this.#stepEnd(thread));
    else this.#runner.resumeIfWanted(thread);
  }

  #readStop(thread: Thread, event: NativeEvent): void {
    if (event.event !== 0) {
      this.#onEventStop(thread, event);
      return;
    }
    if (isCallStop(event)) {
      this.#report(thread, readCallStop(thread, event));
      return;
    }
    const facts = readSignalStop(thread, event, this.tracer.ownPid);
    thread.pendingSignal = facts.pendingSignal;
    const trapLength = BigInt(this.arch.breakpoint.pcOffset);
    const isProgramTrap = facts.events[0]?.kind === 'program-trap';
    if (isProgramTrap) thread.pc = address(event.pc - trapLength);
    this.#tell(thread, facts.events);
    // Nobody wants to look at it: the program gets its SIGTRAP with the pc that it expects.
    if (isProgramTrap && this.wishFor(thread).kind !== 'hold') thread.pc = address(event.pc);
    this.#runner.resumeIfWanted(thread);
  }

  #onEventStop(thread: Thread, event: NativeEvent): void {
    switch (event.event) {
      case ptraceEvents.clone:
        this.#onClone(thread, tid(event.message));
        return;
      case ptraceEvents.fork:
      case ptraceEvents.vfork:
        this.tracer.onForkedChild(this, event.message, event.event === ptraceEvents.vfork);
        this.#runner.resumeIfWanted(thread);
        return;
      case ptraceEvents.exec:
        this.#onExec(thread, tid(event.message));
        return;
      default:
        this.#report(thread, readEventStop(thread, event));
    }
  }

  #onClone(thread: Thread, childId: Tid): void {
    if (isOtherProcess(this.pid, childId)) {
      this.tracer.onForkedChild(this, childId, true);
      this.#runner.resumeIfWanted(thread);
      return;
    }
    const known = this.#threads.get(childId);
    const child = known ?? this.addThread(childId);
    child.isNew = known === undefined;
    this.native.adopt(childId, this.space);
    this.#report(thread, [{ kind: 'clone', thread, child }]);
    this.tracer.deliverEarly(childId);
  }

  /** `thread` bears the leader's tid now; it was `formerTid` that executed the program, and its wishes hold on. */
  #onExec(thread: Thread, formerTid: Tid): void {
    const former = this.#threads.get(formerTid) ?? thread;
    // What the leader was about to get went with it; what was sent to the other one is still to come.
    thread.pendingSignal = undefined;
    thread.signalOverride = undefined;
    thread.injectedSignal = former.injectedSignal;
    for (const attachment of this.#attachments) attachment.inheritVote(thread, former);
    for (const other of [...this.#threads.values()]) {
      if (other === thread) continue;
      this.native.forget(other.tid);
      this.#forgetThread(other);
    }
    this.#threads.set(thread.tid, thread);
    if (this.#sharers.size > 0) this.sites.restoreAll(this.rawMemory);
    this.native.resetSpace(this.space, this.pid);
    this.sites.forget();
    this.#slots.forget();
    this.#runner.inPlace.cancel();
    this.hardware.clear();
    thread.debugImage = this.hardware.image;
    this.#report(thread, [{ kind: 'exec', thread, path: this.program.executablePath() }]);
  }

  /** A step has ended: it may have reached a breakpoint. */
  #stepEnd(thread: Thread): ThreadEvent[] {
    const done: ThreadEvent = { kind: 'step-done', thread };
    const at = thread.pc;
    return this.sites.has(at) ? [breakpointHit(thread, at), done] : [done];
  }

  #report(thread: Thread, events: readonly ThreadEvent[]): void {
    if (!thread.isStopped) return;
    this.#tell(thread, events);
    this.#runner.resumeIfWanted(thread);
  }

  /** Tells each engine the first of several facts about one stop that concerns it. */
  #tell(thread: Thread, events: readonly ThreadEvent[]): void {
    for (const attachment of this.#attachments) {
      const event = events.find((candidate) => attachment.concerns(candidate));
      if (event === undefined) continue;
      // The step is over; while it hears so the engine may wish for the next one.
      if (event.kind === 'step-done') attachment.vote(thread, { kind: 'continue' });
      if (attachment.tell(event) === 'hold') attachment.vote(thread, { kind: 'hold' });
    }
  }

  #tellAll(event: CoreEvent): void {
    for (const attachment of this.#attachments) if (attachment.concerns(event)) attachment.tell(event);
  }

  #onExit(thread: Thread, event: NativeEvent): void {
    this.#forgetThread(thread);
    this.#runner.inPlace.threadGone(thread);
    if (thread.tid === tid(this.pid)) {
      const signal = event.code as KernelSignal;
      this.#end(event.kind === 'killed' ? { kind: 'killed', signal } : { kind: 'exited', code: event.code });
      return;
    }
    this.#noticeEnd();
    this.#tellAll({ kind: 'thread-exit', process: this, tid: thread.tid, code: event.code });
  }

  /** A thread that ends may take the process with it (exit_group): threads that were held are no longer stopped then. */
  #noticeEnd(): void {
    const stopped = [...this.#threads.values()].filter((thread) => thread.isStopped);
    const [first] = stopped;
    if (first === undefined || isTraceStopped(this.pid, first.tid)) return;
    for (const thread of stopped) thread.enter({ kind: 'running' });
    this.native.expectExits(this.pid);
  }

  #end(status: ExitStatus): void {
    for (const thread of [...this.#threads.values()]) this.#forgetThread(thread);
    this.#isAlive = false;
    if (this.#sharers.size > 0) this.sites.restoreAll(this.rawMemory);
    this.#tellAll({ kind: 'exit', process: this, pid: this.pid, status });
    this.#close();
  }

  #close(): void {
    this.#isAlive = false;
    this.#attachments = [];
    this.#dropSpace();
    // They are let go when they stop.
    for (const sharer of this.#sharers) this.native.interrupt(sharer);
    this.tracer.forgetProcess(this);
    const waiters = [...this.#waiters, ...this.#exitWaiters];
    this.#waiters = [];
    this.#exitWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** A child runs in this process's memory. */
  addSharer(child: Pid): void {
    this.#sharers.add(child);
  }

  /** It has a memory of its own, or is gone. */
  removeSharer(child: Pid): void {
    this.#sharers.delete(child);
    this.#dropSpace();
  }

  #dropSpace(): void {
    if (!this.#isAlive && this.#sharers.size === 0) this.native.removeSpace(this.space);
  }

  #forgetThread(thread: Thread): void {
    if (thread.state.kind !== 'zombie') thread.enter({ kind: 'gone' });
    if (this.#threads.get(thread.tid) === thread) this.#threads.delete(thread.tid);
    this.tracer.unlisten(thread.tid);
    for (const attachment of this.#attachments) attachment.forgetThread(thread);
  }

  dropAttachment(attachment: Attachment): void {
    this.#attachments = this.#attachments.filter((other) => other !== attachment);
    if (!this.#isAlive || this.#attachments.length === 0) return;
    this.hardwareChanged();
    this.passSignalsChanged();
    this.caughtCalls.wishesChanged();
    this.resumeWanted();
  }

  /** Lets the process go; every thread is stopped and no engine is left. */
  release(deliver: (signal: KernelSignal) => boolean): void {
    if (!this.#isAlive) return;
    const threads = [...this.#threads.values()];
    // Left mapped when no thread can do it: nobody misses the page.
    const unmapper = threads.find(({ state }) => state.kind === 'stopped' && state.at !== 'system-call');
    if (unmapper !== undefined && this.#sharers.size === 0) this.#slots.release(unmapper);
    for (const thread of threads) {
      this.#runner.storeDebugRegisters(thread);
      const pending = thread.signalOverride ?? thread.pendingSignal ?? 0;
      this.native.detach(thread.tid, pending !== 0 && deliver(pending as KernelSignal) ? pending : 0);
    }
    for (const thread of threads) this.#forgetThread(thread);
    this.#close();
  }

  kill(): Promise<void> {
    if (!this.#isAlive) return Promise.resolve();
    this.native.kill(this.pid);
    // A killed thread leaves its stop by itself.
    for (const thread of this.#threads.values()) if (thread.isStopped) thread.enter({ kind: 'running' });
    this.tracer.schedulePump();
    return new Promise((resolve) => this.#exitWaiters.push(resolve));
  }
}
