/** A client to write scripts with: one connection to one server, in all-stop mode. */
import {
  asciiBytes,
  asciiText,
  bytesOfHex,
  formatThreadId,
  hexOfText,
  parseFeatures,
  parseStopReply,
  parseThreadSelector,
  type StopReply,
  type ThreadId,
} from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import { joinBytes } from './join-bytes.js';
import { PacketConnection } from './packet-connection.js';
import { RegisterAccess } from './register-access.js';
import { checkReply, isRefusal, unexpectedReply } from './reply.js';
import { readTargetDescription, type TargetDescription } from './target-description.js';

export interface ConnectOptions {
  /** Longest wait for the connection and for any reply, stop replies included; 10 s by default. */
  readonly timeoutMs?: number;
  /** Go on with acknowledgements although the server could do without. */
  readonly acknowledge?: boolean;
  /** Gets what the server and the program say while the program runs (`O` packets), as bytes. */
  readonly onOutput?: (text: Uint8Array) => void;
  /** Gets notifications such as `Stop:...`; they come only after `QNonStop:1`. */
  readonly onNotification?: (text: string) => void;
}

export interface RequestOptions {
  /** Longest wait for the reply, in place of the connection's. */
  readonly timeoutMs?: number;
}

export interface ResumeOptions extends RequestOptions {
  /** Only this thread runs; default: all threads of all processes. */
  readonly thread?: ThreadId;
  /** Signal to deliver, in GDB's numbering. */
  readonly signal?: number;
}

/** Types of `Z` packets, by their position. */
const breakpointKinds = ['software', 'hardware', 'write', 'read', 'access'] as const;
export type BreakpointKind = (typeof breakpointKinds)[number];

const announced = [
  'multiprocess+',
  'swbreak+',
  'hwbreak+',
  'vContSupported+',
  'no-resumed+',
  'exec-events+',
  // GNU gdbserver describes the registers of x86 only to a client that says it reads such descriptions.
  'xmlRegisters=i386',
].join(';');
const defaultTimeoutMs = 10_000;
/** What every server takes when it does not say. */
const defaultPacketBytes = 400;
/** Room for name, address and length of an `X` packet. */
const writeHeaderBytes = 64;
/** Requests before whose reply output may come. */
const runsProgram = /^(?:[cCsS?]|vCont;|vRun;|vAttach;)/;

export class RspClient implements AsyncDisposable {
  readonly #connection: PacketConnection;
  readonly #options: ConnectOptions;
  #features: ReadonlyMap<string, string | boolean> = new Map();
  #description: Promise<TargetDescription> | undefined;
  #registers: Promise<RegisterAccess> | undefined;
  #stoppedThread: ThreadId | undefined;

