/**
 * What clients connect to. The server keeps a small engine of its own on every process, so that a process that was
 * stopped stays so between two connections; while a client is there its session decides alone.
 */
import { hostProcess } from '../../base/host-process.js';
import type { KernelSignal, Pid } from '../../base/ids.js';
import {
  type Attachment,
  type CoreEvent,
  type Engine,
  type EventAnswer,
  letRun,
  type Process,
  type ProgramStdio,
  type Tracer,
} from '../../core/index.js';
import { Clients } from './clients.js';
import type { DebugLog } from './debug-log.js';
import { expandDisabledPackets } from './features.js';
import { inCurrentFolder, LaunchSettings, ownEnvironment, type ProgramSettings } from './launch-settings.js';
import { defaultLibthreadDbPath } from './libthread-db.js';
import { OnceAtATime } from './once-at-a-time.js';
import { packetsBeyond } from './packets/index.js';
import { insertBreakpoint, type PersistentBreakpoint, removeBreakpoint } from './persistent-breakpoint.js';
import type { LeftProcess, ServerConfig } from './server-config.js';
import { GdbSession } from './session.js';
import { failedStatus, type ServerConsole } from './status.js';
import { Tracing } from './tracing/tracing.js';
import type { Transport } from './transport.js';

/** Signals that are dropped when a client that said nothing about signals lets a program go: they were the debugger's. */
const debuggerSignals: ReadonlySet<number> = new Set([2, 5]);

/**
 * A server of GDB's and LLDB's protocol for the processes of one tracer, with any number of clients at the same
 * time.
 */
export class GdbServer {
  readonly tracer: Tracer;
  readonly config: ServerConfig;
  readonly log: DebugLog;
  /** Unknown to clients: the user wants it so, or the machine lacks what they are about. @internal */
  readonly disabledPackets: ReadonlySet<string>;
  /** Exit status of the server; resolves when it is to end. */
  readonly finished: Promise<number>;
  /** What `vRun` without a name and `R` start again. */
  lastProgram: { readonly program: string; readonly args: readonly string[] } | undefined;

  /** As the user has set it. */
  libthreadDbPath = defaultLibthreadDbPath;

  /** @internal */
  readonly clients = new Clients();
  /** Done once, for the client that speaks first. */
  onFirstClient: ((session: GdbSession) => void) | undefined;

  /** Tracepoints and what they collected: of the server, not of a connection. @internal */
  readonly tracing: Tracing;

  readonly #console: ServerConsole;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #keeper: Engine;
  readonly #kept = new Map<Pid, Attachment>();
  /** Two clients may ask for the same process at the same time. */
  readonly #attaching = new OnceAtATime<Pid, Attachment>();
  /** What clients that are gone left behind, in the name of the keeper. */
  readonly #persistent = new Map<Process, readonly PersistentBreakpoint[]>();
  readonly #exitActions = new Map<Process, () => void>();
  /** Attached to without a client; none has been told of them. */
  readonly #unreported = new Set<Process>();
  readonly #finish: (status: number) => void;
  #ending: Promise<void> | undefined;

