/** The traceframes of a run, oldest first, in a buffer of a fixed size that is a ring when the client wants it. */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import type { Traceframe } from './traceframe.js';

/** What GNU gdbserver has. */
const defaultSizeBytes = 5 << 20;
/** The frames are in this program's memory. */
const largestSizeBytes = 1 << 30;

/** Behind the last frame of a trace file stands a tracepoint number 0 and a length: its room is never given away. */
const endMarkBytes = 6;

/** A frame, and how many bytes were stored before it since the buffer was cleared. */
interface StoredFrame {
  readonly frame: Traceframe;
  readonly position: number;
}

export class TraceBuffer {
  isCircular = false;
  #sizeBytes = defaultSizeBytes;
  #frames: StoredFrame[] = [];
  /** Frames at the beginning of the list that were given up; the list is cut now and then. */
  #dropped = 0;
  #endPosition = 0;
  #createdCount = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get usedBytes(): number {
    return this.#endPosition - this.#startPosition;
  }

  get frameCount(): number {
    return this.#frames.length - this.#dropped;
  }

  /** Frames that were ever stored since the buffer was cleared. */
  get createdCount(): number {
    return this.#createdCount;
  }

  /** Undefined: the default. What was collected is lost. @throws OutstepError UNSUPPORTED */
  resize(sizeBytes = defaultSizeBytes): void {
    if (sizeBytes > largestSizeBytes) {
      const limits = `a trace buffer of ${sizeBytes} bytes is too large; at most ${largestSizeBytes} are possible`;
      throw new OutstepError(errorCodes.UNSUPPORTED, limits);
    }
    this.#sizeBytes = sizeBytes;
    this.clear();
  }

  clear(): void {
    this.#frames = [];
    this.#dropped = 0;
    this.#endPosition = 0;
    this.#createdCount = 0;
  }

  /** False: there is no room for it. A ring gives up its oldest frames first. */
  add(frame: Traceframe): boolean {
    const room = this.#sizeBytes - endMarkBytes - frame.bytes.length;
    if (room < 0) return false;
    while (this.usedBytes > room) {
      if (!this.isCircular) return false;
      this.#dropped += 1;
    }
    this.#cut();
    this.#frames.push({ frame, position: this.#endPosition });
    this.#endPosition += frame.bytes.length;
    this.#createdCount += 1;
    return true;
  }

  /** Frames are numbered from the oldest that is left. */
  frame(index: number): Traceframe | undefined {
    return index < 0 ? undefined : this.#frames[this.#dropped + index]?.frame;
  }

  /** How many frames were given up before the oldest that is left. */
  get givenUpCount(): number {
    return this.#createdCount - this.frameCount;
  }

  /**
   * At most `lengthBytes` of the frames one behind the other; empty at their end, undefined behind it.
   */
  read(offset: number, lengthBytes: number): Uint8Array | undefined {
    if (offset > this.usedBytes) return undefined;
    const piece = new Uint8Array(Math.min(lengthBytes, this.usedBytes - offset));
    const start = this.#startPosition + offset;
    let filled = 0;
    for (let index = this.#indexAt(start); filled < piece.length; index += 1) {
      const stored = this.#frames[index];
      if (stored === undefined) break;
      const from = start + filled - stored.position;
      const bytes = stored.frame.bytes.subarray(from, from + piece.length - filled);
      piece.set(bytes, filled);
      filled += bytes.length;
    }
    return piece;
  }

  get #startPosition(): number {
    return this.#frames[this.#dropped]?.position ?? this.#endPosition;
  }

  /** Index in the list of the frame that holds a position. */
  #indexAt(position: number): number {
    let low = this.#dropped;
    let high = this.#frames.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#frames[middle]?.position ?? Number.POSITIVE_INFINITY) <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  #cut(): void {
    if (this.#dropped < 1024 || this.#dropped * 2 < this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#dropped);
    this.#dropped = 0;
  }
}
