/**
 * An engine that a program of the user's drives: by a callback, or by a loop over its events. It may be attached to any
 * number of processes, and follows their children when it wants to hear of them.
 */
import { errorCodes, OutstepError } from '../../base/errors.js';
import type { Address, KernelSignal, Pid, Tid } from '../../base/ids.js';
import type {
  Attachment,
  CaughtSystemCalls,
  CoreEvent,
  Engine,
  EventAnswer,
  EventKind,
  LaunchOptions,
  Process,
  Thread,
  ThreadEvent,
  Tracer,
} from '../../core/index.js';
import { type Action, actionOf, answerTo, type Response, type ThreadAction, wishOf } from './actions.js';
import { EventStream, type StreamedEvent } from './event-stream.js';
import { callGuarded } from './loop-guard.js';
import { ThreadStops } from './thread-stops.js';

const usualTimeoutMs = 5000;

/** What a `ScriptedEngine` wants to hear, and how it answers. */
export interface EngineOptions {
  /** For messages: what it is and for whom. */
  readonly name?: string;
  /** The events that it wants to hear of; none unless given. */
  readonly events?: Iterable<EventKind>;
  /** Only events of these threads; of all unless given. Events of a process as a whole are told in any case. */
  readonly threads?: Iterable<Tid>;
  /** The system calls that `system-call-entry` and `system-call-return` tell of; all, where one of them is wanted. */
  readonly systemCalls?: CaughtSystemCalls;
  /** No other exclusive engine may be on the process. */
  readonly exclusive?: boolean;
  /** Every thread stays where it is until this engine resumes it; else it runs on as soon as the engine is attached. */
  readonly held?: boolean;
  /** How long a response may take, 5,000 ms unless given. An engine that takes longer is detached. */
  readonly timeoutMs?: number;
  /** Ends a callback that loops without an await, for 50 us at each event; true unless given. */
  readonly endsLoops?: boolean;
  /**
   * Called at a safe point: the thread of the event is stopped, and it alone waits for the response. Left out: the events
   * are for a loop (`for await`), and wait for it without a time limit.
   */
  readonly onEvent?: (event: CoreEvent, engine: ScriptedEngine) => Response | Promise<Response>;
}

/** What came of a detach: the process was let go, or had come to its end before. */
export type DetachResult = 'detached' | 'exited';

/** An engine that a program drives, by a callback or a loop over its events, on any number of processes. */
export class ScriptedEngine implements Engine, AsyncIterable<StreamedEvent>, AsyncDisposable {
  readonly name: string;
  readonly isExclusive: boolean;
  readonly #options: EngineOptions;
  readonly #tracer: Tracer;
  readonly #threads: ReadonlySet<Tid> | undefined;
  readonly #attachments = new Map<Process, Attachment>();
  /** Responses that are still to come. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #stream: EventStream;
  readonly #stops = new ThreadStops(() => this.#updateMask());
  /** What the script asked for. */
  #wanted: ReadonlySet<EventKind>;
  #mask: ReadonlySet<EventKind>;
  #failure: unknown;

  constructor(tracer: Tracer, options: EngineOptions = {}) {
    this.#tracer = tracer;
    this.#options = options;
    this.name = options.name ?? 'script';
    this.isExclusive = options.exclusive ?? false;
    this.#threads = options.threads === undefined ? undefined : new Set(options.threads);
    this.#wanted = new Set(options.events);
    this.#mask = this.#neededMask();
    this.#stream = new EventStream(() => this.detach().then(() => undefined));
  }

  /**
   * Starts a program, stopped at its first instruction; it runs at once, unless the engine is `held`.
   * @throws OutstepError LAUNCH_FAILED
   */
  async launch(options: LaunchOptions): Promise<Process> {
    return this.#join(await this.#tracer.launch(options, this));
  }

  /**
   * Attaches to a process, which may have other engines already. What happens while it attaches is not told. One that this
   * very program has started with child_process is refused: Node waits for it, and would take its stops.
   * @throws OutstepError NO_SUCH_PROCESS, ATTACH_REFUSED (the kernel's, or another engine's that is exclusive as this one)
   */
  async attach(pid: Pid): Promise<Process> {
    this.#refuseSecondExclusive(this.#tracer.processes.get(pid));
    return this.#join(await this.#tracer.attach(pid, this));
  }

