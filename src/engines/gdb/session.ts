/**
 * One connection: a machine fed with bytes, with no I/O of its own. Packets are handled strictly in order, one at a
 * time; only an interrupt overtakes. As an engine of the core it hears of events; how its client learns of them is the
 * run mode's affair.
 */
import { formatThreadId, hexOf, hexOfText } from 'gdb-js-rsp-parser';
import { messageOf } from '../../base/errors.js';
import type { KernelSignal, Pid } from '../../base/ids.js';
import type { Process, Thread } from '../../core/index.js';
import { AllStop } from './all-stop.js';
import { AttachedProcess } from './attached-process.js';
import { changeMode } from './change-mode.js';
import { ClientEngine } from './client-engine.js';
import { inheritDescription } from './described-registers.js';
import { Failures } from './failures.js';
import { ClientFeatures, featureAnswer } from './features.js';
import { Introduction } from './introduction.js';
import type { LaunchSettings } from './launch-settings.js';
import { PacketWriter } from './output.js';
import { errno, failure, type Reply } from './packet.js';
import { type LateReplies, PacketHandler } from './packet-handler.js';
import { PacketQueue, type PacketReceiver } from './packet-queue.js';
import { packets } from './packets/index.js';
import { PendingStops } from './pending-stops.js';
import { Permissions } from './permissions.js';
import { ProcessSet } from './process-set.js';
import { ProgramOutput } from './program-output.js';
import { RepeatedPackets } from './repeated-packets.js';
import { runContextOf } from './run-context.js';
import { type RequestedAction, withoutSignals } from './run-control.js';
import type { RunContext, RunMode } from './run-mode.js';
import type { GdbServer } from './server.js';
import { type ReportStyle, reportStyle } from './stop-reporter.js';
import { ThreadEvents } from './thread-events.js';
import { ThreadSelection } from './thread-selection.js';
import type { Transport } from './transport.js';

/** What the connection is doing; changed in one place, `#enter`. Whether threads run is the mode's affair. */
type SessionState = 'idle' | 'answering' | 'closed';

export class GdbSession {
  readonly server: GdbServer;
  readonly features = new ClientFeatures();
  readonly failures = new Failures();
  readonly launchSettings: LaunchSettings;
  readonly selection: ThreadSelection;
  readonly threadEvents = new ThreadEvents();
  readonly permissions = new Permissions();
  readonly style: ReportStyle;
  readonly repeated: RepeatedPackets;
  /** Signals that the client wants delivered without being told. */
  passSignals: ReadonlySet<KernelSignal> = new Set();
  /** Signals that may reach the program when the client lets it go; undefined: the client did not say. */
  programSignals: ReadonlySet<KernelSignal> | undefined;
  /** What programs print that were started for this client. */
  readonly output: ProgramOutput;
  /** What becomes of the processes when the connection is lost. */
  whenLost: 'keep' | 'detach' | 'kill' = 'keep';
  /** The client has said that it stays when no program is left (`!`). */
  saysItStays = false;

  readonly #engine: ClientEngine;
  readonly #transport: Transport;
  readonly #writer: PacketWriter;
  readonly #queue: PacketQueue;
  readonly #handler: PacketHandler;
  readonly #processes = new ProcessSet((child, parent) => inheritDescription(this, child, parent));
  readonly #pending = new PendingStops();
  readonly #cleanups: (() => void)[] = [];
  readonly #runContext: RunContext;
  #mode: RunMode;
  #state: SessionState = 'answering';
  #hasLeft = false;
  #isDismissed = false;
  #onHeard: () => void = () => undefined;
  /** Resolves when the client has sent something. */
  readonly heard = new Promise<void>((resolve) => {
    this.#onHeard = resolve;
  });
  readonly #introduction: Introduction;