  private constructor(connection: PacketConnection, options: ConnectOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Connects, agrees on features, does away with acknowledgements where the server can, and asks why the program is
   * stopped.
   * @throws ClientError, or the system's error when nobody listens
   */
  static async connect(endpoint: Endpoint, options: ConnectOptions = {}): Promise<RspClient> {
    const streams = await openEndpoint(endpoint, options.timeoutMs ?? defaultTimeoutMs);
    const connection = new PacketConnection(streams, (data) => options.onNotification?.(asciiText(data)));
    const client = new RspClient(connection, options);
    try {
      await client.#negotiate();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return client;
  }

  async #negotiate(): Promise<void> {
    this.#connection.acknowledge();
    this.#features = parseFeatures(await this.request(`qSupported:${announced}`));
    if (this.#options.acknowledge !== true && this.#features.get('QStartNoAckMode') === true) {
      await this.#ask('QStartNoAckMode');
      this.#connection.stopAcknowledging();
    }
    // It also makes the server choose a thread: GNU gdbserver asserts on most packets before it has one.
    await this.stopReason();
  }

  // --- packets

  /** What the server announced: true, false or a text by name. */
  features(): ReadonlyMap<string, string | boolean> {
    return this.#features;
  }

  /** The last packets of both directions as text, for messages of failures. */
  get recentPackets(): string {
    return this.#connection.recentPackets;
  }

  /**
   * Sends any packet and gives its reply as it is: empty and `E` replies are no errors here.
   * @param packet unescaped; a text's characters are bytes
   * @returns the reply, one character a byte
   * @throws ClientError TIMEOUT with the last packets, CLOSED, UNEXPECTED
   */
  async request(packet: string | Uint8Array, options: RequestOptions = {}): Promise<string> {
    return asciiText(await this.requestBytes(packet, options));
  }

  /** As `request`, for replies with binary data. */
  requestBytes(packet: string | Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    const data = typeof packet === 'string' ? asciiBytes(packet) : packet;
    const canPrint = runsProgram.test(asciiText(data.subarray(0, 16)));
    return this.#exchange(data, options, canPrint ? (text) => this.#options.onOutput?.(text) : undefined);
  }

  #exchange(
    data: Uint8Array,
    options: RequestOptions,
    onOutput: ((text: Uint8Array) => void) | undefined,
  ): Promise<Uint8Array> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs;
    return this.#connection.exchange(data, { timeoutMs, ...(onOutput === undefined ? {} : { onOutput }) });
  }

  /** @throws ClientError REFUSED for `E`, UNSUPPORTED for an empty reply */
  async #ask(packet: string | Uint8Array, options: RequestOptions = {}): Promise<string> {
    const reply = await this.request(packet, options);
    const name = typeof packet === 'string' ? packet : asciiText(packet.subarray(0, 40));
    return checkReply(name, reply);
  }

  /**
   * A whole object of `qXfer:<object>:read`.
   * @param annex which of its kind: `target.xml`, a pid in hex, or nothing
   */
  async readObject(object: string, annex = ''): Promise<Uint8Array> {
    const lengthBytes = this.#packetBytes - 5;
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (;;) {
      const range = `${offset.toString(16)},${lengthBytes.toString(16)}`;
      const packet = `qXfer:${object}:read:${annex}:${range}`;
      const reply = await this.requestBytes(packet);
      const form = checkReply(packet, asciiText(reply))[0];
      const part = reply.subarray(1);
      parts.push(part);
      offset += part.length;
      if (form === 'l') return joinBytes(parts);
      if (form !== 'm' || part.length === 0) throw unexpectedReply(packet, asciiText(reply));
    }
  }

  get #packetBytes(): number {
    const value = this.#features.get('PacketSize');
    return typeof value === 'string' ? Number.parseInt(value, 16) : defaultPacketBytes;
  }

  // --- memory and registers

  /** Memory from `address` on, as much as is readable. @throws ClientError REFUSED when the first byte is not */
  async readMemory(address: bigint | number, lengthBytes: number): Promise<Uint8Array> {
    const mostBytes = this.#packetBytes >> 1;
    const parts: Uint8Array[] = [];
    for (let done = 0; done < lengthBytes; ) {
      const wanted = Math.min(mostBytes, lengthBytes - done);
      const packet = `m${(BigInt(address) + BigInt(done)).toString(16)},${wanted.toString(16)}`;
      const reply = await this.request(packet);
      if (done > 0 && isRefusal(reply)) break;
      const part = bytesOfHex(checkReply(packet, reply));
      parts.push(part);
      done += part.length;
      if (part.length < wanted) break;
    }
    return joinBytes(parts);
  }

  /** Memory from `address` on. @throws ClientError REFUSED when not all of it is readable */
  async readMemoryExact(address: bigint | number, lengthBytes: number): Promise<Uint8Array> {
    const bytes = await this.readMemory(address, lengthBytes);
    if (bytes.length === lengthBytes) return bytes;
    const message = `only ${bytes.length} of ${lengthBytes} bytes at 0x${address.toString(16)} are readable`;
    throw new ClientError(clientErrorCodes.REFUSED, message);
  }

  async writeMemory(address: bigint | number, bytes: Uint8Array): Promise<void> {
    // Every byte might need an escape.
    const mostBytes = Math.max(1, (this.#packetBytes - writeHeaderBytes) >> 1);
    for (let done = 0; done < bytes.length; done += mostBytes) {
      const part = bytes.subarray(done, done + mostBytes);
      const start = (BigInt(address) + BigInt(done)).toString(16);
      await this.#ask(joinBytes([asciiBytes(`X${start},${part.length.toString(16)}:`), part]));
    }
  }

  /** Names, numbers and sizes of the registers, and the architecture. */
  targetDescription(): Promise<TargetDescription> {
    this.#description ??= readTargetDescription(async (name) =>
      asciiText(await this.readObject('features', name)),
    );
    return this.#description;
  }

  #registerAccess(): Promise<RegisterAccess> {
    this.#registers ??= this.targetDescription().then(
      (description) => new RegisterAccess(description, (packet) => this.#ask(packet)),
    );
    return this.#registers;
  }

  /** Registers of the selected thread by name, without those whose value the server does not know. */
  async registers(): Promise<Map<string, bigint>> {
    return (await this.#registerAccess()).readAll();
  }

  /** @throws ClientError NO_REGISTER */
  async readRegister(name: string): Promise<bigint> {
    return (await this.#registerAccess()).read(name);
  }

  /** @param value taken modulo the register's size */
  async writeRegister(name: string, value: bigint): Promise<void> {
    await (await this.#registerAccess()).write(name, value);
  }

  // --- breakpoints

  /**
   * @param lengthBytes of the watched range or of the breakpoint instruction; by default 8, or what the architecture
   * has
   */
  async setBreakpoint(
    address: bigint | number,
    kind: BreakpointKind = 'software',
    lengthBytes?: number,
  ): Promise<void> {
    await this.#ask(`Z${await this.#breakpointFields(address, kind, lengthBytes)}`);
  }

  /** Takes back what `setBreakpoint` set with the same arguments. */
  async removeBreakpoint(
    address: bigint | number,
    kind: BreakpointKind = 'software',
    lengthBytes?: number,
  ): Promise<void> {
    await this.#ask(`z${await this.#breakpointFields(address, kind, lengthBytes)}`);
  }

  async #breakpointFields(
    address: bigint | number,
    kind: BreakpointKind,
    lengthBytes: number | undefined,
  ): Promise<string> {
    const length = lengthBytes ?? (await this.#defaultLength(kind));
    return `${breakpointKinds.indexOf(kind)},${address.toString(16)},${length.toString(16)}`;
  }

  async #defaultLength(kind: BreakpointKind): Promise<number> {
    if (kind !== 'software' && kind !== 'hardware') return 8;
    const { architecture } = await this.targetDescription();
    return architecture?.startsWith('i386') === true ? 1 : 4;
  }

  // --- running

  /** Why the program is stopped now. */
  stopReason(options: RequestOptions = {}): Promise<StopReply> {
    return this.#awaitStop('?', options);
  }

  /** Steps one instruction of one thread, by default the one of the last stop, while all others stay stopped. */
  step(thread: ThreadId | undefined = this.#stoppedThread, options: RequestOptions = {}): Promise<StopReply> {
    return this.#awaitStop(`vCont;s${thread === undefined ? '' : `:${formatThread(thread)}`}`, options);
  }

  /** Lets the program run until it stops. The packet is on its way when this returns, if nothing else waits. */
  continue(options: ResumeOptions = {}): Promise<StopReply> {
    const action = options.signal === undefined ? 'c' : `C${options.signal.toString(16).padStart(2, '0')}`;
    const thread = options.thread === undefined ? '' : `:${formatThread(options.thread)}`;
    return this.#awaitStop(`vCont;${action}${thread}`, options);
  }

  /** Asks for a stop; the promise of the `continue` under way gets it. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  async #awaitStop(packet: string, options: RequestOptions): Promise<StopReply> {
    const stop = parseStopReply(await this.#ask(packet, options));
    if (stop.kind === 'signal') this.#stoppedThread = stop.thread ?? this.#stoppedThread;
    // Another program may have other registers.
    if (stop.kind === 'signal' && stop.reason?.kind === 'exec') this.#forgetDescription();
    return stop;
  }

  #forgetDescription(): void {
    this.#description = undefined;
    this.#registers = undefined;
  }

  // --- threads and processes

  async threads(): Promise<ThreadId[]> {
    const ids: string[] = [];
    let reply = await this.#ask('qfThreadInfo');
    while (reply.startsWith('m')) {
      ids.push(...reply.slice(1).split(','));
      reply = await this.#ask('qsThreadInfo');
    }
    if (reply !== 'l') throw unexpectedReply('qsThreadInfo', reply);
    return ids.map(threadIdOf);
  }

  /** Makes a thread the one whose registers and memory are meant from now on, until the next stop. */
  async selectThread(thread: ThreadId): Promise<void> {
    await this.#ask(`Hg${formatThread(thread)}`);
  }

  /** Kills a process, by default that of the last stop or all of them. */
  async kill(pid: number | undefined = this.#stoppedThread?.pid): Promise<void> {
    if (pid !== undefined) {
      await this.#ask(`vKill;${pid.toString(16)}`);
      return;
    }
    try {
      await this.request('k');
    } catch (error) {
      // A server may answer `k` by closing the connection.
      if (!hasCode(error, clientErrorCodes.CLOSED)) throw error;
    }
  }

  /** Lets go of a process, by default that of the last stop. */
  async detach(pid: number | undefined = this.#stoppedThread?.pid): Promise<void> {
    await this.#ask(pid === undefined ? 'D' : `D;${pid.toString(16)}`);
  }

  /** Runs a command of the server's own; returns what it prints. @throws ClientError REFUSED */
  async monitor(command: string, options: RequestOptions = {}): Promise<string> {
    const parts: Uint8Array[] = [];
    const packet = `qRcmd,${hexOfText(command)}`;
    const data = await this.#exchange(asciiBytes(packet), options, (text) => parts.push(text));
    const reply = checkReply(`qRcmd (${command})`, asciiText(data));
    if (reply !== 'OK') parts.push(bytesOfHex(reply));
    return new TextDecoder().decode(joinBytes(parts));
  }

  // --- the end

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  /** Ends the connection; what becomes of the program is the server's affair. Twice is harmless. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function formatThread({ pid, tid }: ThreadId): string {
  return formatThreadId({ pid: pid ?? tid, tid }, pid !== undefined);
}

function threadIdOf(text: string): ThreadId {
  const { process, thread } = parseThreadSelector(text);
  if (typeof thread !== 'number' || typeof process === 'string') throw unexpectedReply('qfThreadInfo', text);
  return process === undefined ? { tid: thread } : { pid: process, tid: thread };
}
