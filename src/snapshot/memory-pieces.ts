/** Copies of parts of a process's memory. */

import { numberOf } from '../base/byte-order.js';
import type { StackMemory } from '../debug-info/index.js';

/** Memory that was copied, from an address on. */
export interface MemoryPiece {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

export class MemoryPieces implements StackMemory {
  readonly #pieces: readonly MemoryPiece[];

  constructor(pieces: readonly MemoryPiece[]) {
    this.#pieces = pieces;
  }

  /** undefined: not all of it was copied. */
  read(address: bigint, lengthBytes: number): Uint8Array | undefined {
    for (const piece of this.#pieces) {
      const offset = address - piece.address;
      if (offset < 0n || offset + BigInt(lengthBytes) > BigInt(piece.bytes.length)) continue;
      return piece.bytes.subarray(Number(offset), Number(offset) + lengthBytes);
    }
    return undefined;
  }

  word(address: bigint, lengthBytes: number): bigint | undefined {
    const bytes = this.read(address, lengthBytes);
    return bytes && numberOf(bytes);
  }
}
