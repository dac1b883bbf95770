/** A client that has sent the beginning of a packet and then nothing: it is not waited for without end. */

/** How long the rest of a packet may take from one byte to the next, unless the server is told otherwise. */
const usualLimitMs = 60_000;

export class StalledPacket {
  readonly #limitMs: number;
  readonly #onStall: (limitMs: number) => void;
  #hasEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param limitMs undefined: as usual */
  constructor(limitMs: number | undefined, onStall: (limitMs: number) => void) {
    this.#limitMs = limitMs ?? usualLimitMs;
    this.#onStall = onStall;
  }

  /** Something has come. `isInside`: it ends in the midst of a packet. */
  heard(isInside: boolean): void {
    if (this.#timer === undefined && !isInside) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!isInside || this.#hasEnded) return;
    this.#timer = setTimeout(() => this.#onStall(this.#limitMs), this.#limitMs);
    this.#timer.unref();
  }

  /** Nothing more comes. */
  end(): void {
    this.#hasEnded = true;
    this.heard(false);
  }
}
