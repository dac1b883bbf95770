/**
 * One connection: a machine fed with bytes, with no I/O of its own. Packets are handled strictly in order, one at a
 * time; only an interrupt overtakes. As an engine of the core it hears of events; how its client learns of them is the
 * run mode's affair.
 */
import {
  asciiText,
  FieldReader,
  formatThreadId,
  hexOf,
  hexOfText,
  leastSharedBytes,
} from 'gdb-js-rsp-parser';
import { messageOf } from '../../base/errors.js';
import type { KernelSignal, Pid } from '../../base/ids.js';
import type { Process, Thread } from '../../core/index.js';
import { AllStop } from './all-stop.js';
import { AttachedProcess } from './attached-process.js';
import { ClientEngine } from './client-engine.js';
import { ClientFeatures, featureAnswer } from './features.js';
import type { LaunchSettings } from './launch-settings.js';
import { NonStop } from './non-stop.js';
import { PacketWriter, replyForError } from './output.js';
import { empty, errno, failure, type PacketEntry, type Reply } from './packet.js';
import { PacketQueue, type PacketReceiver } from './packet-queue.js';
import { findPacket, packets } from './packets/index.js';
import { PendingStops } from './pending-stops.js';
import type { PersistentBreakpoint } from './persistent-breakpoint.js';
import { ProcessSet } from './process-set.js';
import { RepeatedPackets } from './repeated-packets.js';
import type { RequestedAction } from './run-control.js';
import type { RunContext, RunMode } from './run-mode.js';
import type { GdbServer, LeftProcess } from './server.js';
import { ThreadEvents } from './thread-events.js';
import { ThreadSelection } from './thread-selection.js';
import type { Transport } from './transport.js';

/** What the connection is doing; changed in one place, `#enter`. Whether threads run is the mode's affair. */
type SessionState = 'idle' | 'answering' | 'closed';

/** Data of a packet that will not be overwritten. */
function owned(data: Uint8Array): Uint8Array {
  return data.length < leastSharedBytes ? data : data.slice();
}

export class GdbSession {
  readonly server: GdbServer;
  readonly features = new ClientFeatures();
  readonly launchSettings: LaunchSettings;
  readonly selection: ThreadSelection;
  readonly threadEvents = new ThreadEvents();
  readonly repeated: RepeatedPackets;
  /** Signals that the client wants delivered without being told. */
  passSignals: ReadonlySet<KernelSignal> = new Set();
  /** Signals that may reach the program when the client lets it go; undefined: the client did not say. */
  programSignals: ReadonlySet<KernelSignal> | undefined;
  /** The client stays when no program is left (`!`). */
  isExtended = false;
  /** Thread ids of a running `qfThreadInfo` that have not been sent. */
  unsentThreadIds: readonly string[] = [];

  readonly #engine: ClientEngine;
  readonly #transport: Transport;
  readonly #writer: PacketWriter;
  readonly #queue: PacketQueue;
  readonly #processes = new ProcessSet();
  readonly #pending = new PendingStops();
  readonly #cleanups: (() => void)[] = [];
  readonly #runContext: RunContext;
  #mode: RunMode;
  #state: SessionState = 'answering';
  #afterReply: (() => void) | undefined;
  #hasLeft = false;

  constructor(server: GdbServer, transport: Transport, launchSettings: LaunchSettings) {
    this.server = server;
    this.launchSettings = launchSettings;
    this.selection = new ThreadSelection(() => this.threads());
    this.repeated = new RepeatedPackets(transport.repeater);
    this.#transport = transport;
    this.#writer = new PacketWriter(transport, server.log);
    this.#queue = new PacketQueue(this.#writer, this.#receiver(), transport.codec);
    this.#runContext = this.#newRunContext();
    this.#mode = new AllStop(this.#runContext);
    this.#engine = new ClientEngine(this, this.#runContext, () => this.#mode);
  }

  // --- the connection

