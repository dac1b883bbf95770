/**
 * Owns ptrace: the one object through which this JavaScript thread traces processes. Takes the kernel's news in
 * batches, waits shortly for them in native code while threads run, and then lets the event loop wait.
 */

import { moduleFor } from '../../arch/index.js';
import type { ArchModule, MachineFacts } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { type Pid, pid, type Tid, tid } from '../base/ids.js';
import { nativeBinding } from '../native/binding.js';
import type {
  NativeArch,
  NativeCallLog,
  NativeEvent,
  NativeEventStops,
  NativeNews,
  NativePrinted,
  NativeTracer,
} from '../native/binding-types.js';
import { newNativeTracer } from '../native/refusals.js';
import { attachProcess } from './attach.js';
import type { Attachment } from './attachment.js';
import { tellLoggedCalls } from './call-log.js';
import type { Engine } from './engine.js';
import type { CoreEvent } from './event.js';
import { letOrphanGo, takeUpChild } from './forked-child.js';
import { type LaunchOptions, launchProcess } from './launch.js';
import { type Machine, machineFor } from './machine.js';
import { nativeArch } from './native-arch.js';
import { elfIdentity, statusField, threadState } from './proc.js';
import type { Process } from './process.js';
import { separate } from './separated-process.js';
import { eventStopOf } from './stop.js';
import type { Thread, ThreadState } from './thread.js';

/** A wait in native code is cheap when the answer comes soon; longer ones belong to the event loop. */
const briefWaitMs = 4;
/** After this long without a return to the event loop others get their turn. */
const longestBurstMs = 5;
/** A thread in uninterruptible sleep cannot be stopped; nothing is worth waiting longer for. */
const longestAbandonMs = 1000;

export type EventListener = (event: NativeEvent) => void;
/** Hears of what went wrong and ends nothing. */
export type WarningListener = (message: string, cause: unknown) => void;

/** ptrace and waitid know threads, not objects: two tracers on one JavaScript thread would take each other's news. */
let isThreadTaken = false;

/**
 * What traces processes, on the thread of JavaScript that made it: ptrace(2) knows no other. Dispose it at the
 * end.
 */
export class Tracer implements Disposable {
  /** @internal */
  readonly native: NativeTracer;
  readonly ownPid = hostProcess.pid;
  readonly #processes = new Map<Pid, Process>();
  /** Children before their first stop, and processes that only their memory's other users keep traced. */
  readonly #hidden = new Map<Pid, Process>();
  readonly #listeners = new Map<number, EventListener>();
  /** First stops of threads whose parent's event has not come yet. */
  readonly #early = new Map<number, NativeEvent>();
  /** Killed in the middle of a fork it never tells of the child. */
  #lastEnded: Process | undefined;
  /** Programs that are being launched and no processes yet. @internal */
  readonly starting = new Set<Pid>();
  /** Taken from the kernel and not handed on yet. */
  readonly #news: Exclude<NativeNews, NativeEventStops>[] = [];
  #queued: (() => void)[] = [];
  #isScheduled = false;
  /** SIGCHLD came since the last look. */
  #isSignalled = false;
  #isWatching = false;
  #isDisposed = false;
  #burstStart: number | undefined;
  /** In this burst an answer was waited for, which may come without a turn of the event loop. */
  #isAnswerAwaited = false;
  readonly #onWarning: WarningListener;
  #machineFacts: MachineFacts | undefined;
  readonly #machines = new Map<ArchModule, Machine>();

  constructor(
    onWarning: WarningListener = (message, cause) => hostProcess.emitWarning(`${message}: ${String(cause)}`),
  ) {
    if (isThreadTaken) {
      throw new OutstepError(
        errorCodes.WRONG_STATE,
        'this JavaScript thread has a Tracer already: dispose it first',
      );
    }
    this.native = newNativeTracer();
    isThreadTaken = true;
    this.#onWarning = onWarning;
  }

  /** Those that engines are attached to, or about to be. */
  get processes(): ReadonlyMap<Pid, Process> {
    return this.#processes;
  }

