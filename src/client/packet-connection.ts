/**
 * Requests and replies over two streams. Requests wait in line: one is under way at a time, and its reply is the next
 * packet that comes. Whatever does not fit ends the connection, since from then on replies would go to wrong requests.
 */
import {
  asciiBytes,
  asciiText,
  bytesOfHex,
  encodePacket,
  escapeBinary,
  type Frame,
  FrameDecoder,
} from 'gdb-js-rsp-parser';
import { ClientError, type ClientErrorCode, clientErrorCodes } from './client-error.js';
import type { ByteStreams } from './endpoint.js';
import { PacketLog } from './packet-log.js';

/** Longest reply, in bytes of data as transmitted. */
const maxReplyBytes = 1 << 24;
const interruptByte = 0x03;

interface Request {
  readonly data: Uint8Array;
  readonly wire: Uint8Array;
  readonly timeoutMs: number;
  /** Where text goes that comes before the reply (`O` packets); undefined: no such packets may come. */
  readonly onOutput: ((text: Uint8Array) => void) | undefined;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: ClientError) => void;
}

type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly request: Request; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed'; readonly error: ClientError };

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly onOutput?: (text: Uint8Array) => void;
}

export class PacketConnection {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #streams: ByteStreams;
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: maxReplyBytes });
  readonly #log = new PacketLog();
  readonly #queue: Request[] = [];
  readonly #onNotification: (data: Uint8Array) => void;
  #markClosed: (() => void) | undefined;
  #state: ConnectionState = { kind: 'idle' };
  #acknowledges = true;

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

  /**
   * Sends a packet as soon as those before it are answered, and at once when there are none.
   * @param data unescaped
   * @returns data of the reply, unescaped
   * @throws ClientError TIMEOUT, CLOSED or UNEXPECTED
   */
  exchange(data: Uint8Array, options: ExchangeOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#state.kind === 'closed') {
        reject(this.#state.error);
        return;
      }
      const { timeoutMs, onOutput } = options;
      this.#queue.push({
        data,
        wire: encodePacket(escapeBinary(data)),
        timeoutMs,
        onOutput,
        resolve,
        reject,
      });
      this.#sendNext();
    });
  }

  /** Sends the byte that asks for a stop, past all requests that wait. */
  interrupt(): void {
    this.#log.add('->', Uint8Array.of(interruptByte));
    this.#write(Uint8Array.of(interruptByte));
  }

  acknowledge(): void {
    this.#write(asciiBytes('+'));
  }

  stopAcknowledging(): void {
    this.#acknowledges = false;
  }

  /** Ends the connection; harmless when it has ended. */
  close(): Promise<void> {
    this.#fail(clientErrorCodes.CLOSED, 'the connection was closed by this side');
    return this.closed;
  }

  #sendNext(): void {
    if (this.#state.kind !== 'idle') return;
    const request = this.#queue.shift();
    if (request === undefined) return;
    const timer = setTimeout(() => {
      const name = asciiText(request.data.subarray(0, 40));
      this.#fail(clientErrorCodes.TIMEOUT, `no reply to ${name} within ${request.timeoutMs} ms`);
    }, request.timeoutMs);
    this.#state = { kind: 'waiting', request, timer };
    this.#log.add('->', request.data);
    this.#write(request.wire);
  }

  #receive(chunk: Uint8Array): void {
    for (const frame of this.#decoder.push(chunk)) {
      if (this.#state.kind === 'closed') return;
      this.#takeFrame(frame);
    }
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
      case 'nak':
        if (this.#acknowledges && this.#state.kind === 'waiting') this.#write(this.#state.request.wire);
        return;
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
    if (this.#state.kind !== 'waiting') {
      this.#fail(clientErrorCodes.UNEXPECTED, 'a packet came that nobody asked for');
      return;
    }
    const { request, timer } = this.#state;
    if (request.onOutput !== undefined && isOutput(data)) {
      request.onOutput(bytesOfHex(asciiText(data.subarray(1))));
      return;
    }
    clearTimeout(timer);
    this.#state = { kind: 'idle' };
    request.resolve(data);
    this.#sendNext();
  }

  #write(bytes: Uint8Array): void {
    if (this.#state.kind !== 'closed') this.#streams.writable.write(bytes);
  }

  /** The one way to the end: everybody who waits is told why. */
  #fail(code: ClientErrorCode, message: string, cause?: unknown): void {
    if (this.#state.kind === 'closed') return;
    const error = new ClientError(code, `${message}\n${this.recentPackets}`, { cause });
    const requests = [...this.#queue.splice(0)];
    if (this.#state.kind === 'waiting') {
      clearTimeout(this.#state.timer);
      requests.unshift(this.#state.request);
    }
    this.#state = { kind: 'closed', error };
    for (const request of requests) request.reject(error);
    this.#streams.writable.destroy();
    this.#streams.readable.destroy();
    this.#markClosed?.();
  }
}

/** `O` and pairs of hex digits; `OK` has the same first letter. */
function isOutput(data: Uint8Array): boolean {
  return /^O(?:[0-9a-fA-F]{2})*$/.test(asciiText(data));
}
