/**
 * What clients connect to. The server keeps a small engine of its own on every process, so that a process that was
 * stopped stays so between two connections; while a client is there its session decides alone.
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { signalName } from 'gdb-js-rsp-parser';
import { errorCodes, messageOf, OutstepError } from '../../base/errors.js';
import { hostProcess } from '../../base/host-process.js';
import type { KernelSignal, Pid } from '../../base/ids.js';
import type {
  Attachment,
  CoreEvent,
  Engine,
  EventAnswer,
  ExitStatus,
  Process,
  Thread,
  Tracer,
} from '../../core/index.js';
import type { DebugLog } from './debug-log.js';
import { expandDisabledPackets } from './features.js';
import { LaunchSettings } from './launch-settings.js';
import { defaultLibthreadDbPath } from './libthread-db.js';
import { packetsBeyond } from './packets/index.js';
import { insertBreakpoint, type PersistentBreakpoint, removeBreakpoint } from './persistent-breakpoint.js';
import { GdbSession } from './session.js';
import { Tracing } from './tracing/tracing.js';
import type { Transport } from './transport.js';

export interface ServerConfig {
  /** End when the first client goes. */
  readonly once: boolean;
  /** Started without a program, for clients that start or attach to theirs. */
  readonly multi: boolean;
  /** Command and arguments put in front of every program that is started. */
  readonly wrapper?: readonly string[];
  readonly startWithShell: boolean;
  readonly disableRandomization: boolean;
  /** Names given to `--disable-packet`. */
  readonly disabledPackets: ReadonlySet<string>;
  /** The connection uses the server's own stdin and stdout: programs get /dev/null and stderr instead. */
  readonly redirectStdio: boolean;
  /** The terminal that programs read from, if the server shares its own with them. */
  readonly terminal?: ProgramTerminal;
  /** Environment of programs; the server's own unless given. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A process whose client is lost. */
export interface LeftProcess {
  readonly attachment: Attachment;
  readonly persistentBreakpoints: readonly PersistentBreakpoint[];
  /** The threads that the client held. */
  readonly held: readonly Thread[];
}

/** A terminal that one program at a time can have. */
export interface ProgramTerminal {
  lend(programPid: number): void;
  takeBack(programPid: number): void;
}

/** What the server says on its terminal, one call a line. */
export interface ServerConsole {
  line(text: string): void;
  /** As it is, without a line feed. */
  print(output: Uint8Array): void;
}

/** Signals that are dropped when a client that said nothing about signals lets a program go: they were the debugger's. */
const debuggerSignals: ReadonlySet<number> = new Set([2, 5]);

export class GdbServer {
  readonly tracer: Tracer;
  readonly config: ServerConfig;
  readonly log: DebugLog;
  /** Unknown to clients: the user wants it so, or the machine lacks what they are about. */
  readonly disabledPackets: ReadonlySet<string>;
  /** Exit status of the server; resolves when it is to end. */
  readonly finished: Promise<number>;
  /** What `vRun` without a name and `R` start again. */
  lastProgram: { readonly program: string; readonly args: readonly string[] } | undefined;

  /** As the user has set it. */
  libthreadDbPath = defaultLibthreadDbPath;

  /** Tracepoints and what they collected: of the server, not of a connection. */
  readonly tracing: Tracing;

  readonly #console: ServerConsole;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #keeper: Engine;
  readonly #kept = new Map<Pid, Attachment>();
  /** What clients that are gone left behind, in the name of the keeper. */
  readonly #persistent = new Map<Process, readonly PersistentBreakpoint[]>();
  /** Attached to without a client; none has been told of them. */
  readonly #unreported = new Set<Process>();
  readonly #sessions = new Set<GdbSession>();
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

