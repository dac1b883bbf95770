/**
 * The execve(2) by which a launched program came to be, of which nobody could be told: read off what the kernel has put on
 * the stack of the new program (System V psABI, "Process Initialization").
 */
import type { SystemCallTable } from '../../../arch/system-call-table.js';
import type { MemoryView } from './decode/memory-view.js';

/** AT_EXECFN, <linux/auxvec.h>: the path as it was given. */
const pathKey = 31n;
/** Of arguments, variables and facts together; ARG_MAX is less. */
const mostWords = 1 << 20;
const wordsPerRead = 256;

/** The three arguments, as addresses in the new program; undefined: the stack does not look like that. */
export function executedWith(
  memory: MemoryView,
  { abi }: SystemCallTable,
  stackPointer: bigint,
): readonly bigint[] | undefined {
  const words = new Words(memory, abi.longBytes, stackPointer);
  const count = words.at(0);
  if (count === undefined || count > mostWords) return undefined;
  const firstVariable = Number(count) + 2;
  let at = firstVariable;
  while (words.at(at) !== 0n) {
    if (words.at(at) === undefined || at > mostWords) return undefined;
    at += 1;
  }
  for (let fact = at + 1; fact < mostWords; fact += 2) {
    const key = words.at(fact);
    if (key === pathKey)
      return [words.at(fact + 1) ?? 0n, words.addressOf(1), words.addressOf(firstVariable)];
    if (key === undefined || key === 0n) return undefined;
  }
  return undefined;
}

class Words {
  readonly #memory: MemoryView;
  readonly #bytesEach: 4 | 8;
  readonly #start: bigint;
  readonly #blocks = new Map<number, DataView | undefined>();

  constructor(memory: MemoryView, bytesEach: 4 | 8, start: bigint) {
    this.#memory = memory;
    this.#bytesEach = bytesEach;
    this.#start = start;
  }

  addressOf(index: number): bigint {
    return this.#start + BigInt(index * this.#bytesEach);
  }

  at(index: number): bigint | undefined {
    const block = this.#block(Math.floor(index / wordsPerRead));
    const offset = (index % wordsPerRead) * this.#bytesEach;
    if (block === undefined || offset + this.#bytesEach > block.byteLength) return undefined;
    return this.#bytesEach === 8 ? block.getBigUint64(offset, true) : BigInt(block.getUint32(offset, true));
  }

  #block(number: number): DataView | undefined {
    if (!this.#blocks.has(number)) {
      const bytes = this.#memory.upTo(this.addressOf(number * wordsPerRead), wordsPerRead * this.#bytesEach);
      this.#blocks.set(number, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    }
    return this.#blocks.get(number);
  }
}