  get processes(): readonly Process[] {
    return [...this.#attachments.keys()];
  }

  /** What it has put into a process, and its wishes there. @throws OutstepError WRONG_STATE: it is not attached to it */
  attachmentTo(process: Process): Attachment {
    const attachment = this.#attachments.get(process);
    if (attachment?.isAttached === true) return attachment;
    const message = `engine ${this.name} is not attached to process ${process.pid}`;
    throw new OutstepError(errorCodes.WRONG_STATE, message, { cause: this.#failure });
  }

  get mask(): ReadonlySet<EventKind> {
    return this.#mask;
  }

  /**
   * Other events in place of those before. When it resolves no event of another kind is told or being responded to: from
   * within a callback do not wait for it.
   */
  async setEvents(kinds: Iterable<EventKind>): Promise<void> {
    this.#wanted = new Set(kinds);
    this.#updateMask();
    for (const attachment of this.#attachments.values()) this.#catchCalls(attachment);
    await Promise.allSettled(this.#pending);
  }

  /** This engine's wish for threads; each runs as soon as no engine holds it. All of the processes' unless given. */
  resume(threads: Iterable<Thread> = this.#allThreads(), action: ThreadAction = 'resume'): void {
    const wish = wishOf(action);
    for (const thread of threads) this.attachmentTo(thread.process).resume([{ thread, action: wish }]);
  }

  /**
   * Has threads stop at once, also in the midst of a system call, which the kernel makes again if it can (signal(7),
   * "Interruption of system calls"). Each is told by `held`, if that is among the events.
   */
  interrupt(threads: Iterable<Thread> = this.#allThreads()): void {
    for (const thread of threads) this.attachmentTo(thread.process).hold([thread]);
  }

  /** Has one thread stop, as `interrupt`, and holds it. @throws OutstepError NO_SUCH_THREAD: it has ended instead */
  async stop(thread: Thread): Promise<void> {
    await this.#stops.stop(this.attachmentTo(thread.process), thread);
  }

  /**
   * As `stop`, but a thread that waits in a system call goes on waiting, and stops where it comes back from it; the program
   * sees nothing of that. A call that it makes just while it is looked at is interrupted all the same.
   * @throws OutstepError NO_SUCH_THREAD
   */
  async stopSafely(thread: Thread): Promise<void> {
    await this.#stops.stopSafely(this.attachmentTo(thread.process), thread);
  }

  /**
   * Looks at a thread that stays stopped as long as `look` takes, whoever has stopped it, and goes on as before afterwards.
   * @throws OutstepError NO_SUCH_THREAD: it has ended, or was killed meanwhile
   */
  async examine<Result>(thread: Thread, look: (thread: Thread) => Result | Promise<Result>): Promise<Result> {
    const attachment = this.attachmentTo(thread.process);
    const before = attachment.voteFor(thread);
    await this.stop(thread);
    try {
      const result = await look(thread);
      if (!thread.hasVanished && thread.isStopped) return result;
      const message = `thread ${thread.tid} of process ${thread.process.pid} was killed while it was looked at`;
      throw new OutstepError(errorCodes.NO_SUCH_THREAD, message);
    } finally {
      if (before.kind !== 'hold') attachment.resume([{ thread, action: before }]);
    }
  }

  /**
   * Has a stopped thread call a function of the program, with integers and pointers as arguments, and come back; it alone
   * runs, and is held afterwards with the registers that it had. Signals that come meanwhile are delivered.
   * @returns what the function returns, as the whole register, unsigned
   * @throws OutstepError WRONG_STATE (it is not stopped outside of system calls, `signal` was aborted, or the function got
   * the signal of a fault), UNSUPPORTED, NO_SUCH_THREAD
   */
  async callFunction(
    thread: Thread,
    at: Address,
    args: readonly bigint[] = [],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<bigint> {
    return this.#stops.call(this.attachmentTo(thread.process), thread, at, args, signal);
  }

  /** Holds every thread of a process; resolves when each is stopped. */
  async quiesce(process: Process): Promise<void> {
    await this.attachmentTo(process).quiesce();
  }

  /**
   * Sends a signal that no engine is asked about; its handler sees `siginfo` (siginfo_t in the program's layout), if
   * given. False: the thread is gone.
   */
  sendSignal(thread: Thread, signal: KernelSignal, siginfo?: Uint8Array): boolean {
    this.attachmentTo(thread.process);
    return thread.send(signal, siginfo);
  }

  /**
   * Leaves a process, or all: what it has put in is taken out, and where it was the last engine the process runs on as it
   * was. A process that it has launched runs on as well.
   */
  async detach(process?: Process): Promise<DetachResult> {
    const leaving =
      process === undefined ? [...this.#attachments] : [[process, this.attachmentTo(process)] as const];
    let result: DetachResult = 'exited';
    for (const [left, attachment] of leaving) {
      const wasAlive = left.isAlive && attachment.isAttached;
      await attachment.detach();
      if (wasAlive && !this.#ended.has(left)) result = 'detached';
      this.#forget(left);
    }
    return result;
  }

  readonly #ended = new WeakSet<Process>();

  /** As `detach`, from all. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.detach().then(() => undefined);
  }

  /** Each event waits for the loop to ask for the next one; leaving the loop detaches the engine. */
  [Symbol.asyncIterator](): AsyncIterator<StreamedEvent> {
    return this.#stream;
  }

  onEvent(event: CoreEvent): EventAnswer {
    const taken = this.#stops.take(event);
    if (taken !== undefined) return taken;
    if (!('thread' in event)) {
      this.#onProcessEvent(event);
      return 'pass';
    }
    if (event.kind === 'fork' || event.kind === 'vfork') this.#follow(event.child);
    if (this.#threads !== undefined && !this.#threads.has(event.thread.tid)) return 'pass';
    if (!this.#wanted.has(event.kind)) return this.#carryOut(event, {});
    try {
      const response = this.#ask(event);
      if (!(response instanceof Promise)) return this.#carryOut(event, actionOf(response));
      return this.#note(
        response.then(
          (said) => this.#carryOut(event, actionOf(said)),
          (error: unknown) => this.#fail(error, event.thread.process),
        ),
      );
    } catch (error) {
      return this.#fail(error, event.thread.process);
    }
  }

  /** What the script says, in time. */
  #ask(event: CoreEvent): Response | Promise<Response> {
    const { onEvent, timeoutMs = usualTimeoutMs, endsLoops = true } = this.#options;
    if (onEvent === undefined) return this.#stream.push(event);
    const call = () => onEvent(event, this);
    const response = endsLoops ? callGuarded(call, timeoutMs) : call();
    return response instanceof Promise ? inTime(response, event.kind, timeoutMs) : response;
  }

  #onProcessEvent(event: CoreEvent): void {
    if (event.kind === 'exit') this.#ended.add(event.process);
    try {
      const response = this.#wanted.has(event.kind) ? this.#ask(event) : undefined;
      if (response instanceof Promise)
        this.#note(response).catch((error: unknown) => this.#leaveAfter(error));
    } finally {
      if (event.kind === 'exit') this.#forget(event.process);
    }
  }

  #carryOut(event: ThreadEvent, action: Action): 'pass' | Exclude<EventAnswer, Promise<unknown> | string> {
    const attachment = this.#attachments.get(event.thread.process);
    if (attachment?.isAttached !== true) return 'pass';
    if (action.thread !== undefined) attachment.vote(event.thread, wishOf(action.thread));
    const answer = answerTo(event, action);
    if (event.kind === 'fork' || event.kind === 'vfork') this.#settleChild(event.child, action);
    if (action.detach === true) this.#tracer.enqueue(() => void this.detach(event.thread.process));
    return answer;
  }

  /** It is held until its maker's event has been responded to. */
  #follow(child: Process): void {
    const attachment = child.attachmentOf(this);
    if (attachment !== undefined) this.#attachments.set(child, attachment);
  }

  #settleChild(child: Process, { child: wish = 'follow' }: Action): void {
    const attachment = this.#attachments.get(child);
    if (attachment === undefined) return;
    if (wish === 'follow') this.resume(child.threads.values());
    else this.#tracer.enqueue(() => void this.detach(child));
  }

  #join(attachment: Attachment): Process {
    const { process } = attachment;
    this.#attachments.set(process, attachment);
    this.#catchCalls(attachment);
    if (this.#options.held !== true) this.resume(process.threads.values());
    return process;
  }

  #updateMask(): void {
    this.#mask = this.#neededMask();
    for (const attachment of this.#attachments.values()) attachment.maskChanged();
  }

  #neededMask(): ReadonlySet<EventKind> {
    // Without the end of a process it would not be known which of them are left.
    return new Set([...this.#wanted, ...this.#stops.needs, 'exit']);
  }

  #catchCalls(attachment: Attachment): void {
    const isWanted = this.#wanted.has('system-call-entry') || this.#wanted.has('system-call-return');
    attachment.setCaughtSystemCalls(isWanted ? (this.#options.systemCalls ?? 'all') : 'none');
  }

  #refuseSecondExclusive(process: Process | undefined): void {
    if (!this.isExclusive || process === undefined) return;
    const other = process.attachments.find(
      ({ engine }) => engine instanceof ScriptedEngine && engine.isExclusive,
    );
    if (other === undefined) return;
    const message = `engine ${this.name} cannot be exclusive on process ${process.pid}: ${other.engine.name} is already`;
    throw new OutstepError(errorCodes.ATTACH_REFUSED, message);
  }

  #note<Result>(pending: Promise<Result>): Promise<Result> {
    this.#pending.add(pending);
    const done = (): void => void this.#pending.delete(pending);
    pending.then(done, done);
    return pending;
  }

  /** The core hears of it by the error, and has the engine leave the process where it has failed. */
  #fail(error: unknown, where: Process): never {
    this.#leaveAfter(error, where);
    throw error;
  }

  #leaveAfter(error: unknown, except?: Process): void {
    this.#failure = error;
    for (const [process, attachment] of this.#attachments)
      if (process !== except && attachment.isAttached) attachment.fail(error);
    this.#stream.end();
  }

  #forget(process: Process): void {
    this.#attachments.delete(process);
    if (this.#attachments.size === 0) this.#stream.end();
  }

  #allThreads(): Thread[] {
    return this.processes.flatMap((process) => [...process.threads.values()]);
  }
}

async function inTime<Result>(
  response: Promise<Result>,
  kind: EventKind,
  timeoutMs: number,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no response to ${kind} within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([response, limit]);
  } finally {
    clearTimeout(timer);
  }
}