  /** Starts a program, held at its first instruction. @throws OutstepError LAUNCH_FAILED */
  async launch(program: string, args: readonly string[]): Promise<void> {
    try {
      await this.startProcess(program, args, this.#initialSettings());
    } catch (error) {
      this.#console.line(messageOf(error));
      throw error;
    }
  }

  /** Takes a running process; its threads are held. @throws OutstepError ATTACH_REFUSED, NO_SUCH_PROCESS */
  async attach(id: Pid): Promise<void> {
    this.#unreported.add(await this.attachProcess(id));
  }

  /** The processes that the server attached to of itself, for the first client that asks what there is. */
  takeUnreported(): readonly Process[] {
    const taken = [...this.#unreported];
    this.#unreported.clear();
    return taken;
  }

  /** Output of commands that run here. */
  print(output: Uint8Array): void {
    this.#console.print(output);
  }

  /** A client has connected. */
  accept(transport: Transport): GdbSession {
    const session = new GdbSession(this, transport, this.#initialSettings());
    this.#sessions.add(session);
    const processes = [...this.#kept.values()].map((attachment) => attachment.process);
    session
      .connect(processes)
      .then(() => this.#handOver(processes, session))
      .catch((error: unknown) => {
        this.#console.line(messageOf(error));
        session.hangUp();
      });
    return session;
  }

  /** Starts a program for a session or the command line. */
  async startProcess(program: string, args: readonly string[], settings: LaunchSettings): Promise<Process> {
    const { wrapper, redirectStdio } = this.config;
    const path = inCurrentFolder(program);
    const attachment = await this.tracer.launch(
      {
        program: path,
        args,
        environment: Object.fromEntries(settings.environment),
        ...(settings.workingDirectory === undefined ? {} : { workingDirectory: settings.workingDirectory }),
        disableRandomization: settings.disableRandomization,
        startWithShell: settings.startWithShell,
        ...(wrapper === undefined ? {} : { wrapper }),
        redirectStdio,
      },
      this.#keeper,
    );
    this.lastProgram = { program, args };
    this.#kept.set(attachment.process.pid, attachment);
    this.config.terminal?.lend(attachment.process.pid);
    this.#console.line(`Process ${program} created; pid = ${attachment.process.pid}`);
    return attachment.process;
  }

  async attachProcess(id: Pid): Promise<Process> {
    if (this.#kept.has(id))
      throw new OutstepError(errorCodes.ATTACH_REFUSED, `already attached to process ${id}`);
    const attachment = await this.tracer.attach(id, this.#keeper);
    this.#kept.set(id, attachment);
    this.#console.line(`Attached; pid = ${id}`);
    return attachment.process;
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
    session.inherit(process, breakpoints);
    for (const one of breakpoints) removeBreakpoint(keeper, one);
  }

  /** Before the client's own go with it. */
  #keepBreakpoints(keeper: Attachment, breakpoints: readonly PersistentBreakpoint[]): void {
    if (breakpoints.length === 0) return;
    this.#persistent.set(keeper.process, breakpoints);
    for (const one of breakpoints) insertBreakpoint(keeper, one);
  }

  /** Makes a process that was started or attached to for this session its own. */
  async give(one: Process, session: GdbSession): Promise<void> {
    await session.adopt(one);
    this.#handOver([one], session);
  }

  /** A process that a session has begun to trace because it traces its parent: it stays when the session goes. */
  keepChild(child: Process): void {
    if (this.#kept.has(child.pid)) return;
    const keeper = child.attachEngine(this.#keeper);
    this.#kept.set(child.pid, keeper);
    letRun(keeper);
  }

  /** Something went wrong with what no client has asked for. */
  complain(error: unknown): void {
    this.#console.line(messageOf(error));
  }

  announceDetach(id: number): void {
    this.#console.line(`Detaching from process ${id}`);
  }

  /** Takes a process from a session and lets it run on untraced, unless another session has it too. */
  async detach(one: Process, session: GdbSession): Promise<void> {
    const keeper = this.#kept.get(one.pid);
    const persistent = session.persistentBreakpoints(one);
    const tracingGoesOn = this.tracing.keeps(one);
    if (keeper !== undefined && (persistent.length > 0 || tracingGoesOn)) {
      const cause = tracingGoesOn ? 'Disconnected tracing in effect' : 'Persistent commands are present';
      this.#console.line(`${cause}, leaving gdbserver attached to the process`);
      this.#keepBreakpoints(keeper, persistent);
      await session.abandon(one);
      return;
    }
    this.announceDetach(one.pid);
    if (keeper?.quiesceAtOnce() === false) await keeper.quiesce();
    await session.abandon(one);
    if (this.#isShared(one)) {
      this.#handOver([one], session);
      return;
    }
    if (this.tracing.traces(one)) this.tracing.stop({ kind: 'command' });
    this.#kept.delete(one.pid);
    const wanted = session.programSignals;
    await keeper?.detach((signal: KernelSignal) => wanted?.has(signal) ?? !debuggerSignals.has(signal));
  }

  /** Kills a process and waits until it is gone. */
  async kill(one: Process, session: GdbSession): Promise<void> {
    for (const child of session.untoldChildrenOf(one)) await this.kill(child, session);
    const keeper = this.#kept.get(one.pid);
    if (keeper !== undefined) await keeper.quiesce();
    await session.abandon(one);
    this.#kept.delete(one.pid);
    await keeper?.kill();
    this.config.terminal?.takeBack(one.pid);
  }

  /** `k`: kills everything; a client that is not extended ends the server by it. */
  async killAll(session: GdbSession): Promise<void> {
    this.#console.line('Killing all inferiors');
    for (const one of [...session.processes]) await this.kill(one, session);
    if (!session.isExtended) await this.end();
  }

  /** The connection of a session is gone: what it held is held on, what ran runs on. */
  sessionClosed(session: GdbSession, left: readonly LeftProcess[]): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0 && this.tracing.isRunning && !this.tracing.outlivesClient) {
      this.#console.line('The trace run stops: no client is left');
      this.tracing.stop({ kind: 'client-gone' });
    }
    const released = left.map(async ({ attachment, held, persistentBreakpoints }) => {
      const keeper = this.#kept.get(attachment.process.pid);
      const isShared = this.#isShared(attachment.process);
      if (!isShared) keeper?.resume(held.map((thread) => ({ thread, action: { kind: 'hold' } })));
      if (!isShared && keeper !== undefined) this.#keepBreakpoints(keeper, persistentBreakpoints);
      await attachment.detach();
    });
    Promise.allSettled(released)
      .then(async (results) => {
        this.#complainOfAll(results);
        if (this.config.once || (!session.isExtended && this.#kept.size === 0)) await this.end();
      })
      .catch((error: unknown) => this.complain(error));
  }

  #complainOfAll(results: readonly PromiseSettledResult<void>[]): void {
    for (const result of results) if (result.status === 'rejected') this.complain(result.reason);
  }

  #isShared(one: Process): boolean {
    for (const session of this.#sessions) if (session.processById(one.pid) !== undefined) return true;
    return false;
  }

  /** Kills what was started, lets go what was attached to, and ends the server. */
  end(): Promise<void> {
    this.#ending ??= this.#releaseAll().then(() => this.#finish(0));
    return this.#ending;
  }

  async #releaseAll(): Promise<void> {
    for (const session of [...this.#sessions]) session.hangUp();
    this.tracing.stop({ kind: 'client-gone' });
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    await this.#release(
      'Killing',
      kept.filter((one) => one.process.origin === 'launched'),
      (one) => one.kill(),
    );
    await this.#release(
      'Detaching',
      kept.filter((one) => one.process.origin === 'attached'),
      (one) => one.detach(),
    );
  }

  async #release(
    what: string,
    attachments: readonly Attachment[],
    release: (attachment: Attachment) => Promise<void>,
  ): Promise<void> {
    if (attachments.length === 0) return;
    this.#console.line(`${what} process(es): ${attachments.map((one) => one.process.pid).join(' ')}`);
    this.#complainOfAll(await Promise.allSettled(attachments.map(release)));
  }

  /** Ends every connection and gives every process back; for when the server is ended from outside. */
  dispose(): void {
    for (const session of [...this.#sessions]) session.hangUp();
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
      this.config.terminal?.takeBack(event.pid);
      this.#console.line('');
      this.#console.line(describeExit(event.status));
    }
    return 'pass';
  }
}

/** From now on this engine holds nothing. */
function letRun(keeper: Attachment): void {
  keeper.newThreads = 'continue';
  const action = { kind: 'continue' } as const;
  keeper.resume(Array.from(keeper.process.threads.values(), (thread) => ({ thread, action })));
}

/** A bare name is a file of the current folder when there is one, and is searched in PATH otherwise. */
function inCurrentFolder(program: string): string {
  const here = resolve(program);
  return !program.includes('/') && existsSync(here) ? here : program;
}

function describeExit(status: ExitStatus): string {
  if (status.kind === 'exited') return `Child exited with status ${status.code}`;
  return `Child terminated with signal = 0x${status.signal.toString(16)} (${signalName(status.signal)})`;
}

function ownEnvironment(): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(hostProcess.env))
    if (value !== undefined) environment[name] = value;
  return environment;
}
