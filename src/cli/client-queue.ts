/** Those who connect to a listening socket. */
import { nativeBinding } from '../native/binding.js';
import type { NativeSocket, SocketAddress } from '../native/binding-types.js';

/** A client that has been accepted, and its descriptor, which is the receiver's to close. */
export type AcceptedClient = SocketAddress & { readonly fd: number };

export class ClientQueue implements AsyncIterable<AcceptedClient> {
  readonly #socket: NativeSocket;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** Takes over a listening socket. Who waits there waits in the kernel. */
  constructor(listeningFd: number) {
    this.#socket = new (nativeBinding().Socket)(listeningFd, false, () => this.#wake?.());
  }

  /** The clients in the order in which they came; the next one is accepted when it is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<AcceptedClient> {
    while (!this.#isClosed) {
      const client = this.#socket.accept();
      if (client === undefined) await this.#arrival();
      else yield client;
    }
  }

  /** Takes no more connections and sends away who waits; the client that is being served stays. */
  close(): void {
    this.#isClosed = true;
    this.#socket.close();
    this.#wake?.();
  }

  async #arrival(): Promise<void> {
    this.#socket.watch(true, false);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    this.#socket.watch(false, false);
  }
}