  /** Nothing is under way here, and no news waits. @internal */
  get isIdle(): boolean {
    const isWaiting = this.#isScheduled || this.#queued.length > 0 || this.#news.length > 0;
    return !isWaiting && this.#hidden.size === 0 && this.#early.size === 0 && this.starting.size === 0;
  }

  /** How much is kept of what is traced: all 0 when nothing is. @internal */
  tableSizes(): Readonly<Record<string, number>> {
    return {
      processes: this.#processes.size,
      hidden: this.#hidden.size,
      listeners: this.#listeners.size,
      early: this.#early.size,
      ...this.native.tableSizes(),
    };
  }

  /** Also one that no engine is attached to. @internal */
  tracedProcess(pid: Pid): Process | undefined {
    return this.#processes.get(pid) ?? this.#hidden.get(pid);
  }

  #allProcesses(): readonly Process[] {
    return [...this.#processes.values(), ...this.#hidden.values()];
  }

  /**
   * Starts a program; resolves when it is stopped at its first instruction, past the shell's and the wrapper's.
   * @throws OutstepError LAUNCH_FAILED
   */
  launch(options: LaunchOptions, engine: Engine): Promise<Attachment> {
    return launchProcess(this, options, engine);
  }

  /**
   * Attaches to a process; resolves when every thread is stopped.
   * @throws OutstepError NO_SUCH_PROCESS, ATTACH_REFUSED
   */
  attach(pid: Pid, engine: Engine): Promise<Attachment> {
    return attachProcess(this, pid, engine);
  }

  /**
   * Ends all tracing, synchronously: what was launched is killed, what was attached to is let go as it was, with
   * every breakpoint out of its memory and every register as the program expects it.
   */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#abandonAll();
    for (const started of this.starting) this.native.kill(started);
    this.#takeNewsUntil(() => this.starting.size === 0);
    this.#letOrphansGo();
    this.#isDisposed = true;
    isThreadTaken = false;
    this.native.dispose();
    this.#processes.clear();
    this.#hidden.clear();
    this.#listeners.clear();
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #abandonAll(): void {
    for (const traced of this.#allProcesses())
      for (const attachment of traced.attachments) attachment.withdraw();
    for (const traced of this.#allProcesses()) if (traced.origin === 'launched') void traced.kill();
    for (const traced of this.#allProcesses()) if (traced.origin === 'attached') traced.letGoWhenStopped();
    this.#takeNewsUntil(() => {
      for (const traced of this.#allProcesses()) {
        if (traced.origin === 'launched') continue;
        if (!traced.anyRunning()) traced.release(() => true);
        // Again and again: any other stop takes a pending interrupt with it.
        for (const thread of traced.threads.values()) if (thread.isRunning) this.native.interrupt(thread.tid);
      }
      return this.#allProcesses().length === 0;
    });
  }

