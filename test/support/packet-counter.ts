/**
 * Stands between lldb and a server, and counts what lldb asks for. `mark` is a command of lldb's that begins the next
 * count.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { asciiText, FrameDecoder } from 'gdb-js-rsp-parser';

const markPrefix = 'qEcho:';

export class PacketCounter implements AsyncDisposable {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #packets = new Map<string, string[]>([['start', []]]);
  #current = 'start';

  private constructor(serverPort: number) {
    this.#listener = createServer((client) => this.#join(client, serverPort));
  }

  static async start(serverPort: number): Promise<PacketCounter> {
    const counter = new PacketCounter(serverPort);
    counter.#listener.listen(0, '127.0.0.1');
    await once(counter.#listener, 'listening');
    return counter;
  }

  get connect(): string {
    const address = this.#listener.address();
    return `gdb-remote localhost:${address !== null && typeof address === 'object' ? address.port : 0}`;
  }

  mark(name: string): string {
    return `process plugin packet send ${markPrefix}${name}`;
  }

  /** What was asked for behind a mark, up to the next one; `start` is in front of all. */
  packets(name: string): readonly string[] {
    return this.#packets.get(name) ?? [];
  }

  #join(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1');
    const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: 1 << 24 });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      // Either side may be gone before the other one has said all.
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk: Uint8Array) => {
      for (const frame of decoder.push(chunk)) if (frame.kind === 'packet') this.#note(asciiText(frame.data));
    });
    client.pipe(server);
    server.pipe(client);
  }

  #note(packet: string): void {
    if (packet.startsWith(markPrefix)) {
      this.#current = packet.slice(markPrefix.length);
      this.#packets.set(this.#current, []);
    } else {
      this.#packets.get(this.#current)?.push(packet);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
    await once(this.#listener, 'close');
  }
}
