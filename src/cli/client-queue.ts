/** One client is served at a time; others that connect meanwhile wait, unread, until it has gone. */
import type { Server, Socket } from 'node:net';

export class ClientQueue implements AsyncIterable<Socket> {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #wake: (() => void) | undefined;

  /** @param server made with `pauseOnConnect` */
  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      // Someone who gives up while waiting must not end the server.
      socket.on('error', () => socket.destroy());
      this.#waiting.push(socket);
      this.#wake?.();
    });
  }

  /** The clients in the order in which they came; the next one is given out when it is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Socket> {
    while (this.#server.listening || this.#waiting.length > 0) {
      const socket = this.#waiting.shift();
      if (socket === undefined) await this.#arrival();
      else if (!socket.destroyed) yield socket;
    }
  }

  /** Takes no more connections and sends away who waits; the client that is being served stays. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    this.#wake?.();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
