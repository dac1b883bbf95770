/** A client to write scripts with: one connection to one server. */
import { asciiBytes, asciiText, type KnownPacket, type ThreadId } from 'gdb-js-rsp-parser';
import { Breakpoints } from './breakpoints.js';
import { Call } from './calling-convention.js';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import type { ConnectOptions, ContinueOptions } from './connect-options.js';
import { disassemble, type Instruction, longestInstructionBytes } from './disassemble.js';
import { type Endpoint, type OpenEndpoint, openEndpoint } from './endpoint.js';
import { Files } from './files.js';
import { type AddressLike, Memory } from './memory.js';
import { runMonitorCommand } from './monitor.js';
import { negotiate } from './negotiation.js';
import { PacketConnection } from './packet-connection.js';
import { Processes } from './processes.js';
import { ProgramObjects } from './program-objects.js';
import { RegisterAccess } from './registers/register-access.js';
import type { TargetDescription } from './registers/target-description.js';
import { type Answer, Requester } from './requester.js';
import { type ResumeAction, RunControl, type RunMode } from './run-control.js';
import { stepOff, stepThread } from './stepping-off.js';
import type { StopEvent } from './stop-event.js';
import { Symbols } from './symbols/symbols.js';
import { Target } from './target.js';
import type { Thread } from './thread.js';
import { listThreads, type ThreadInfo } from './threads.js';
import type { WaitOptions } from './wait-options.js';

const defaultTimeoutMs = 10_000;
/** Packets before whose reply output may come. */
const runsProgram = /^(?:[cCsS?]|vCont;|vRun;|vAttach;)/;

/**
 * A session with a server, from `RspClient.connect` to `close`. Requests may be made at any time and are answered in
 * their order; each can be bounded and given up by itself. What the program does comes from `stops`, `nextStop` and the
 * calls that let it run.
 */
export class RspClient implements AsyncDisposable {
  readonly breakpoints: Breakpoints;
  readonly files: Files;
  readonly processes: Processes;
  /** Of the current thread: that of the last stop. */
  readonly registers: RegisterAccess;
  /** Of the current thread's process. */
  readonly memory: Memory;
  /** The call that the current thread has just made, or come back from. */
  readonly call: Call;
  /** Of the current thread's process: names and addresses. */
  readonly symbols: Symbols;
  /** Libraries, the auxiliary vector, what is known of a signal, and every other object of the server. */
  readonly objects: ProgramObjects;
  readonly #requester: Requester;
  readonly #connection: PacketConnection;
  readonly #endpoint: OpenEndpoint;
  readonly #running: RunControl;
  readonly #target: Target;