  constructor(tracer: Tracer, config: ServerConfig, console: ServerConsole, log: DebugLog) {
    this.tracer = tracer;
    this.tracing = new Tracing(tracer.native);
    this.config = config;
    this.log = log;
    const beyond = packetsBeyond(tracer.machineFacts);
    this.disabledPackets = new Set([...expandDisabledPackets(config.disabledPackets), ...beyond]);
    this.#console = console;
    this.#environment = config.environment ?? ownEnvironment();
    this.#keeper = {
      name: 'keeper',
      mask: new Set(['exit', 'printed']),
      onEvent: (event) => this.#onEvent(event),
    };
    let finish: (status: number) => void = () => undefined;
    this.finished = new Promise((resolve) => {
      finish = resolve;
    });
    this.#finish = (status) => finish(status);
  }

  /** Starts a program, held at its first instruction. @throws as `startProcess` */
  launch(program: string, args: readonly string[], stdio?: ProgramStdio): Promise<Process> {
    const { environment, workingDirectory, disableRandomization, startWithShell } = this.#initialSettings();
    const settings = { environment, workingDirectory, disableRandomization, startWithShell };
    return this.startProcess(program, args, stdio === undefined ? settings : { ...settings, stdio });
  }

  /** Takes a running process; its threads are held. @throws as `attachProcess` */
  async attach(id: Pid): Promise<void> {
    this.#unreported.add(await this.attachProcess(id));
  }

  /** The processes that the server attached to of itself, for the first client that asks what there is. @internal */
  takeUnreported(): readonly Process[] {
    const taken = [...this.#unreported];
    this.#unreported.clear();
    return taken;
  }

  /** Output of commands that run here. @internal */
  print(output: Uint8Array): void {
    this.#console.print(output);
  }

  /**
   * A client has connected. Beside others it takes part from its first bytes on: whoever only looks whether the port is open
   * stops nothing.
   */
  accept(transport: Transport): GdbSession {
    const session = new GdbSession(this, transport, this.#initialSettings());
    const begun =
      this.clients.size === 0 ? this.#begin(session) : session.heard.then(() => this.#begin(session));
    void session.heard.then(() => {
      this.onFirstClient?.(session);
      this.onFirstClient = undefined;
    });
    this.clients.add(session);
    begun.catch((error: unknown) => {
      this.complain(error);
      session.hangUp();
    });
    return session;
  }

  /** The processes that are there become this client's. */
  async #begin(session: GdbSession): Promise<void> {
    const processes = [...this.#kept.values()].map((attachment) => attachment.process);
    await session.connect(processes);
    this.#handOver(processes, session);
  }

  /**
   * Starts a program for a session or the command line. What fails is said on the console as well: not every client
   * shows it.
   * @throws OutstepError LAUNCH_FAILED
   * @internal
   */
  async startProcess(program: string, args: readonly string[], settings: ProgramSettings): Promise<Process> {
    const { wrapper, redirectStdio, descriptors } = this.config;
    const path = inCurrentFolder(program);
    const launched = this.tracer.launch(
      {
        program: path,
        args,
        environment: Object.fromEntries(settings.environment),
        ...(settings.workingDirectory === undefined ? {} : { workingDirectory: settings.workingDirectory }),
        disableRandomization: settings.disableRandomization,
        startWithShell: settings.startWithShell,
        ...(wrapper === undefined ? {} : { wrapper }),
        redirectStdio,
        ...(descriptors === undefined ? {} : { descriptors: descriptors() }),
        ...(settings.stdio === undefined ? {} : { stdio: settings.stdio }),
      },
      this.#keeper,
    );
    const attachment = await this.#complaining(launched);
    this.lastProgram = { program, args };
    this.#kept.set(attachment.process.pid, attachment);
    this.config.terminal?.lend(attachment.process.pid);
    this.#console.say({ status: 'created', pid: attachment.process.pid, program });
    return attachment.process;
  }

  /** Also one that the server has already; as for `startProcess`. @throws OutstepError ATTACH_REFUSED, NO_SUCH_PROCESS @internal */
  async attachProcess(id: Pid): Promise<Process> {
    const kept = this.#kept.get(id) ?? (await this.#attaching.begin(id, () => this.#keep(id)));
    return kept.process;
  }

  async #keep(id: Pid): Promise<Attachment> {
    const attachment = await this.#complaining(this.tracer.attach(id, this.#keeper));
    this.#kept.set(id, attachment);
    this.#console.say({ status: 'attached', pid: id });
    return attachment;
  }

  /** A session has taken these processes: from now on its votes alone count. */
  #handOver(processes: Iterable<Process>, session: GdbSession): void {
    // The client may be lost meanwhile; then everything stays held.
    if (session.isClosed) return;
    for (const one of processes) {
      const keeper = this.#kept.get(one.pid);
      if (keeper === undefined) continue;
      this.#bequeath(keeper, session);
      letRun(keeper);
    }
  }

  #bequeath(keeper: Attachment, session: GdbSession): void {
    const { process } = keeper;
    const breakpoints = this.#persistent.get(process) ?? [];
    this.#persistent.delete(process);
    session.attachedTo(process)?.inherit(breakpoints);
    for (const one of breakpoints) removeBreakpoint(keeper, one);
  }

  /** Before the client's own go with it. */
  #keepBreakpoints(keeper: Attachment, breakpoints: readonly PersistentBreakpoint[]): void {
    if (breakpoints.length === 0) return;
    this.#persistent.set(keeper.process, breakpoints);
    for (const one of breakpoints) insertBreakpoint(keeper, one);
  }

  /** Makes a process that was started or attached to for this session its own. @internal */
  async give(one: Process, session: GdbSession): Promise<void> {
    await session.adopt(one);
    if (!session.isClosed) this.#handOver([one], session);
    // The client was lost while this was under way.
    else if (!this.clients.share(one)) await this.#settleLost(this.#kept.get(one.pid), session.whenLost);
  }

  /** A process that a session has begun to trace because it traces its parent: it stays when the session goes. @internal */
  keepChild(child: Process): void {
    if (this.#kept.has(child.pid)) return;
    const keeper = child.attachEngine(this.#keeper);
    this.#kept.set(child.pid, keeper);
    letRun(keeper);
  }

  /** Something went wrong that the user is to hear of here. @internal */
  complain(error: unknown): void {
    this.#console.say(failedStatus(error));
  }

  async #complaining<T>(attempt: Promise<T>): Promise<T> {
    try {
      return await attempt;
    } catch (error) {
      this.complain(error);
      throw error;
    }
  }

  /** @internal */
  announceDetach(id: number): void {
    this.#console.say({ status: 'detaching', pid: id });
  }

  /**
   * Takes a process from a session and lets it go untraced, unless another session has it too: it runs on, or with
   * `staysStopped` stands in a job-control stop.
   * @internal
   */
  async detach(one: Process, session: GdbSession, staysStopped = false): Promise<void> {
    const keeper = this.#kept.get(one.pid);
    const persistent = session.attachedTo(one)?.persistentBreakpoints ?? [];
    const tracingGoesOn = this.tracing.keeps(one);
    if (keeper !== undefined && (persistent.length > 0 || tracingGoesOn)) {
      this.#console.say({ status: 'kept', pid: one.pid, cause: tracingGoesOn ? 'tracing' : 'commands' });
      this.#keepBreakpoints(keeper, persistent);
      await session.abandon(one);
      return;
    }
    this.announceDetach(one.pid);
    if (keeper?.quiesceAtOnce() === false) await keeper.quiesce();
    this.clients.tellOthers(session, one, `has let go of process ${one.pid}`);
    await session.abandon(one);
    if (this.clients.share(one)) {
      this.#handOver([one], session);
      return;
    }
    if (this.tracing.traces(one)) this.tracing.stop({ kind: 'command' });
    this.#kept.delete(one.pid);
    const wanted = session.programSignals;
    // It takes this signal before its first instruction.
    if (staysStopped && one.isAlive) hostProcess.kill(one.pid, 'SIGSTOP');
    await keeper?.detach((signal: KernelSignal) => wanted?.has(signal) ?? !debuggerSignals.has(signal));
  }

  /** To be done when the process has ended, before its client hears so. @internal */
  atExit(one: Process, action: () => void): void {
    this.#exitActions.set(one, action);
  }

  #runExitAction(one: Process): void {
    this.#exitActions.get(one)?.();
    this.#exitActions.delete(one);
  }

  /** @internal */
  processById(id: Pid): Process | undefined {
    return this.#kept.get(id)?.process;
  }

  /** Kills a process and waits until it is gone. @internal */
  async kill(one: Process, session: GdbSession): Promise<void> {
    for (const child of session.untoldChildrenOf(one)) await this.kill(child, session);
    if (one.origin === 'attached' && this.config.onClientKill === 'detach') {
      this.#console.say({ status: 'not-killed', pid: one.pid });
      await this.detach(one, session);
      return;
    }
    const keeper = this.#kept.get(one.pid);
    if (keeper !== undefined) await keeper.quiesce();
    this.clients.tellOthers(session, one, `kills process ${one.pid}`);
    await session.abandon(one);
    this.#kept.delete(one.pid);
    await keeper?.kill();
    this.#runExitAction(one);
    this.config.terminal?.takeBack(one.pid);
  }

  /** Kills every process of a session. @internal */
  async killAll(session: GdbSession): Promise<void> {
    this.#console.say({ status: 'killing-all' });
    for (const one of [...session.processes]) await this.kill(one, session);
  }

  /** The connection of a session is gone: what it held is held on, what ran runs on. @internal */
  sessionClosed(session: GdbSession, left: readonly LeftProcess[]): void {
    this.clients.delete(session);
    if (this.clients.size === 0 && this.tracing.isRunning && !this.tracing.outlivesClient) {
      this.#console.say({ status: 'trace-stopped' });
      this.tracing.stop({ kind: 'client-gone' });
    }
    const released = left.map(async ({ attachment, held, persistentBreakpoints }) => {
      const keeper = this.#kept.get(attachment.process.pid);
      const isShared = this.clients.share(attachment.process);
      if (!isShared) keeper?.resume(held.map((thread) => ({ thread, action: { kind: 'hold' } })));
      if (!isShared && keeper !== undefined) this.#keepBreakpoints(keeper, persistentBreakpoints);
      await attachment.detach();
      if (isShared || keeper === undefined || session.isDismissed) return;
      await this.#settleLost(keeper, session.whenLost);
    });
    Promise.allSettled(released)
      .then(async (results) => {
        this.#complainOfAll(results);
        const isLast = this.clients.size === 0 && !session.isDismissed;
        if (isLast && (this.config.once || (!session.isExtended && this.#kept.size === 0))) await this.end();
      })
      .catch((error: unknown) => this.complain(error));
  }

  /** The client of a process is lost, and no other one has it. What the user has said comes before what the client has. */
  async #settleLost(keeper: Attachment | undefined, whenLost: GdbSession['whenLost']): Promise<void> {
    if (keeper === undefined || this.#kept.get(keeper.process.pid) !== keeper) return;
    const { pid } = keeper.process;
    const fate = this.config.onDisconnect ?? whenLost;
    if (fate === 'keep' || this.tracing.keeps(keeper.process)) return;
    if (fate === 'stop') {
      await keeper.quiesce();
      return;
    }
    this.#kept.delete(pid);
    this.#console.say({ status: 'client-lost', pid, how: fate });
    await (fate === 'kill' ? keeper.kill() : keeper.detach());
    this.config.terminal?.takeBack(pid);
  }

  #complainOfAll(results: readonly PromiseSettledResult<void>[]): void {
    for (const result of results) if (result.status === 'rejected') this.complain(result.reason);
  }

  /** Kills what was started, lets go what was attached to, and ends the server. */
  end(): Promise<void> {
    this.#ending ??= this.#releaseAll().then(() => this.#finish(0));
    return this.#ending;
  }

  async #releaseAll(): Promise<void> {
    for (const session of this.clients) session.hangUp();
    this.tracing.stop({ kind: 'client-gone' });
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    await this.#release(
      'kill',
      kept.filter((one) => one.process.origin === 'launched'),
      (one) => one.kill(),
    );
    await this.#release(
      'detach',
      kept.filter((one) => one.process.origin === 'attached'),
      (one) => one.detach(),
    );
  }

  async #release(
    how: 'kill' | 'detach',
    attachments: readonly Attachment[],
    release: (attachment: Attachment) => Promise<void>,
  ): Promise<void> {
    if (attachments.length === 0) return;
    this.#console.say({ status: 'releasing', how, pids: attachments.map((one) => one.process.pid) });
    this.#complainOfAll(await Promise.allSettled(attachments.map(release)));
  }

  /** Ends every connection and gives every process back; for when the server is ended from outside. */
  dispose(): void {
    for (const session of this.clients) session.hangUp();
    this.#kept.clear();
    this.tracer.dispose();
    this.#finish(0);
  }

  #initialSettings(): LaunchSettings {
    const { disableRandomization, startWithShell } = this.config;
    return new LaunchSettings({ environment: this.#environment, disableRandomization, startWithShell });
  }

  #onEvent(event: CoreEvent): EventAnswer {
    if (event.kind === 'printed') this.print(event.text);
    if (event.kind === 'exit') {
      this.#kept.delete(event.pid);
      this.#persistent.delete(event.process);
      this.#runExitAction(event.process);
      this.config.terminal?.takeBack(event.pid);
      this.#console.say({ status: 'ended', pid: event.pid, exit: event.status });
    }
    return 'pass';
  }
}
