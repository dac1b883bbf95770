/** A client that sends packets without acknowledgements, over a socket. */
import { asciiBytes, asciiText, encodePacket, FrameDecoder } from 'gdb-js-rsp-parser';
import { bounded } from '../support/bounded.js';
import type { SocketClient } from '../support/raw-client.js';

/** What GDB says of itself, as far as it matters here. */
export const features =
  'qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386;qRelocInsn+';
const replyTimeoutMs = 20_000;

/** Sends packets without acknowledgements, as a client does that is to be answered in native code. */
export class PlainClient {
  readonly #socket: SocketClient['socket'];
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: 1 << 20 });
  readonly #replies: string[] = [];
  #wake: () => void = () => undefined;

  constructor({ socket }: SocketClient) {
    this.#socket = socket;
    socket.removeAllListeners('data');
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => {
      for (const frame of this.#decoder.push(chunk))
        if (frame.kind === 'packet') this.#replies.push(asciiText(frame.data));
      this.#wake();
    });
  }

  /** All at once; the replies in order. */
  async ask(packets: readonly string[]): Promise<string[]> {
    this.#socket.write(packets.map((packet) => asciiText(encodePacket(asciiBytes(packet)))).join(''));
    while (this.#replies.length < packets.length) {
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await bounded(news, replyTimeoutMs, () => `answers to ${packets.join(' ')}`);
    }
    return this.#replies.splice(0);
  }
}
