/** As much of a debugger as the demonstration needs: one packet goes out, one comes back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { asciiBytes, asciiText, encodePacket, FrameDecoder } from 'gdb-js-rsp-parser';

export class DemoClient implements Disposable {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: 0x20000 });
  #answer: { resolve(data: string): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#answer?.reject(error));
    socket.on('close', () => this.#answer?.reject(new Error('the server has closed the connection')));
  }

  static async connect(port: number): Promise<DemoClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new DemoClient(socket);
  }

  /** The data of the packet that answers. @throws Error when the server answers with an error or not at all */
  async request(data: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
    this.#socket.write(encodePacket(asciiBytes(data)));
    const text = await answer;
    if (/^E(?:[0-9a-f]{2}$|\.)/.test(text)) throw new Error(`the server refuses ${data}: ${text}`);
    return text;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    for (const frame of this.#decoder.push(chunk)) {
      if (frame.kind !== 'packet') continue;
      this.#socket.write('+');
      this.#answer?.resolve(asciiText(frame.data));
    }
  }
}
