/** Letting threads run, and hearing of their stops: in all-stop as the reply, in non-stop as notifications. */
import {
  asciiBytes,
  asciiText,
  bytesOfHex,
  type GdbSignal,
  type KnownPacket,
  kernelSignalOf,
  type Notification,
  ProtocolError,
  parseNotification,
  parseStopReply,
  type StopReply,
  type ThreadId,
} from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from './client-error.js';
import { EventQueue } from './event-queue.js';
import { type Requester, undefinedIfRefused, undefinedIfUnsupported, unexpected } from './requester.js';
import { type StopDialect, type StopEvent, stopEventOf } from './stop-event.js';
import type { WaitOptions } from './wait-options.js';

/** How a thread, or all that no other action names, goes on. */
export interface ResumeAction {
  readonly kind: 'continue' | 'step' | 'range-step' | 'stop';
  /** Default: every thread of every process. */
  readonly thread?: ThreadId;
  /** Delivered to the thread; in GDB's numbering. */
  readonly signal?: number;
  /** Of a range step: it ends when the pc leaves [start, end). */
  readonly start?: bigint;
  readonly end?: bigint;
}

/** Whether a stop holds all threads, or only the one that is told of. */
export type RunMode = 'all-stop' | 'non-stop';

export interface ResumeOptions extends WaitOptions {
  /** Stops that those who iterate over stops do not hear of. */
  readonly isUntold?: (stop: StopEvent) => boolean;
}

/** `F-1,ENOSYS`: files of the client are not for the program. */
const noFileRequests = 'F-1,58';
/** `OK` has the same first letter. */
const outputForm = /^O(?:[0-9a-fA-F]{2})*$/;

export class RunControl {
  readonly #requester: Requester;
  readonly #onOutput: ((text: Uint8Array) => void) | undefined;
  /** Told before everybody else. */
  readonly #onStop: (stop: StopEvent) => void;
  readonly #all = new EventQueue<StopEvent>();
  /** Without those that nobody is to hear of. */
  readonly #events = new EventQueue<StopEvent>();
  #mode: RunMode = 'all-stop';
  /** Stops behind a notification are being fetched. */
  #isCollecting = false;
  #lastStop: StopEvent | undefined;
  #isUntold: ((stop: StopEvent) => boolean) | undefined;

  constructor(
    requester: Requester,
    hooks: {
      readonly onOutput: ((text: Uint8Array) => void) | undefined;
      readonly onStop: (stop: StopEvent) => void;
    },
  ) {
    this.#requester = requester;
    this.#onOutput = hooks.onOutput;
    this.#onStop = hooks.onStop;
  }

  get mode(): RunMode {
    return this.#mode;
  }

  /** The latest stop; undefined: there was none yet. */
  get lastStop(): StopEvent | undefined {
    return this.#lastStop;
  }

  get #dialect(): StopDialect {
    return { nativeSignals: this.#requester.has('native-signals') };
  }

  /** Every stop from now on, until the connection ends. */
  stops(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<StopEvent, undefined> {
    return this.#events.listen(options.signal);
  }

  /** No more stops come. */
  finish(error: unknown): void {
    this.#all.finish(error);
    this.#events.finish(error);
  }

  /** Takes what comes without being asked for: in non-stop, that threads have stopped. */
  takeNotification(data: Uint8Array): void {
    const notification = this.#parseNotification(data);
    if (notification?.kind === 'Stdio') this.#onOutput?.(notification.bytes);
    if (notification?.kind !== 'Stop') return;
    this.#deliver(notification.stop);
    this.#collect().catch((error: unknown) => this.finish(error));
  }

  /** undefined for what does not follow the protocol, which clients leave alone. */
  #parseNotification(data: Uint8Array): Notification | undefined {
    try {
      return parseNotification(data);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** Fetches the other stops that wait in the server. */
  async #collect(): Promise<void> {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    try {
      for (;;) {
        const reply = await this.#requester.ask({ kind: 'vStopped' });
        if (reply.kind === 'ok') return;
        this.#deliver(reply);
      }
    } finally {
      this.#isCollecting = false;
    }
  }

