/** The terminal of a program that was started for a client, which is sent what the program prints (pty(7)). */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { openTerminal } from '../../../core/index.js';

const chunkBytes = 0x4000;

export class PseudoTerminal {
  /** Path of the program's side. */
  readonly path: string;
  /** Where output goes. */
  sink: (output: Uint8Array) => void;
  readonly #fd: number;
  /** The program's side: as long as it is open here, too, the program may close it without a hangup. */
  readonly #programFd: number;
  readonly #stream: ReadStream;
  #isOpen = true;

  constructor(sink: (output: Uint8Array) => void) {
    const { fd, path } = openTerminal();
    this.path = path;
    this.sink = sink;
    this.#fd = fd;
    this.#programFd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    this.#stream = new ReadStream(fd);
    this.#stream.on('data', (output: Uint8Array) => this.sink(Uint8Array.from(output)));
    this.#stream.on('error', () => this.close());
    this.#stream.unref();
  }

  /** Gives what has been printed and not been heard of by events. */
  drain(): void {
    const chunk = new Uint8Array(chunkBytes);
    while (this.#isOpen) {
      const length = this.#readInto(chunk);
      if (length === 0) return;
      this.sink(chunk.slice(0, length));
    }
  }

  /** Types; false: the program's side is full, or gone. */
  type(input: Uint8Array): boolean {
    if (!this.#isOpen) return false;
    try {
      return writeSync(this.#fd, input) === input.length;
    } catch {
      return false;
    }
  }

  /** Bytes that are there at once: none (EAGAIN) are 0. */
  #readInto(chunk: Uint8Array): number {
    try {
      return readSync(this.#fd, chunk);
    } catch {
      return 0;
    }
  }

  /** The program has ended: what it printed last is given. */
  close(): void {
    this.drain();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#programFd);
    this.#stream.destroy();
  }
}
