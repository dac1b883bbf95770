/** Single registers of a thread's general regset, by their offset in it. */
import { littleEndian } from '../base/byte-order.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import type { Thread } from './thread.js';

const generalRegset = 'general';

/** The general registers of a stopped thread, as numbers. By offset: NT_PRSTATUS, <linux/elf.h>. */
export class GeneralRegisters {
  readonly #thread: Thread;
  /** What was read last, and a view of it. */
  #bytes: Uint8Array | undefined;
  #view = new DataView(new ArrayBuffer(0));

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  /** Of each register, and so of addresses. */
  get registerBytes(): 4 | 8 {
    return this.#thread.process.arch.general.registerBytes;
  }

  /** Unsigned. @throws OutstepError WRONG_STATE, NO_SUCH_THREAD */
  read(offset: number): bigint {
    const bytes = this.#all();
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.registerBytes === 8
      ? this.#view.getBigUint64(offset, true)
      : BigInt(this.#view.getUint32(offset, true));
  }

  /** What does not fit is cut off. @throws OutstepError WRONG_STATE, NO_SUCH_THREAD */
  write(offset: number, value: bigint): void {
    const bytes = this.#all().slice();
    bytes.set(littleEndian(BigInt.asUintN(this.registerBytes * 8, value), this.registerBytes), offset);
    this.#thread.writeRegset(generalRegset, bytes);
  }

  #all(): Uint8Array {
    const bytes = this.#thread.readRegset(generalRegset);
    if (bytes !== undefined) return bytes;
    const message = `cannot look at the registers of thread ${this.#thread.tid}: it is gone`;
    throw new OutstepError(errorCodes.NO_SUCH_THREAD, message);
  }
}