  #deliver(reply: StopReply): StopEvent | undefined {
    if (reply.kind === 'output') {
      this.#onOutput?.(reply.bytes);
      return undefined;
    }
    if (reply.kind === 'file-request') return undefined;
    const stop = stopEventOf(reply, this.#dialect);
    this.#lastStop = stop;
    this.#onStop(stop);
    this.#all.push(stop);
    if (this.#isUntold?.(stop) !== true) this.#events.push(stop);
    return stop;
  }

  /**
   * Why the program is stopped now; undefined where nothing is. In non-stop all stopped threads are told of again, to those
   * who iterate over stops as well.
   */
  async current(options: WaitOptions = {}): Promise<StopEvent | undefined> {
    const reply = await undefinedIfRefused(this.#askForStop({ kind: '?' }, options));
    if (reply === undefined) return undefined;
    if (this.#mode === 'non-stop') await this.#collect();
    return reply;
  }

  /** Changes the mode. */
  async setMode(mode: RunMode): Promise<void> {
    await this.#requester.ask({ kind: 'QNonStop', isNonStop: mode === 'non-stop' }, { isExclusive: true });
    this.#mode = mode;
  }

  /**
   * Lets threads run. In all-stop it gives the stop; in non-stop undefined, as soon as the server has taken it.
   * @throws ClientError TIMEOUT when the stop does not come in time: the program runs on then
   */
  async resume(actions: readonly ResumeAction[], options: WaitOptions = {}): Promise<StopEvent | undefined> {
    const packet: KnownPacket<'vCont'> = {
      kind: 'vCont',
      actions: actions.map((action) => this.#wireAction(action)),
    };
    if (this.#mode === 'all-stop' && !this.#requester.mayKnow('vCont'))
      return this.#resumeOld(actions, options);
    const stop = await undefinedIfUnsupported(this.#askForStop(packet, options));
    if (stop === undefined && !this.#requester.mayKnow('vCont')) return this.#resumeOld(actions, options);
    return stop;
  }

  /**
   * The next stop of anything that `matches`, in either mode.
   * @throws ClientError TIMEOUT, CLOSED; the reason of the signal
   */
  async nextStop(
    { timeoutMs, signal }: WaitOptions = {},
    matches: (stop: StopEvent) => boolean = () => true,
  ): Promise<StopEvent> {
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const signals = [signal, timeout].filter((each) => each !== undefined);
    try {
      for await (const stop of this.#all.listen(AbortSignal.any(signals))) if (matches(stop)) return stop;
    } catch (error) {
      if (timeout?.aborted !== true || error !== timeout.reason) throw error;
      throw new ClientError(clientErrorCodes.TIMEOUT, `nothing has stopped within ${timeoutMs} ms`);
    }
    throw this.#requester.connection.error ?? new ClientError(clientErrorCodes.CLOSED, 'no more stops come');
  }

  /** As `resume`, in either mode with the next stop; in non-stop that of the first action's thread, if it names one. */
  async resumeAndWait(
    actions: readonly ResumeAction[],
    { isUntold, ...options }: ResumeOptions = {},
  ): Promise<StopEvent | undefined> {
    this.#isUntold = isUntold;
    try {
      if (this.#mode === 'all-stop') return await this.resume(actions, options);
      const thread = actions[0]?.thread;
      const wanted = this.nextStop(options, (stop) => thread === undefined || concerns(stop, thread));
      await Promise.all([this.resume(actions, options), wanted]);
      return await wanted;
    } finally {
      this.#isUntold = undefined;
    }
  }

  #wireAction({ kind, thread, signal, start = 0n, end = 0n }: ResumeAction) {
    const named = thread && { thread: { process: thread.pid, thread: thread.tid } };
    if (kind === 'range-step') return { action: { kind, start, end }, ...named };
    if (kind === 'stop' || signal === undefined || signal === 0)
      return { action: { kind }, ...named } as const;
    return { action: { kind: `${kind}-with`, signal: this.wireSignal(signal) }, ...named } as const;
  }

  /** A signal in the numbering that the server has. */
  wireSignal(signal: number): GdbSignal {
    const wire = this.#dialect.nativeSignals ? (kernelSignalOf(signal) ?? signal) : signal;
    return wire as GdbSignal;
  }

  /** For servers without `vCont`: one thread, or all. */
  async #resumeOld([action]: readonly ResumeAction[], options: WaitOptions): Promise<StopEvent | undefined> {
    const { kind = 'continue', thread, signal } = action ?? {};
    const selected =
      thread === undefined
        ? ({ process: undefined, thread: 'all' } as const)
        : { process: thread.pid, thread: thread.tid };
    await undefinedIfUnsupported(this.#requester.ask({ kind: 'H', for: 'resume', thread: selected }));
    const steps = kind !== 'continue';
    if (signal === undefined) return this.#askForStop({ kind: steps ? 's' : 'c' }, options);
    return this.#askForStop({ kind: steps ? 'S' : 'C', signal: this.wireSignal(signal) }, options);
  }

  /** A packet whose reply is a stop, now or later. */
  async askForStop(
    packet: KnownPacket<'vRun' | 'vAttach' | '?'>,
    options: WaitOptions = {},
  ): Promise<StopEvent | undefined> {
    return this.#askForStop(packet, options);
  }

  async #askForStop(
    packet: KnownPacket<'vCont' | 'c' | 's' | 'C' | 'S' | '?' | 'vRun' | 'vAttach'>,
    options: WaitOptions,
  ): Promise<StopEvent | undefined> {
    const waitsForProgram = this.#mode === 'all-stop' && /^(?:vCont|[csCS])$/.test(packet.kind);
    let sent: StopEvent | undefined;
    const reply = await this.#requester.ask(packet, {
      ...options,
      isExclusive: this.#mode === 'all-stop',
      isUnbounded: waitsForProgram,
      // An interrupt is not for a step that nobody is to hear of.
      isInterruptible: waitsForProgram && this.#isUntold === undefined,
      mayBeAbandoned: waitsForProgram,
      takeInterim: (data) => {
        const isInterim = this.takeInterim(data);
        // Told here and not after the wait: who waits may be gone by then.
        if (!isInterim) sent = this.#deliverReply(data);
        return isInterim;
      },
    });
    if (reply.kind === 'ok') return undefined;
    if (sent === undefined) throw unexpected(packet.kind, reply.kind);
    return sent;
  }

  #deliverReply(data: Uint8Array): StopEvent | undefined {
    if (!isStop(data)) return undefined;
    try {
      return this.#deliver(parseStopReply(asciiText(data)));
    } catch (error) {
      // Who asked is told of it.
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** Output, and requests for files of the client, come before the stop. @returns whether it is one of them */
  takeInterim(data: Uint8Array): boolean {
    const text = asciiText(data);
    if (outputForm.test(text)) {
      this.#onOutput?.(bytesOfHex(text.slice(1)));
      return true;
    }
    if (!text.startsWith('F')) return false;
    this.#requester.connection.answerInterim(asciiBytes(noFileRequests));
    return true;
  }

  /** Asks for a stop as Ctrl-C at the program's terminal does. In all-stop the wait that is under way gets it. */
  async interrupt(): Promise<void> {
    if (this.#mode === 'all-stop') {
      this.#requester.connection.interrupt();
      return;
    }
    const answered = await this.#requester.askIfKnown({ kind: 'vCtrlC' });
    if (answered === undefined) await this.resume([{ kind: 'stop' }]);
  }
}

/** Whether it is the thread's own stop, or one that ends it. */
function concerns(stop: StopEvent, thread: ThreadId): boolean {
  switch (stop.kind) {
    case 'signal':
    case 'thread-exited':
      return stop.thread === undefined || stop.thread.tid === thread.tid;
    case 'exited':
    case 'terminated':
      return stop.pid === undefined || thread.pid === undefined || stop.pid === thread.pid;
    case 'no-resumed':
      return true;
  }
}

/** `T`, `S`, `W`, `X`, `w` or `N`. */
function isStop(data: Uint8Array): boolean {
  return /^[TSWXwN]/.test(asciiText(data.subarray(0, 1)));
}
