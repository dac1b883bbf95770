/** The memory that a debugger reads first of stopped threads: sent with the stop, it need not be asked for. */
import { numberOf } from '../../../base/byte-order.js';
import { address } from '../../../base/ids.js';
import type { Process, Thread } from '../../../core/index.js';

export interface MemoryPiece {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** What a leaf function may use below its stack pointer (the red zone of the System V ABI for AMD64, 3.2.2). */
const belowStackBytes = 128n;
/** Nearly all that unwinding a few frames takes. */
const stackBytes = 2048;
/** Frames that are looked for behind that, by the chain of their frame pointers. */
const mostFrames = 16;

function pointerOf(thread: Thread, role: 'sp' | 'fp'): bigint {
  return numberOf(thread.lastRegister(thread.process.registerFile.byRole(role)) ?? new Uint8Array());
}

/** Goes up one stack: what is known of it, and the frame that is looked at next. */
class StackWalk {
  readonly pieces: MemoryPiece[] = [];
  readonly #pointerBytes: number;
  readonly #stack: MemoryPiece;
  #frame: bigint;
  /** Frames lie above each other; what does not is no frame. */
  #below: bigint;
  #count = 0;

  constructor(thread: Thread, stack: MemoryPiece) {
    this.#pointerBytes = thread.process.arch.pointerBytes;
    this.#stack = stack;
    this.#frame = pointerOf(thread, 'fp');
    this.#below = pointerOf(thread, 'sp');
    if (stack.bytes.length > 0) this.pieces.push(stack);
    else this.#count = mostFrames;
  }

  /** A pair of frame pointer and return address. */
  get pairBytes(): number {
    return 2 * this.#pointerBytes;
  }

  /** Goes through what is known. @returns where the next pair has to be read; undefined: there is none */
  advance(): bigint | undefined {
    while (this.#count < mostFrames && this.#frame >= this.#below) {
      const offset = Number(this.#frame - this.#stack.address);
      const pair = this.#stack.bytes.subarray(offset, offset + this.pairBytes);
      if (offset < 0 || pair.length < this.pairBytes) return this.#frame;
      this.#take(pair);
    }
    return undefined;
  }

  /** What was read there, which ends the walk when it is not whole. */
  add(pair: Uint8Array): void {
    if (pair.length < this.pairBytes) this.#count = mostFrames;
    else {
      this.pieces.push({ address: this.#frame, bytes: pair });
      this.#take(pair);
    }
  }

  #take(pair: Uint8Array): void {
    this.#count += 1;
    this.#below = this.#frame + BigInt(this.pairBytes);
    this.#frame = numberOf(pair.subarray(0, this.#pointerBytes));
  }
}

/**
 * For each thread the piece around its stack pointer, and the pairs of frame pointer and return address that lie above
 * it. All stacks are read together.
 * @param threads stopped ones of the process
 */
export function stackMemories(
  { memory }: Process,
  threads: readonly Thread[],
): readonly (readonly MemoryPiece[])[] {
  const starts = threads.map((thread) => {
    const sp = pointerOf(thread, 'sp');
    return address(sp > belowStackBytes ? sp - belowStackBytes : 0n);
  });
  const stacks = memory.readMany(starts.map((start) => ({ address: start, lengthBytes: stackBytes })));
  const walks = threads.map((thread, index) => {
    const bytes = stacks[index] ?? new Uint8Array();
    return new StackWalk(thread, { address: starts[index] ?? 0n, bytes });
  });
  for (;;) {
    const wanted = walks.flatMap((walk) => {
      const at = walk.advance();
      return at === undefined ? [] : [{ walk, address: address(at), lengthBytes: walk.pairBytes }];
    });
    if (wanted.length === 0) return walks.map(({ pieces }) => pieces);
    for (const [index, pair] of memory.readMany(wanted).entries()) wanted[index]?.walk.add(pair);
  }
}
