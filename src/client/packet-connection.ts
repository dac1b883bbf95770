/**
 * Requests and replies over two streams. Replies come in the order of their requests, so where packets are not
 * acknowledged many requests are sent before the first is answered. While a program that was resumed runs, nothing is
 * sent: the next packet is its stop. Whatever does not fit ends the connection, since from then on replies would go to
 * wrong requests.
 */
import {
  asciiBytes,
  asciiText,
  encodePacket,
  escapeBinary,
  type Frame,
  FrameDecoder,
} from 'gdb-js-rsp-parser';
import { ClientError, type ClientErrorCode, clientErrorCodes } from './client-error.js';
import { joinBytes } from './join-bytes.js';
import { PacketLog } from './packet-log.js';
import type { ByteStreams } from './socket.js';

/** Longest reply, in bytes of data as transmitted. */
const maxReplyBytes = 1 << 26;
const interruptByte = 0x03;
const shownCharacters = 60;

export interface ExchangeOptions {
  /** undefined: without end. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Nothing may be sent before this is answered: the program runs, or the rules of the connection change. */
  readonly isExclusive?: boolean;
  /** The program runs, and may be interrupted. */
  readonly isInterruptible?: boolean;
  /** The wait may end before the reply without harm: who waits is gone then, and the reply is dropped. */
  readonly mayBeAbandoned?: boolean;
  /** Takes a packet that comes before the reply, and says that it was one. */
  readonly takeInterim?: ((data: Uint8Array) => boolean) | undefined;
}

interface Request extends ExchangeOptions {
  readonly data: Uint8Array;
  readonly wire: Uint8Array;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  /** Takes back timer and listener; nobody waits any more. */
  settle: () => void;
}