  private constructor(endpoint: OpenEndpoint, options: ConnectOptions) {
    this.#endpoint = endpoint;
    this.#connection = new PacketConnection(endpoint.streams, (data) => {
      this.#running.takeNotification(data);
      options.onNotification?.(asciiText(data));
    });
    this.#requester = new Requester(this.#connection, options.timeoutMs ?? defaultTimeoutMs);
    this.#running = new RunControl(this.#requester, {
      onOutput: options.onOutput,
      onStop: (stop) => this.#noteStop(stop),
    });
    this.#connection.closed.then(() => this.#running.finish(this.#connection.error));
    this.#target = new Target(this.#requester, options.byteOrder ?? 'little');
    this.breakpoints = new Breakpoints(this.#requester, () => this.#target.trapKind());
    this.files = new Files(this.#requester);
    this.processes = new Processes(this.#requester, this.#running, (pid) => this.#forgetProcess(pid));
    this.registers = new RegisterAccess(this.#requester, this.#target.blocks, undefined);
    this.memory = this.#memoryOf(undefined);
    this.call = new Call(this.#target, this.registers, this.memory);
    this.symbols = new Symbols(this.files, (options) => this.memory.regions(options));
    this.objects = new ProgramObjects(this.#requester, this.#target);
  }

  /**
   * Connects, agrees on features, does away with acknowledgements where the server can, and asks why the program is
   * stopped.
   * @throws ClientError; the system's error when nobody listens
   */
  static async connect(endpoint: Endpoint, options: ConnectOptions = {}): Promise<RspClient> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    const open = await openEndpoint(endpoint, signal);
    const client = new RspClient(open, options);
    try {
      await client.#begin(options);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  async #begin({
    acknowledge = false,
    followsForks = false,
    mode = 'all-stop',
  }: ConnectOptions): Promise<void> {
    await negotiate(this.#requester, { acknowledge, followsForks });
    if (mode === 'non-stop') {
      await this.#running.setMode(mode);
      this.#requester.followsStops = false;
    }
    // It also makes the server choose a thread: GNU gdbserver asserts on most packets before it has one.
    await this.stopReason();
  }

  /** What is known of threads and registers, after a stop. */
  #noteStop(stop: StopEvent): void {
    if (this.#running.mode === 'all-stop') this.#requester.forgetSelection();
    this.#target.blocks.forget();
    switch (stop.kind) {
      case 'signal':
        this.#requester.currentThread = stop.thread ?? this.#requester.currentThread;
        this.#target.blocks.expedite(stop);
        if (stop.reason?.kind === 'exec') this.#forgetProgram(stop.thread?.pid);
        return;
      case 'exited':
      case 'terminated': {
        const { currentThread } = this.#requester;
        if (stop.pid === undefined || stop.pid === currentThread?.pid)
          this.#requester.currentThread = undefined;
        this.#forgetProgram(stop.pid);
        return;
      }
      case 'thread-exited':
      case 'no-resumed':
        return;
    }
  }

  /** @param pid undefined: all of them */
  #forgetProcess(pid: number | undefined): void {
    const { currentThread } = this.#requester;
    if (pid === undefined || pid === currentThread?.pid) this.#requester.currentThread = undefined;
    this.#forgetProgram(pid);
  }

  /** Another program may have other registers. */
  #forgetProgram(pid: number | undefined): void {
    this.#target.forget();
    this.symbols.forget();
    this.breakpoints.forget(pid);
  }

  // --- packets

  /** What the server announced: true, false or a text by name. */
  get features(): ReadonlyMap<string, string | boolean> {
    return this.#requester.features;
  }

  /** The last packets of both directions as text, for messages of failures. */
  get recentPackets(): string {
    return this.#connection.recentPackets;
  }

  /**
   * Sends any packet and gives its reply as it is: empty and `E` replies are no errors here, and those who iterate over
   * stops do not hear of one.
   * @param packet unescaped; a text's characters are bytes
   * @returns the reply, one character a byte
   * @throws ClientError TIMEOUT with the last packets, CLOSED, UNEXPECTED
   */
  async request(packet: string | Uint8Array, options: WaitOptions = {}): Promise<string> {
    return asciiText(await this.requestBytes(packet, options));
  }

  /** As `request`, for replies with binary data. */
  requestBytes(packet: string | Uint8Array, options: WaitOptions = {}): Promise<Uint8Array> {
    const data = typeof packet === 'string' ? asciiBytes(packet) : packet;
    this.#target.blocks.forget();
    const runs = runsProgram.test(asciiText(data.subarray(0, 16)));
    return this.#requester.exchange(data, {
      ...options,
      isExclusive: true,
      ...(runs && { takeInterim: (interim: Uint8Array) => this.#running.takeInterim(interim) }),
    });
  }

  /**
   * Sends a packet as a value, and gives its reply as one.
   * @throws ClientError REFUSED for `E`, UNSUPPORTED for an empty reply, UNEXPECTED for what the packet cannot have
   */
  send<Sent extends KnownPacket>(packet: Sent, options: WaitOptions = {}): Promise<Answer<Sent['kind']>> {
    this.#target.blocks.forget();
    return this.#requester.ask(packet, { ...options, isExclusive: true });
  }

  // --- the machine

  /** The registers with their types, and the architecture. @throws ClientError BAD_OBJECT, UNSUPPORTED */
  targetDescription(): Promise<TargetDescription> {
    return this.#target.description();
  }

  /** Instructions from an address on, by default the pc. @throws ClientError UNSUPPORTED */
  async disassemble(count: number, address?: AddressLike): Promise<Instruction[]> {
    const architecture = await this.#target.architecture();
    const start = address === undefined ? await this.registers.readRole('pc') : BigInt(address);
    const bytes = await this.memory.read(start, count * longestInstructionBytes(architecture));
    return disassemble(bytes, start, count, architecture);
  }

  /** What LLDB's servers tell of their machine. @throws ClientError UNSUPPORTED */
  async hostFacts(options: WaitOptions = {}): Promise<Answer<'qHostInfo'>['facts']> {
    return (await this.#requester.ask({ kind: 'qHostInfo' }, options)).facts;
  }

  // --- running

  get mode(): RunMode {
    return this.#running.mode;
  }

  /** The latest stop, in whatever way it was told. */
  get lastStop(): StopEvent | undefined {
    return this.#running.lastStop;
  }

  /** The thread of the last stop. */
  get currentThread(): ThreadId | undefined {
    return this.#requester.currentThread;
  }

  /**
   * Why the program is stopped now; undefined where nothing is, which only happens in non-stop. There those who iterate
   * over stops hear of every stopped thread again.
   */
  stopReason(options: WaitOptions = {}): Promise<StopEvent | undefined> {
    return this.#running.current(options);
  }

  /** Every stop from now on, until the connection ends. */
  stops(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<StopEvent, undefined> {
    return this.#running.stops(options);
  }

  /** The next stop. @throws ClientError TIMEOUT, CLOSED; the reason of the signal */
  nextStop(options: WaitOptions = {}): Promise<StopEvent> {
    return this.#running.nextStop(options);
  }

  /**
   * Lets threads run, each by the first action that names it, and does not wait for a stop: `stops` and `nextStop` have
   * it. In non-stop the server has taken it when this resolves.
   */
  async resume(
    actions: readonly ResumeAction[] = [{ kind: 'continue' }],
    options: WaitOptions = {},
  ): Promise<void> {
    this.#target.blocks.forget();
    const stop = this.#running.resume(actions, options);
    if (this.mode === 'non-stop') {
      await stop;
      return;
    }
    // Whoever waits for the stop hears of a failure, too.
    stop.catch((error: unknown) => {
      if (!hasCode(error, clientErrorCodes.CLOSED)) this.#running.finish(error);
    });
  }

  /**
   * Lets the program run until it stops, past breakpoints of this client that threads stand at.
   * @throws ClientError TIMEOUT when the stop does not come in time: the program runs on then
   */
  async continue({ thread, deliver, ...options }: ContinueOptions = {}): Promise<StopEvent> {
    const stop = await stepOff(this.#stepping, thread ?? this.#requester.currentThread, options);
    if (stop !== undefined) return stop;
    this.#target.blocks.forget();
    const action = {
      kind: 'continue',
      ...(thread && { thread }),
      ...(deliver && { signal: deliver }),
    } as const;
    return this.#stopOf('continue', this.#running.resumeAndWait([action], options));
  }

  /** Steps one instruction of one thread, by default the current one, while all others stay as they are. */
  async step(thread = this.#requester.currentThread, options: WaitOptions = {}): Promise<StopEvent> {
    return this.#stopOf(
      'step',
      stepThread(this.#stepping, { kind: 'step', ...(thread && { thread }) }, options),
    );
  }

  /** Steps until the pc leaves [start, end). */
  async stepRange(
    start: bigint,
    end: bigint,
    thread = this.#requester.currentThread,
    options: WaitOptions = {},
  ): Promise<StopEvent> {
    const action = { kind: 'range-step', start, end, ...(thread && { thread }) } as const;
    return this.#stopOf('range-step', stepThread(this.#stepping, action, options));
  }

  async #stopOf(what: string, wanted: Promise<StopEvent | undefined>): Promise<StopEvent> {
    const stop = await wanted;
    if (stop !== undefined) return stop;
    throw new ClientError(clientErrorCodes.UNEXPECTED, `${what}: the server answered OK in place of a stop`);
  }

  get #stepping() {
    return {
      running: this.#running,
      breakpoints: this.breakpoints,
      pcOf: (thread: ThreadId | undefined) => this.#registersOf(thread).readRole('pc'),
    };
  }

  /** Asks for a stop; whoever waits for one gets it. */
  interrupt(): Promise<void> {
    return this.#running.interrupt();
  }

  // --- threads

  /** All threads of all processes. */
  threads(options: WaitOptions = {}): Promise<ThreadInfo[]> {
    return listThreads(this.#requester, options);
  }

  /** A thread to work with; whether it exists is known when something is asked of it. */
  thread(id: ThreadId): Thread {
    const registers = this.#registersOf(id);
    const memory = this.#memoryOf(id);
    return {
      id,
      registers,
      memory,
      call: new Call(this.#target, registers, memory),
      isAlive: (options = {}) => this.#isAlive(id, options),
      step: (options = {}) => this.step(id, options),
      signalInfo: (options = {}) => this.objects.signalInfo({ ...options, thread: id }),
    };
  }

  #registersOf(thread: ThreadId | undefined): RegisterAccess {
    return thread === undefined
      ? this.registers
      : new RegisterAccess(this.#requester, this.#target.blocks, thread);
  }

  #memoryOf(thread: ThreadId | undefined): Memory {
    return new Memory({
      requester: this.#requester,
      byteOrder: this.#target.byteOrder,
      thread,
      readFile: (path) => this.files.read(path),
    });
  }

  async #isAlive(thread: ThreadId, options: WaitOptions): Promise<boolean> {
    try {
      await this.#requester.ask({ kind: 'T', thread }, options);
      return true;
    } catch (error) {
      if (hasCode(error, clientErrorCodes.REFUSED)) return false;
      throw error;
    }
  }

  // --- the server

  /** Runs a command of the server's own; returns what it prints. @throws ClientError REFUSED */
  monitor(command: string, options: WaitOptions = {}): Promise<string> {
    return runMonitorCommand(this.#requester, command, options);
  }

  // --- the end

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  /** Ends the connection, and a server that was started for it. Twice is harmless. */
  async close(): Promise<void> {
    await this.#connection.close();
    await this.#endpoint.close();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