  /** Bytes from the client. `answered`: so many packets at their beginning have been answered by the repeater. */
  receive(chunk: Uint8Array, answered = 0): void {
    if (this.isClosed) return;
    this.#guard(() => {
      this.#writer.skip(answered);
      this.#queue.receive(chunk);
    });
  }

  /** Ends the connection for a fault of this server: what its client would be told from now on may be wrong. */
  fail(error: unknown): void {
    if (this.isClosed) return;
    this.server.complain(
      `The connection is closed because of an internal error: ${messageOf(error)}; what the client had set is undone`,
    );
    this.hangUp();
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether the transport's repeater may answer what comes next. */
  get mayRepeat(): boolean {
    const isPlain = this.features.kind === 'gdb' && !this.#writer.acknowledges && !this.server.log.isAnyOn;
    const isWaiting = this.isQuiet && this.#queue.isEmpty && this.#pending.isEmpty;
    return isPlain && isWaiting && this.#mode.owesNothing && this.repeated.mayServe;
  }

  #receiver(): PacketReceiver {
    const isReady = (): boolean => this.#state === 'idle' && this.#mode.isReady;
    return {
      get isReady() {
        return isReady();
      },
      onPacket: (data) => this.#handlePacket(data),
      onOverflow: (lengthBytes) => {
        this.#write(failure(errno.invalid, `packet of ${lengthBytes} bytes is too long`), false);
      },
      onInterrupt: () => this.#mode.interrupt(this.#writer.isCatchingUp),
    };
  }

  #newRunContext(): RunContext {
    const passSignals = (): ReadonlySet<KernelSignal> => this.passSignals;
    return {
      processes: this.#processes,
      pending: this.#pending,
      selection: this.selection,
      style: { features: this.features, disabled: this.server.disabledPackets },
      get passSignals() {
        return passSignals();
      },
      threadEvents: this.threadEvents,
      repeated: this.repeated,
      log: this.server.log,
      forget: (process) => {
        this.forget(process);
      },
      answerLate: (reply) => {
        this.#guard(() => {
          this.#write(reply, true);
          this.#queue.pump();
        });
      },
      notify: (stopReply) => {
        if (!this.isClosed) this.#guard(() => this.#writer.notify('Stop', stopReply));
      },
    };
  }

  /** Whether nothing will happen here before the client's next packet. */
  get isQuiet(): boolean {
    return this.#mode.kind === 'all-stop' && this.#mode.isReady && this.#state === 'idle';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** The connection is gone. What the client set goes with it; the processes stay as they are. */
  closed(): void {
    if (this.isClosed) return;
    this.#enter('closed');
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    const left = [...this.#processes.all()].map(
      ({ attachment, persistentBreakpoints }): LeftProcess => ({
        attachment,
        persistentBreakpoints,
        held: [...this.#mode.heldThreads(attachment.process)],
      }),
    );
    this.#processes.clear();
    this.server.sessionClosed(this, left);
  }

  /** Ends the connection from this side. */
  hangUp(): void {
    this.#transport.close();
    this.closed();
  }

  /** The client has let go of everything and is done, but for the stops that it was told of. */
  leave(): void {
    this.#hasLeft = true;
    if (!this.#mode.owesStops) this.afterReply(() => this.hangUp());
  }

  /** Something to be undone when the connection is gone; at once when it is gone already. */
  onClosed(cleanup: () => void): void {
    if (this.isClosed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Text for the user, as `O` packets. Only while the client waits for an answer that may be preceded by them. */
  writeConsole(message: string): void {
    this.#writer.write(`O${hexOfText(message)}`);
  }

  /** The `qSupported` answer to what the client announces. */
  negotiate(tokens: string): string {
    this.features.negotiate(tokens);
    this.#engine.updateMask();
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

  persistentBreakpoints(process: Process): readonly PersistentBreakpoint[] {
    return this.#processes.get(process)?.persistentBreakpoints ?? [];
  }

  /** Takes over breakpoints of the client before this one; what the client sets at the same place replaces them. */
  inherit(process: Process, breakpoints: readonly PersistentBreakpoint[]): void {
    const attached = this.#processes.get(process);
    for (const { kind, address, programs } of breakpoints) {
      if (kind === 'software') attached?.insertBreakpoint(address, programs, true);
      else attached?.insertHardwarePoint({ kind: 'execute', address, lengthBytes: 1 }, programs, true);
    }
  }

  /** Lets go of a process that stays with the server, which must hold it already. */
  async abandon(process: Process): Promise<void> {
    const attached = this.forget(process);
    if (process.isAlive) await attached?.attachment.detach();
  }

  /** Whether a process, or any, has ended and the client has not been told; it will not be. */
  forgetEnd(id: Pid | undefined): boolean {
    return this.#mode.forgetEnd(id);
  }

  /** A process is gone, or the client's no more. */
  forget(process: Process): AttachedProcess | undefined {
    const attached = this.#processes.remove(process);
    this.#pending.dropProcess(process);
    this.selection.forget(process);
    this.threadEvents.forget(process);
    this.#mode.forget(process);
    this.letUntoldChildrenGo(process);
    return attached;
  }

  /** To be called when the client has changed what it wants to hear of. */
  updateEventMask(): void {
    this.#engine.updateMask();
  }

  setPassSignals(signals: ReadonlySet<KernelSignal>): void {
    this.passSignals = signals;
    for (const attached of this.#processes.attached) attached.attachment.setPassSignals(signals);
  }

  // --- stops and resumes

  /** The stop reply for a process that has just been started or attached to. */
  reportPresent(process: Process, origin: 'started' | 'attached'): Reply {
    return this.#mode.reportPresent(process, origin);
  }

  /** `?`: the last stop once more, or what a new connection finds. */
  reportCurrent(): Reply {
    return this.#mode.reportCurrent(this.server.takeUnreported());
  }

  resume(actions: readonly RequestedAction[]): Reply {
    return this.#mode.resume(actions);
  }

  /** `QNonStop`. Going over to all-stop stops every thread; going over to non-stop changes nothing. */
  async setMode(kind: RunMode['kind']): Promise<void> {
    if (this.#mode.kind === kind) return;
    const before = this.#mode;
    await before.leave();
    if (kind === 'all-stop') this.#mode = new AllStop(this.#runContext);
    else this.#mode = new NonStop(this.#runContext, before instanceof AllStop ? before.lastStop : undefined);
  }

  /** `vStopped`: the client has taken note of the stop that it was sent last. */
  acknowledgeStop(): Reply {
    const reply = this.#mode.acknowledge();
    if (this.#hasLeft) this.leave();
    return reply;
  }

  /** Stops what runs on the client's behalf. */
  interrupt(): void {
    this.#mode.interrupt();
  }

  /** Output of commands that run here: the client's while it waits for a stop reply, which such packets may precede. */
  print(output: Uint8Array): void {
    const isWaiting = this.#mode.kind === 'all-stop' && !this.#mode.isReady && this.#state === 'idle';
    if (isWaiting) this.#writer.write(`O${hexOf(output)}`);
    else this.server.print(output);
  }

  /** Children of a process that the client has not heard of, and never will. */
  letUntoldChildrenGo(parent: Process): void {
    for (const child of this.#processes.untoldChildrenOf(parent)) {
      this.server.detach(child, this).catch((error: unknown) => this.server.complain(error));
    }
  }

  /** Children of a process that the client has not heard of. */
  untoldChildrenOf(parent: Process): readonly Process[] {
    return this.#processes.untoldChildrenOf(parent);
  }

  // --- packets in, replies out

  /** The server's own work before the first packet is handled: the processes that are there become this client's. */
  async connect(processes: Iterable<Process>): Promise<void> {
    for (const process of processes) await this.adopt(process);
    if (this.isClosed) return;
    this.#enter('idle');
    this.#queue.pump();
  }

  #enter(state: SessionState): void {
    this.server.log.write('event-loop', () => `session: ${this.#state} -> ${state}`);
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
    this.repeated.begin(entry.name, data);
    const reply = this.#run(entry, entry.keepsNoData ? data : owned(data));
    if (!(reply instanceof Promise)) {
      this.#answer(entry, reply);
      return;
    }
    this.#enter('answering');
    this.#writer.flush();
    const answerLate = (late: Reply): void => {
      if (this.#state === 'answering') this.#enter('idle');
      this.#answer(entry, late);
      this.#queue.pump();
    };
    reply
      .catch(replyForError)
      .then(answerLate)
      .catch((error: unknown) => this.fail(error));
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
    this.#writer.reply(reply, withText || this.features.has('errorMessage'));
  }
}
