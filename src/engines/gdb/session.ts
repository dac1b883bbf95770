/**
 * One connection: a machine fed with bytes, with no I/O of its own. Packets are handled strictly in order, one at a
 * time; only an interrupt overtakes. As an engine of the core it holds every thread while its client may ask
 * questions, and from a resume to the stop reply it waits for the first event that the client must hear of.
 */
import { asciiBytes, asciiText, FieldReader, formatThreadId, hexOfText } from 'gdb-js-rsp-parser';
import type { KernelSignal, Pid } from '../../base/ids.js';
import type { CoreEvent, Engine, EventAnswer, Process, Thread } from '../../core/index.js';
import { AttachedProcess } from './attached-process.js';
import { ClientFeatures, featureAnswer } from './features.js';
import type { LaunchSettings } from './launch-settings.js';
import { PacketWriter, replyBytes, replyForError } from './output.js';
import { OwedSignals } from './owed-signals.js';
import { deferred, empty, errno, failure, type PacketEntry, type Reply, text } from './packet.js';
import { PacketQueue, type PacketReceiver } from './packet-queue.js';
import { findPacket, packets } from './packets/index.js';
import { PendingStops, type Stop, threadOf } from './pending-stops.js';
import { deliversSignal, ProcessSet } from './process-set.js';
import type { RequestedAction } from './run-control.js';
import type { GdbServer } from './server.js';
import { presentTrapPc, type ReportStyle, reportedEvents, stopReplyOf } from './stop-reporter.js';
import { ThreadSelection } from './thread-selection.js';
import type { Transport } from './transport.js';

/** What the session is doing; changed in one place, `#enter`. */
type SessionState =
  /** Everything is held and the next packet may be handled. */
  | { readonly kind: 'idle' }
  /** A handler has not answered yet. */
  | { readonly kind: 'answering' }
  /** Threads run and the client waits for a stop reply. */
  | { readonly kind: 'running' }
  /** Something happened; the stop reply leaves when every thread is held. */
  | { readonly kind: 'stopping'; readonly interrupted: boolean }
  | { readonly kind: 'closed' };

export class GdbSession {
  readonly server: GdbServer;
  readonly features = new ClientFeatures();
  readonly launchSettings: LaunchSettings;
  readonly selection: ThreadSelection;
  /** Signals that the client wants delivered without being told. */
  passSignals: ReadonlySet<KernelSignal> = new Set();
  /** Signals that may reach the program when the client lets it go; undefined: the client did not say. */
  programSignals: ReadonlySet<KernelSignal> | undefined;
  /** The client stays when no program is left (`!`). */
  isExtended = false;
  /** Thread ids of a running `qfThreadInfo` that have not been sent. */
  unsentThreadIds: readonly string[] = [];

  readonly #engine: Engine;
  readonly #transport: Transport;
  readonly #writer: PacketWriter;
  readonly #queue: PacketQueue;
  readonly #processes = new ProcessSet();
  readonly #pending = new PendingStops();
  readonly #owedSignals = new OwedSignals();
  readonly #style: ReportStyle;
  readonly #cleanups: (() => void)[] = [];
  #state: SessionState = { kind: 'answering' };
  #lastStop: Stop | undefined;
  #isInterruptKept = false;
  #afterReply: (() => void) | undefined;

  constructor(server: GdbServer, transport: Transport, launchSettings: LaunchSettings) {
    this.server = server;
    this.launchSettings = launchSettings;
    this.selection = new ThreadSelection(() => this.threads());
    this.#transport = transport;
    this.#writer = new PacketWriter(transport, server.log);
    this.#queue = new PacketQueue(this.#writer, this.#receiver());
    this.#style = { features: this.features, disabled: server.disabledPackets };
    this.#engine = { name: 'gdb client', mask: reportedEvents, onEvent: (event) => this.#onEvent(event) };
  }

  // --- the connection

  /** Bytes from the client. */
  receive(chunk: Uint8Array): void {
    if (!this.isClosed) this.#queue.receive(chunk);
  }

