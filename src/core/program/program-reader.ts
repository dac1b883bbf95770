/** Reads the words of a program's data structures; both supported machines are little-endian. */
import { errorCodes, OutstepError } from '../../base/errors.js';
import { type Address, address } from '../../base/ids.js';
import type { Evidence } from './evidence.js';

/** What the functions of this folder need of a process. */
export interface ProgramMemory {
  /** What could be read from the start; the length may be short, even 0. */
  read(at: Address, lengthBytes: number): Uint8Array;
}

/** Size of a pointer in bytes. */
export type PointerBytes = 4 | 8;

const textDecoder = new TextDecoder();

/** Every function throws OutstepError MEMORY where the program's memory cannot be read. */
export class ProgramReader {
  readonly #evidence: Evidence | undefined;

  /** `evidence` is given whatever is read. */
  constructor(
    readonly memory: ProgramMemory,
    readonly pointerBytes: PointerBytes,
    evidence?: Evidence,
  ) {
    this.#evidence = evidence;
  }

  bytes(at: bigint, lengthBytes: number): Uint8Array {
    const bytes = this.memory.read(address(at), lengthBytes);
    if (bytes.length < lengthBytes) {
      throw new OutstepError(errorCodes.MEMORY, `cannot read ${lengthBytes} bytes at 0x${at.toString(16)}`);
    }
    this.#evidence?.add(at, bytes);
    return bytes;
  }

  view(at: bigint, lengthBytes: number): DataView {
    return viewOf(this.bytes(at, lengthBytes));
  }

  uint32(at: bigint): number {
    return this.view(at, 4).getUint32(0, true);
  }

  pointer(at: bigint): bigint {
    return pointerOf(this.view(at, this.pointerBytes), 0, this.pointerBytes);
  }

  /** Text up to a NUL, or to `maxBytes`, or to the end of what can be read. */
  text(at: bigint, maxBytes: number): string {
    const bytes = this.memory.read(address(at), maxBytes);
    const end = bytes.indexOf(0);
    if (end < 0 && bytes.length < maxBytes) this.#evidence?.addUnreadable();
    this.#evidence?.add(at, end < 0 ? bytes : bytes.subarray(0, end + 1));
    return textDecoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function pointerOf(view: DataView, offset: number, pointerBytes: PointerBytes): bigint {
  return pointerBytes === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
}
