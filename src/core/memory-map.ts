/** What is mapped where in a process, and memory that clients have it map for themselves (mmap(2), proc(5) "maps"). */
import { errorCodes, OutstepError } from '../base/errors.js';
import { type Address, address } from '../base/ids.js';
import type { AddressSpace } from './address-space.js';
import { type Mapping, mappings } from './proc.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** A mapping, or the room between two. */
export type MemoryRegion =
  | ({ readonly kind: 'mapping' } & Mapping)
  | { readonly kind: 'gap'; readonly start: bigint; readonly end: bigint };

/** What may be done with memory, PROT_* of <asm-generic/mman-common.h>. */
export const protections = { read: 1n, write: 2n, execute: 4n } as const;

/** MAP_PRIVATE | MAP_ANONYMOUS, <asm-generic/mman.h>. */
const mapFlags = 0x2n | 0x20n;
const minusOne = (1n << 64n) - 1n;
const addressSpaceEnd = 1n << 64n;

export class MemoryMap {
  readonly #space: AddressSpace;
  /** Mapped for a client: lengths in bytes. */
  readonly #allocated = new Map<bigint, bigint>();
  #mappings: readonly Mapping[] = [];
  /** When `#mappings` was read; the same again: nothing can have changed. */
  #readAt = '';

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** Mappings in ascending order; empty when the process is gone. */
  of(process: Process): readonly Mapping[] {
    const now = `${process.pid} ${process.runCount} ${this.#space.calls.count}`;
    if (now !== this.#readAt || this.#space.isShared || this.#space.anyRunning()) {
      this.#mappings = mappings(process.pid);
      this.#readAt = now;
    }
    return this.#mappings;
  }

  regionAt(process: Process, at: Address): MemoryRegion {
    const following = this.of(process).find(({ end }) => end > at);
    if (following === undefined) return { kind: 'gap', start: at, end: addressSpaceEnd };
    if (following.start > at) return { kind: 'gap', start: at, end: following.start };
    return { kind: 'mapping', ...following };
  }

  /**
   * New memory full of zeros, mapped by a stopped thread of the process.
   * @param protection of `protections`, together
   * @throws OutstepError WRONG_STATE, UNSUPPORTED, KERNEL_REFUSED
   */
  allocate(process: Process, lengthBytes: number, protection: bigint): Address {
    const { mmap } = process.arch.syscall.numbers;
    const length = BigInt(lengthBytes);
    const result = this.#call(process, 'mmap', mmap, [0n, length, protection, mapFlags, minusOne, 0n]);
    this.#allocated.set(result, length);
    return address(result);
  }

  /** Gives back what `allocate` gave. Errors as there, and MEMORY where it gave nothing. */
  free(process: Process, at: Address): void {
    const length = this.#allocated.get(at);
    if (length === undefined)
      throw new OutstepError(errorCodes.MEMORY, `nothing was allocated at 0x${at.toString(16)}`);
    this.#call(process, 'munmap', process.arch.syscall.numbers.munmap, [at, length]);
    this.#allocated.delete(at);
  }

  #call(process: Process, name: string, number: number, args: readonly bigint[]): bigint {
    const thread = this.#caller(process, name);
    const result = this.#space.calls.call(thread, number, args);
    if (result === undefined)
      throw new OutstepError(
        errorCodes.UNSUPPORTED,
        `cannot call ${name}: the process has no vDSO, or is gone`,
      );
    const errno = this.#space.calls.errorOf(result);
    if (errno === 0) return BigInt.asUintN(process.arch.pointerBytes * 8, result);
    const message = `${name}(2) was refused in process ${process.pid} with error ${errno}`;
    throw new OutstepError(errorCodes.KERNEL_REFUSED, message, { errno });
  }

  #caller(process: Process, name: string): Thread {
    const thread = process.threadForCalls();
    if (thread === undefined) {
      const message = `no thread of process ${process.pid} is stopped where it could call ${name}`;
      throw new OutstepError(errorCodes.WRONG_STATE, message);
    }
    if (process.caughtCalls.isFilteredByOthers(thread.tid))
      throw new OutstepError(
        errorCodes.UNSUPPORTED,
        `cannot call ${name}: a seccomp filter watches the calls`,
      );
    return thread;
  }
}