  #takeNewsUntil(isOver: () => boolean): void {
    const deadline = performance.now() + longestAbandonMs;
    this.#dispatchAll([]);
    while (!isOver() && performance.now() < deadline) this.#dispatchAll(this.native.wait(briefWaitMs, true));
  }

  /** The architecture of a program and this machine's registers for it; undefined: not supported. @internal */
  machineOf(pid: Pid): Machine | undefined {
    const identity = elfIdentity(pid);
    if (identity === undefined) return undefined;
    const facts = this.machineFacts;
    const arch = moduleFor(facts.machine, identity.elfClass, identity.machine);
    if (arch === undefined) return undefined;
    const known = this.#machines.get(arch);
    if (known !== undefined) return known;
    const machine = machineFor(arch, facts);
    this.#machines.set(arch, machine);
    return machine;
  }

  /** Looked at when they are needed first. @internal */
  get machineFacts(): MachineFacts {
    this.#machineFacts ??= nativeBinding().machineFacts();
    return this.#machineFacts;
  }

  /** @internal */
  nativeArchOf(machine: Machine): NativeArch {
    return nativeArch(machine);
  }

  /** @internal */
  addProcess(added: Process): void {
    this.#hidden.delete(added.pid);
    this.#processes.set(added.pid, added);
    this.#watch();
  }

  /** @internal */
  hideProcess(hidden: Process): void {
    this.#processes.delete(hidden.pid);
    this.#hidden.set(hidden.pid, hidden);
  }

  /** @internal */
  forgetProcess(ended: Process): void {
    if (this.#processes.get(ended.pid) === ended) this.#processes.delete(ended.pid);
    if (this.#hidden.get(ended.pid) === ended) this.#hidden.delete(ended.pid);
    this.#lastEnded = ended;
    this.#unwatchIfIdle();
  }

  #watch(): void {
    if (!this.#isWatching) this.native.watch(() => this.#onChildSignal());
    this.#isWatching = true;
  }

  /** Nothing of ours keeps the event loop alive then. */
  #unwatchIfIdle(): void {
    const isIdle = this.#processes.size === 0 && this.#hidden.size === 0 && this.#listeners.size === 0;
    if (!isIdle) return;
    this.native.unwatch();
    this.#isWatching = false;
  }

  /** Whom the events of a thread are for. @internal */
  listen(id: number, listener: EventListener): void {
    this.#listeners.set(id, listener);
    this.#watch();
  }

  /** @internal */
  unlisten(id: number): void {
    this.#listeners.delete(id);
    this.#unwatchIfIdle();
  }

  /** Hands over the first stop of a thread that came before its parent's event. @internal */
  deliverEarly(id: number): void {
    const event = this.#early.get(id);
    if (event === undefined) return;
    this.#early.delete(id);
    this.#dispatch(event);
  }

  /** @internal */
  onForkedChild(maker: Thread, { message: childId, told }: NativeEvent, kind: 'fork' | 'vfork'): void {
    // Not every kernel says whether the child runs in its parent's memory.
    const isShared = nativeBinding().sharesMemory(maker.process.pid, childId) ?? kind === 'vfork';
    takeUpChild(this, { pid: pid(childId), maker, kind, isShared, isTold: told });
  }

  /** As `separate`, separated-process.ts. @internal */
  separate(former: Thread, state: ThreadState, heirs: readonly Attachment[]): Thread | undefined {
    return separate(former, state, heirs);
  }

  /** Runs `task` with the next batch of events. @internal */
  enqueue(task: () => void): void {
    this.#queued.push(task);
    this.schedulePump();
  }

  /** Takes news after the current task: in a microtask, which costs no system call. @internal */
  schedulePump(): void {
    if (this.#isScheduled || this.#isDisposed) return;
    this.#burstStart ??= performance.now();
    if (performance.now() - this.#burstStart > longestBurstMs) {
      this.#burstStart = undefined;
      this.#isAnswerAwaited = false;
      this.#schedulePumpBehindOthers();
    } else {
      this.#isScheduled = true;
      queueMicrotask(() => this.#pump());
    }
  }

  /** That there is no news before an engine has answered is no silence. @internal */
  noteAwaitedAnswer(): void {
    this.#isAnswerAwaited = true;
  }

  /** Takes news when the event loop has looked at everything else. */
  #schedulePumpBehindOthers(): void {
    if (this.#isScheduled || this.#isDisposed) return;
    this.#isScheduled = true;
    setImmediate(() => this.#pump());
  }

  /** @internal */
  warn(message: string, cause: unknown): void {
    this.#onWarning(message, cause);
  }

  /**
   * Only notes it: under a storm of signals libuv calls this again and again before it looks at anything else, and news
   * taken in between would bring the next signals.
   */
  #onChildSignal(): void {
    this.#isSignalled = true;
    this.#schedulePumpBehindOthers();
  }

  #pump(): void {
    this.#isScheduled = false;
    if (this.#isDisposed) return;
    const isSignalled = this.#isSignalled;
    this.#isSignalled = false;
    const queued = this.#queued;
    this.#queued = [];
    for (const task of queued) this.#contain('a step that has ended', task);
    const events = this.native.wait(queued.length > 0 ? 0 : briefWaitMs, isSignalled);
    this.#dispatchAll(events);
    this.#letOrphansGo();
    if (events.length === 0 && queued.length === 0) this.#findZombieLeaders();
    for (const traced of this.#allProcesses()) this.#contain(`process ${traced.pid}`, () => traced.settle());
    if (events.length > 0 || queued.length > 0) {
      this.schedulePump();
      return;
    }
    if (!this.#isAnswerAwaited) this.#burstStart = undefined;
    // Stops that native code has passed are no silence: others have their turn, and more of them are waited for.
    if (this.native.passesStops()) this.#schedulePumpBehindOthers();
  }

  /** In order, also when a listener disposes this tracer and the rest is wanted before it returns. */
  #dispatchAll(events: readonly NativeNews[]): void {
    for (const event of events) {
      if (event.kind === 'event-stops')
        for (const id of this.#takeHeldStops(event.tids)) this.#news.push(eventStopOf(id));
      else this.#news.push(event);
    }
    for (let event = this.#news.shift(); event !== undefined; event = this.#news.shift())
      if (event.kind === 'printed') this.#onPrinted(event);
      else if (event.kind === 'call-log') this.#onCallLog(event);
      else if (event.kind === 'born') this.tracedProcess(pid(event.process))?.addBorn(tid(event.tid));
      else this.#dispatch(event);
  }

  /** Only what is first may be taken out of turn. @returns the others */
  #takeHeldStops(ids: Int32Array): Int32Array {
    if (this.#news.length > 0) return ids;
    return this.#allProcesses().reduce((others, traced) => traced.takeHeldStops(others), ids);
  }

  #onCallLog({ words }: NativeCallLog): void {
    const processOf = (id: Pid, thread: Tid): Process | undefined => {
      const known = this.tracedProcess(id);
      if (known?.threads.has(thread) === true) return known;
      return this.#allProcesses().find(({ threads }) => threads.has(thread));
    };
    this.#contain('system calls', () => tellLoggedCalls(words, processOf));
  }

  /** The thread may be one that no engine knows: a vfork child in its parent's memory. */
  #onPrinted({ tid: id, owner, text }: NativePrinted): void {
    const among = [...this.#processes.values()].sort(
      (a, b) => Number(b.threads.has(tid(id))) - Number(a.threads.has(tid(id))),
    );
    for (const traced of among) {
      const attachment = traced.attachments.find((one) => one.owner.id === owner);
      if (attachment === undefined) continue;
      const event: CoreEvent = { kind: 'printed', process: traced, tid: tid(id), text };
      if (attachment.concerns(event)) attachment.tellAside(event);
      return;
    }
  }

  /** What goes wrong with one thread must not cost the others their news. */
  #contain(what: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.warn(`news of ${what} could not be handled`, error);
    }
  }

  #dispatch(event: NativeEvent): void {
    const listener = this.#listeners.get(event.tid);
    if (listener !== undefined) this.#contain(`thread ${event.tid}`, () => listener(event));
    else if (event.kind === 'stopped') this.#early.set(event.tid, event);
    else this.#early.delete(event.tid);
  }

  /** Children at their first stop whose parent ended before it could tell of them. */
  #letOrphansGo(): void {
    const parent = this.#lastEnded;
    if (parent === undefined) return;
    for (const id of [...this.#early.keys()]) {
      const isProcess = Number(statusField(id, 'Tgid')) === id;
      if (!isProcess || this.#listeners.has(Number(statusField(id, 'PPid')))) continue;
      this.#early.delete(id);
      this.#contain(`process ${id}`, () => letOrphanGo(this, parent, pid(id)));
    }
  }

  #findZombieLeaders(): void {
    for (const traced of this.#allProcesses()) {
      traced.findZombieLeader((leader) => threadState(leader) === 'Z');
    }
  }
}
