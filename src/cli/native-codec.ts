/** Large packets, encoded and decoded in native code. */
import type { BulkCodec, TakenData } from 'gdb-js-rsp-parser';
import { nativeBinding } from '../native/binding.js';

const framingBytes = 4;

export class NativeCodec implements BulkCodec {
  readonly #native = nativeBinding();
  /** Kept from one packet to the next. */
  #scratch = new Uint8Array(0);

  hexPacket(bytes: Uint8Array): Uint8Array {
    const scratch = this.#roomFor(bytes.length);
    return scratch.subarray(0, this.#native.encodeHexFrame(bytes, scratch));
  }

  binaryPacket(prefix: string, bytes: Uint8Array): Uint8Array {
    const scratch = this.#roomFor(prefix.length + bytes.length);
    return scratch.subarray(0, this.#native.encodeBinaryFrame(prefix, bytes, scratch));
  }

  takeData(bytes: Uint8Array, into: Uint8Array, at: number, isEscaped: boolean): TakenData {
    return this.#native.takeData(bytes, into, at, isEscaped);
  }

  #roomFor(dataBytes: number): Uint8Array {
    const neededBytes = 2 * dataBytes + framingBytes;
    if (this.#scratch.length < neededBytes) this.#scratch = new Uint8Array(neededBytes);
    return this.#scratch;
  }
}