  #receiver(): PacketReceiver {
    const isIdle = (): boolean => this.#state.kind === 'idle';
    return {
      get isReady() {
        return isIdle();
      },
      onPacket: (data) => this.#handlePacket(data),
      onOverflow: (lengthBytes) => {
        this.#write(failure(errno.invalid, `packet of ${lengthBytes} bytes is too long`), false);
      },
      onInterrupt: () => this.interrupt(),
    };
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** The connection is gone. What the client set goes with it; the processes stay as they are. */
  closed(): void {
    if (this.isClosed) return;
    const letsRun = this.#state.kind === 'running' || this.#state.kind === 'stopping';
    this.#enter({ kind: 'closed' });
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    const attachments = [...this.#processes.attached].map((attached) => attached.attachment);
    this.#processes.clear();
    this.server.sessionClosed(this, attachments, letsRun);
  }

  /** Ends the connection from this side. */
  hangUp(): void {
    this.#transport.close();
    this.closed();
  }

  /** Something to be undone when the connection is gone; at once when it is gone already. */
  onClosed(cleanup: () => void): void {
    if (this.isClosed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Text for the user, as `O` packets. Only while the client waits for an answer that may be preceded by them. */
  writeConsole(message: string): void {
    this.#writer.write(asciiBytes(`O${hexOfText(message)}`));
  }

  /** The `qSupported` answer. */
  announcedFeatures(): string {
    return featureAnswer(packets, this.server.disabledPackets);
  }

  stopAcknowledging(): void {
    this.#writer.stopAcknowledging();
  }

  /** To be done when the reply to the packet in hand has been written. */
  afterReply(action: () => void): void {
    this.#afterReply = action;
  }

  // --- processes and threads

  get processes(): Iterable<Process> {
    return this.#processes.processes;
  }

  get processCount(): number {
    return this.#processes.size;
  }

  /** Live threads of every process of this session. */
  threads(): Iterable<Thread> {
    return this.#processes.threads();
  }

  processById(pid: number): Process | undefined {
    return this.#processes.byId(pid);
  }

  /** This session's hold on the process of the general thread. @throws OutstepError NO_SUCH_PROCESS */
  requireAttached(): AttachedProcess {
    const process = this.selection.requireProcess();
    const attached = this.#processes.get(process);
    if (attached === undefined) throw new Error(`process ${process.pid} is selected but not attached`);
    return attached;
  }

  /** The id as this client writes it. */
  threadId(thread: Thread): string {
    const id = { pid: thread.process.pid, tid: thread.tid };
    return formatThreadId(id, this.features.has('multiprocess'));
  }

  /** Takes part in the tracing of a process; resolves when all its threads are held. */
  async adopt(process: Process): Promise<void> {
    if (this.isClosed || !process.isAlive) return;
    const attached = new AttachedProcess(process.attachEngine(this.#engine));
    this.#processes.add(attached);
    attached.attachment.setPassSignals(this.passSignals);
    await attached.quiesce();
    for (const thread of process.threads.values()) {
      const signal = thread.pendingSignal;
      if (signal !== undefined)
        this.#pending.add({ kind: 'event', event: { kind: 'signal', thread, signal } });
    }
  }

  /** Lets go of a process that stays with the server, which must hold it already. */
  async abandon(process: Process): Promise<void> {
    const attached = this.#forget(process);
    await attached?.attachment.detach();
  }

  /** Whether a process, or any, has ended and the client has not been told; it will not be. */
  forgetEnd(id: Pid | undefined): boolean {
    return this.#pending.dropExit(id);
  }

  #forget(process: Process): AttachedProcess | undefined {
    const attached = this.#processes.remove(process);
    this.#pending.dropProcess(process);
    this.selection.forget(process);
    if (this.#lastStop !== undefined && threadOf(this.#lastStop)?.process === process)
      this.#lastStop = undefined;
    return attached;
  }

  setPassSignals(signals: ReadonlySet<KernelSignal>): void {
    this.passSignals = signals;
    for (const attached of this.#processes.attached) attached.attachment.setPassSignals(signals);
  }

  // --- stops and resumes

  /** The stop reply for a process that has just been started or attached to. */
  reportPresent(process: Process): Reply {
    const first = [...process.threads.values()].find((thread) => thread.isStopped);
    const own = this.#pending.takeOf(process);
    if (own !== undefined) return this.#report(own);
    if (first === undefined) return failure(errno.noSuchProcess, 'the process is gone');
    return this.#report({ kind: 'present', thread: first });
  }

  /** `?`: the last stop once more, or what a new connection finds. */
  reportCurrent(): Reply {
    const last = this.#lastStop;
    const isCurrent = last !== undefined && (threadOf(last)?.isAlive ?? this.#processes.size === 0);
    const stop = (isCurrent ? last : undefined) ?? this.#pending.take(() => true);
    if (stop !== undefined) return this.#report(stop);
    const thread = this.selection.general() ?? [...this.threads()][0];
    return thread === undefined ? text('W00') : this.#report({ kind: 'present', thread });
  }

  /** Carries out a resume request. The answer is a stop reply, at once when there is one that waits to be told. */
  resume(actions: readonly RequestedAction[]): Reply {
    const plan = this.#processes.plan(actions);
    this.#owedSignals.addTo(plan);
    const waiting = this.#pending.takeForResume(
      (process) => this.#processes.get(process),
      (thread) => this.#processes.choiceOf(thread, plan),
      this.passSignals,
    );
    if (waiting !== undefined) {
      this.#owedSignals.keep(plan);
      return this.#report(waiting);
    }
    if (plan.size === 0) return this.#nothingToResume(actions);
    const interrupted = this.#takeKeptInterrupt();
    if (interrupted && !deliversSignal(plan)) {
      const thread = this.#processes.chooseInterrupted(this.selection.general(), plan);
      if (thread !== undefined) return this.#report({ kind: 'interrupt', thread });
    }
    this.#owedSignals.settle(plan);
    this.#lastStop = undefined;
    this.#enter({ kind: 'running' });
    try {
      this.#processes.resume(plan, actions);
    } catch (error) {
      this.#enter({ kind: 'idle' });
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
    if (actions.every((action) => action.action.kind === 'leave')) return { kind: 'ok' };
    return this.#processes.size > 0
      ? this.#report({ kind: 'no-resumed' })
      : failure(errno.noSuchProcess, 'no process');
  }

  /**
   * Stops everything on the client's behalf. One that comes while nothing runs may have been sent before the client
   * heard so: it is kept for the next resume.
   */
  interrupt(): void {
    if (this.#state.kind === 'running') this.#beginStop(true);
    else if (this.#state.kind !== 'stopping' || !this.#state.interrupted) this.#isInterruptKept = true;
  }

  #onEvent(event: CoreEvent): EventAnswer {
    if (this.isClosed) return 'pass';
    this.server.log.write('threads', () => `event ${event.kind}`);
    switch (event.kind) {
      case 'exit':
        this.#forget(event.process);
        this.#pending.addExit({ kind: 'exit', pid: event.pid, status: event.status });
        this.#beginStop(false);
        return 'pass';
      case 'thread-exit':
        if (this.#state.kind === 'running' && !this.#processes.hasResumedThread()) {
          this.#pending.add({ kind: 'no-resumed' });
          this.#beginStop(false);
        }
        return 'pass';
      case 'exec':
        this.#pending.dropProcess(event.thread.process);
        this.#processes.get(event.thread.process)?.programReplaced(event.thread);
        break;
      default:
        break;
    }
    this.#pending.add({ kind: 'event', event });
    this.#beginStop(false);
    return 'hold';
  }

  #beginStop(interrupted: boolean): void {
    if (this.#state.kind !== 'running') return;
    this.#enter({ kind: 'stopping', interrupted });
    this.#stop(interrupted).catch((error: unknown) => {
      if (this.#state.kind !== 'stopping') return;
      this.#enter({ kind: 'idle' });
      this.#write(replyForError(error), true);
      this.#queue.pump();
    });
  }

  async #stop(interrupted: boolean): Promise<void> {
    // The engine that asked for this must have its answer first.
    await undefined;
    await this.#processes.quiesce();
    if (this.#state.kind !== 'stopping') return;
    this.#pending.dropDead();
    const thread = interrupted ? this.#processes.chooseInterrupted(this.selection.general()) : undefined;
    const stop: Stop | undefined =
      thread === undefined
        ? this.#pending.take((one) => this.#processes.wasResumed(one))
        : { kind: 'interrupt', thread };
    if (stop === undefined) {
      // What had happened concerned a thread that is gone since; the others go on.
      this.#enter({ kind: 'running' });
      this.#processes.resumeAgain();
      return;
    }
    const reply = this.#report(stop);
    this.#enter({ kind: 'idle' });
    this.#write(reply, true);
    this.#queue.pump();
  }

  #report(stop: Stop): Reply {
    const thread = threadOf(stop);
    if (thread !== undefined) this.selection.setGeneral(thread);
    if (stop.kind === 'event' && stop !== this.#lastStop) presentTrapPc(stop.event, this.features);
    this.#lastStop = stop;
    return stopReplyOf(stop, this.#style);
  }

  // --- packets in, replies out

  /** The server's own work before the first packet is handled: the processes that are there become this client's. */
  async connect(processes: Iterable<Process>): Promise<void> {
    for (const process of processes) await this.adopt(process);
    if (this.isClosed) return;
    this.#enter({ kind: 'idle' });
    this.#queue.pump();
  }

  #enter(state: SessionState): void {
    this.server.log.write('event-loop', () => `session: ${this.#state.kind} -> ${state.kind}`);
    this.#state = state;
  }

  #handlePacket(data: Uint8Array): void {
    this.server.log.write('remote', () => `getpkt ("${asciiText(data.subarray(0, 400))}")`);
    const entry = findPacket(data, this.server.disabledPackets);
    if (entry === undefined) {
      this.#write(empty, false);
      return;
    }
    this.features.notePacket(entry.name);
    const reply = this.#run(entry, data);
    if (!(reply instanceof Promise)) {
      this.#answer(entry, reply);
      return;
    }
    this.#enter({ kind: 'answering' });
    this.#writer.flush();
    reply.catch(replyForError).then((late) => {
      if (this.#state.kind === 'answering') this.#enter({ kind: 'idle' });
      this.#answer(entry, late);
      this.#queue.pump();
    });
  }

  #run(entry: PacketEntry, data: Uint8Array): Reply | Promise<Reply> {
    try {
      return entry.handle(this, new FieldReader(data, entry.name.length));
    } catch (error) {
      return replyForError(error);
    }
  }

  #answer(entry: PacketEntry, reply: Reply): void {
    this.#write(reply, this.features.kind !== 'lldb' && entry.errorText === 'any-client');
    const after = this.#afterReply;
    this.#afterReply = undefined;
    after?.();
  }

  #write(reply: Reply, withText: boolean): void {
    if (this.isClosed) return;
    const data = replyBytes(reply, withText || this.features.has('errorMessage'));
    if (data === undefined) this.#writer.flush();
    else this.#writer.write(data);
  }
}
