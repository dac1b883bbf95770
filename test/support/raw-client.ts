/** A client that speaks packets over any byte stream and knows nothing more: for tests of connections. */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { asciiBytes, asciiText, encodePacket, FrameDecoder } from 'gdb-js-rsp-parser';
import { bounded } from './bounded.js';

const timeoutMs = 10_000;

export class RawClient {
  readonly #output: Writable;
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: 0x10000 });
  readonly #replies: string[] = [];
  readonly #waiting: ((reply: string) => void)[] = [];

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    input.on('data', (chunk: Uint8Array) => this.#receive(chunk));
  }

  /** Sends one packet and waits for one: the reply, or a stop reply. */
  request(data: string): Promise<string> {
    this.send(data);
    return this.next(data);
  }

  send(data: string): void {
    this.#output.write(encodePacket(asciiBytes(data)));
  }

  /** The next packet; @param what for the failure's message. */
  next(what: string): Promise<string> {
    const present = this.#replies.shift();
    if (present !== undefined) return Promise.resolve(present);
    const reply = new Promise<string>((resolve) => this.#waiting.push(resolve));
    return bounded(reply, timeoutMs, () => `an answer to ${what}`);
  }

  /** Whether a packet has come that nobody asked for yet. */
  get hasReply(): boolean {
    return this.#replies.length > 0;
  }

  #receive(chunk: Uint8Array): void {
    for (const frame of this.#decoder.push(chunk)) {
      if (frame.kind !== 'packet') continue;
      this.#output.write('+');
      const reply = asciiText(frame.data);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#replies.push(reply);
      else waiting(reply);
    }
  }
}

export interface SocketClient extends Disposable {
  readonly client: RawClient;
  readonly socket: Socket;
}

export async function connectRaw(where: NetConnectOpts): Promise<SocketClient> {
  const socket = connect(where);
  await bounded(once(socket, 'connect'), timeoutMs, () => `a connection to ${JSON.stringify(where)}`);
  socket.on('error', () => socket.destroy());
  return { client: new RawClient(socket, socket), socket, [Symbol.dispose]: () => socket.destroy() };
}
