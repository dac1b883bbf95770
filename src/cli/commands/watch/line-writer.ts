/**
 * Writes to a descriptor behind the tracer's back: a reader that is slow, or has stopped, must not stop the programs. What
 * does not fit into the queue is lost and counted.
 */
import { write } from 'node:fs';

const mostQueuedBytes = 8 << 20;
const retryMs = 5;

export class LineWriter {
  readonly #descriptor: number;
  readonly #mostBytes: number;
  readonly #lostText: (count: number) => string;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #isWriting = false;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  /** @param lostText what is written in the place of lost lines, without a line feed */
  constructor(descriptor: number, lostText: (count: number) => string, mostBytes = mostQueuedBytes) {
    this.#descriptor = descriptor;
    this.#lostText = lostText;
    this.#mostBytes = mostBytes;
  }

  /** Why nothing is written any more, as EPIPE. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Adds a line feed. */
  line(text: string): void {
    if (this.#failure !== undefined) return;
    if (this.#queuedBytes > this.#mostBytes) {
      this.#lost += 1;
      return;
    }
    this.#sayLost();
    this.#add(text);
  }

  /** Resolves when everything is written, or cannot be. */
  end(): Promise<void> {
    this.#sayLost();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#pump();
    });
  }

  #sayLost(): void {
    if (this.#lost === 0) return;
    const count = this.#lost;
    this.#lost = 0;
    this.#add(this.#lostText(count));
  }

  #add(text: string): void {
    const bytes = new TextEncoder().encode(`${text}\n`);
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  #pump(): void {
    if (this.#isWriting) return;
    if (this.#queue.length === 0 || this.#failure !== undefined) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    this.#isWriting = true;
    const bytes = joined(this.#queue);
    this.#queue = [];
    this.#write(bytes, 0);
  }

  #write(bytes: Uint8Array, from: number): void {
    write(this.#descriptor, bytes, from, bytes.length - from, null, (error, count) => {
      if (error !== null && 'code' in error && error.code === 'EAGAIN') {
        setTimeout(() => this.#write(bytes, from), retryMs);
        return;
      }
      if (error !== null) this.#failure = error;
      this.#queuedBytes -= error === null ? count : bytes.length - from;
      if (error === null && from + count < bytes.length) {
        this.#write(bytes, from + count);
        return;
      }
      this.#isWriting = false;
      this.#pump();
    });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