export class PacketConnection {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #streams: ByteStreams;
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: maxReplyBytes });
  readonly #log = new PacketLog();
  readonly #onNotification: (data: Uint8Array) => void;
  /** Not sent yet. */
  readonly #waiting = new Set<Request>();
  /** Sent and not answered, the oldest first. */
  readonly #sent = new Set<Request>();
  #sentBytes = 0;
  #windowBytes = 0;
  #isFlushing = false;
  /** The next program that runs is to be interrupted at once. */
  #interruptsNext = false;
  #acknowledges = true;
  #error: ClientError | undefined;
  #markClosed: (() => void) | undefined;

  constructor(streams: ByteStreams, onNotification: (data: Uint8Array) => void) {
    this.#streams = streams;
    this.#onNotification = onNotification;
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
    streams.readable.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    streams.readable.on('end', () => this.#fail(clientErrorCodes.CLOSED, 'the server closed the connection'));
    streams.readable.on('close', () => this.#fail(clientErrorCodes.CLOSED, 'the connection was closed'));
    for (const stream of new Set([streams.readable, streams.writable])) {
      stream.on('error', (error: Error) => this.#fail(clientErrorCodes.CLOSED, error.message, error));
    }
  }

  /** The last packets in both directions, as text. */
  get recentPackets(): string {
    return this.#log.toString();
  }

  /** Why the connection has ended; undefined: it has not. */
  get error(): ClientError | undefined {
    return this.#error;
  }

  /** The oldest packet that is not answered. */
  get pendingPacket(): string | undefined {
    const [oldest] = this.#sent;
    return oldest && nameOf(oldest.data);
  }

  /**
   * Sends a packet: at once, or when those before it leave room.
   * @param data unescaped
   * @returns data of the reply, unescaped
   * @throws ClientError TIMEOUT, CLOSED or UNEXPECTED; the reason of the signal
   */
  exchange(data: Uint8Array, options: ExchangeOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) {
        reject(this.#error);
        return;
      }
      if (options.signal?.aborted === true) {
        reject(options.signal.reason);
        return;
      }
      const wire = encodePacket(escapeBinary(data));
      const request: Request = { ...options, data, wire, resolve, reject, settle: () => undefined };
      request.settle = this.#watch(request);
      this.#waiting.add(request);
      this.#flushSoon();
    });
  }

  /** Ends the wait for a request when its time is over or its signal comes. */
  #watch(request: Request): () => void {
    const { timeoutMs, signal } = request;
    const onAbort = (): void => this.#abandon(request, signal?.reason);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#expire(request), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  #expire(request: Request): void {
    const name = nameOf(request.data);
    const message = `no reply to ${name} within ${request.timeoutMs} ms`;
    if (this.#waiting.has(request)) {
      const { pendingPacket } = this;
      const behind = pendingPacket === undefined ? '' : `: it waits for the end of ${pendingPacket}`;
      this.#abandon(request, this.#describe(clientErrorCodes.TIMEOUT, `${message}${behind}`, name));
    } else if (request.mayBeAbandoned === true) {
      this.#abandon(request, this.#describe(clientErrorCodes.TIMEOUT, message, name));
    } else {
      this.#fail(clientErrorCodes.TIMEOUT, message, undefined, name);
    }
  }

  /** One that was sent stays in its place, so that its reply is not taken for another's. */
  #abandon(request: Request, reason: unknown): void {
    this.#waiting.delete(request);
    request.settle();
    request.reject(reason);
    this.#flushSoon();
  }

  /**
   * Sends the byte that asks for a stop, past all requests that wait; where nothing runs, right behind the packet that
   * lets something run.
   */
  interrupt(): void {
    this.#interruptsNext = ![...this.#sent].some(({ isInterruptible }) => isInterruptible === true);
    if (!this.#interruptsNext) this.#sendInterrupt();
  }

  #sendInterrupt(): void {
    this.#interruptsNext = false;
    this.#log.add('->', Uint8Array.of(interruptByte));
    this.#write(Uint8Array.of(interruptByte));
  }

  acknowledge(): void {
    this.#write(asciiBytes('+'));
  }

  /**
   * From now on neither side acknowledges.
   * @param windowBytes so much may be on its way: the server has room for it
   */
  stopAcknowledging(windowBytes: number): void {
    this.#acknowledges = false;
    this.#windowBytes = windowBytes;
  }

  /** Ends the connection; harmless when it has ended. */
  close(): Promise<void> {
    this.#fail(clientErrorCodes.CLOSED, 'the connection was closed by this side');
    return this.closed;
  }

  /** Requests that are made together leave together. */
  #flushSoon(): void {
    if (this.#isFlushing || this.#waiting.size === 0) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const frames: Uint8Array[] = [];
    let runs = false;
    for (const request of this.#waiting) {
      if (!this.#mayFollow(request)) break;
      runs ||= request.isInterruptible === true;
      this.#waiting.delete(request);
      this.#sent.add(request);
      this.#sentBytes += request.wire.length;
      this.#log.add('->', request.data);
      frames.push(request.wire);
    }
    const [only] = frames;
    if (only !== undefined) this.#write(frames.length === 1 ? only : joinBytes(frames));
    if (runs && this.#interruptsNext) this.#sendInterrupt();
  }

  #mayFollow(request: Request): boolean {
    if (this.#sent.size === 0) return true;
    if (this.#acknowledges || [...this.#sent].at(-1)?.isExclusive === true) return false;
    return this.#sentBytes + request.wire.length <= this.#windowBytes;
  }

  #receive(chunk: Uint8Array): void {
    for (const frame of this.#decoder.push(chunk)) {
      if (this.#error !== undefined) return;
      this.#takeFrame(frame);
    }
    this.#flushSoon();
  }

  #takeFrame(frame: Frame): void {
    switch (frame.kind) {
      case 'packet':
        this.#takePacket(frame.data, frame.checksumOk);
        return;
      case 'notification':
        this.#log.add('<-', frame.data);
        if (frame.checksumOk) this.#onNotification(frame.data);
        return;
      case 'nak': {
        const [request] = this.#sent;
        if (this.#acknowledges && request !== undefined) this.#write(request.wire);
        return;
      }
      case 'overflow':
        this.#fail(clientErrorCodes.UNEXPECTED, `a packet of ${frame.lengthBytes} bytes came`);
        return;
      case 'ack':
      case 'interrupt':
        return;
    }
  }

  #takePacket(data: Uint8Array, checksumOk: boolean): void {
    this.#log.add('<-', data);
    if (this.#acknowledges) this.#write(asciiBytes(checksumOk ? '+' : '-'));
    else if (!checksumOk) this.#fail(clientErrorCodes.UNEXPECTED, 'a packet with a wrong checksum came');
    if (!checksumOk) return;
    const [request] = this.#sent;
    if (request === undefined) {
      this.#fail(clientErrorCodes.UNEXPECTED, 'a packet came that nobody asked for');
      return;
    }
    if (request.takeInterim?.(data) === true) return;
    this.#sent.delete(request);
    this.#sentBytes -= request.wire.length;
    request.settle();
    request.resolve(data);
  }

  /** Sends bytes past the queue: an acknowledgement, or an answer to what the server asked in between. */
  #write(bytes: Uint8Array): void {
    if (this.#error === undefined) this.#streams.writable.write(bytes);
  }

  /** Answers what came instead of a reply; the reply is still to come. */
  answerInterim(data: Uint8Array): void {
    this.#log.add('->', data);
    this.#write(encodePacket(escapeBinary(data)));
  }

  #describe(code: ClientErrorCode, message: string, packet?: string, cause?: unknown): ClientError {
    return new ClientError(code, `${message}\n${this.recentPackets}`, {
      ...(packet === undefined ? {} : { packet }),
      cause,
    });
  }

  /** The one way to the end: everybody who waits is told why. */
  #fail(code: ClientErrorCode, message: string, cause?: unknown, packet = this.pendingPacket): void {
    if (this.#error !== undefined) return;
    const error = this.#describe(code, message, packet, cause);
    const requests = [...this.#sent, ...this.#waiting];
    this.#error = error;
    this.#sent.clear();
    this.#waiting.clear();
    for (const request of requests) {
      request.settle();
      request.reject(error);
    }
    this.#streams.writable.destroy();
    this.#streams.readable.destroy();
    this.#markClosed?.();
  }
}

function nameOf(data: Uint8Array): string {
  return asciiText(data.subarray(0, shownCharacters));
}