  constructor(server: GdbServer, transport: Transport, launchSettings: LaunchSettings) {
    this.server = server;
    this.launchSettings = launchSettings;
    this.selection = new ThreadSelection(() => this.threads());
    this.repeated = new RepeatedPackets(transport.repeater);
    this.style = reportStyle(this.features, () => this.threads(), server.disabledPackets);
    this.#transport = transport;
    this.#introduction = new Introduction(transport.peer);
    this.#writer = new PacketWriter(transport, server.log);
    this.output = new ProgramOutput(
      (output) => this.#writer.write(`O${hexOf(output)}`),
      () => this.#isWaiting,
    );
    this.#handler = new PacketHandler(this, this.#writer, this.#lateReplies());
    this.#queue = new PacketQueue(
      this.#writer,
      this.#receiver(),
      transport.codec,
      server.config.packetTimeoutMs,
    );
    this.#runContext = this.#newRunContext();
    this.#mode = new AllStop(this.#runContext);
    this.#engine = new ClientEngine(this, this.#runContext, () => this.#mode);
  }

  // --- the connection

  /** Bytes from the client. `answered`: so many packets at their beginning have been answered by the repeater. */
  receive(chunk: Uint8Array, answered = 0): void {
    if (this.isClosed) return;
    this.#onHeard();
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
    const { server } = this;
    const isReady = (): boolean => this.#state === 'idle' && this.#mode.isReady;
    return {
      get isReady() {
        return isReady();
      },
      onPacket: (data) => this.#handler.handle(data),
      onOverflow: (lengthBytes) => {
        this.#handler.write(failure(errno.invalid, `packet of ${lengthBytes} bytes is too long`));
      },
      onStall: (limitMs) => {
        server.complain(
          `The connection is closed: the rest of a packet has not come within ${limitMs / 1000} s; what the client had set is undone`,
        );
        this.hangUp();
      },
      onInterrupt: () => {
        if (this.permissions.has('Stop')) this.#mode.interrupt(this.#writer.isCatchingUp);
      },
    };
  }

  #lateReplies(): LateReplies {
    return {
      begin: () => this.#enter('answering'),
      end: () => {
        if (this.#state === 'answering') this.#enter('idle');
      },
      goOn: () => this.#queue.pump(),
    };
  }

  #newRunContext(): RunContext {
    return runContextOf(this, {
      processes: this.#processes,
      pending: this.#pending,
      answerLate: (reply) => {
        this.#guard(() => {
          this.#handler.write(reply, true);
          this.#queue.pump();
        });
      },
      notify: (stopReply) => {
        if (!this.isClosed) this.#guard(() => this.#writer.notify('Stop', stopReply));
      },
    });
  }

  /** Whether nothing will happen here before the client's next packet. */
  get isQuiet(): boolean {
    return this.#mode.kind === 'all-stop' && this.#mode.isReady && this.#state === 'idle';
  }

  /** The client stays when no program is left. LLDB cannot say so. */
  get isExtended(): boolean {
    return this.saysItStays || (this.features.kind === 'lldb' && this.server.config.multi);
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** The connection is gone. What the client set goes with it; the processes stay as they are. */
  closed(): void {
    if (this.isClosed) return;
    this.#enter('closed');
    this.#queue.end();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    const left = this.#processes.leaveAll((process) => this.#mode.heldThreads(process));
    this.output.handOver((output) => this.server.print(output));
    this.server.sessionClosed(this, left);
  }

  /** The client is no debugger: that it goes means nothing. */
  dismiss(): void {
    this.#isDismissed = true;
  }

  get isDismissed(): boolean {
    return this.#isDismissed;
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
    return featureAnswer(packets, this.server.disabledPackets, this.features.kind);
  }

  stopAcknowledging(): void {
    this.#writer.stopAcknowledging();
  }

  /** To be done when the reply to the packet in hand has been written. */
  afterReply(action: () => void): void {
    this.#handler.afterReply(action);
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
    return this.#processes.require(this.selection.requireProcess());
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
    this.#pending.addSignalsOf(process);
  }

  /** This session's hold on a process. */
  attachedTo(process: Process): AttachedProcess | undefined {
    return this.#processes.get(process);
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
    attached?.trapPcs.takeBack(process);
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
    if (this.#mode.kind === 'all-stop') this.#introduction.make(this, this.server.clients);
    return this.#mode.resume(this.permissions.has('Control') ? actions : withoutSignals(actions));
  }

  /** `QNonStop`. */
  async setMode(kind: RunMode['kind']): Promise<void> {
    this.#mode = await changeMode(this.#mode, kind, this.#runContext);
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

  /** Who the client is, and since when. */
  get title(): string {
    return this.#introduction.titleOf(this);
  }

  /** Text for the user, if the client takes any now. */
  note(message: string): void {
    if (this.#isWaiting) this.writeConsole(message);
  }

  /** The client waits for a stop reply, which text may precede. */
  get #isWaiting(): boolean {
    return this.#mode.kind === 'all-stop' && !this.#mode.isReady && this.#state === 'idle';
  }

  /** Output of commands that run here: the client's where it takes any now. */
  print(output: Uint8Array): void {
    if (this.#isWaiting) this.#writer.write(`O${hexOf(output)}`);
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
}
