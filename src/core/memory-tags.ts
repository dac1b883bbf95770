/** Tags of memory, which its granules have one each. */
import type { TaggedMemory } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError } from '../native/binding.js';
import type { Thread } from './thread.js';

/** One tag a byte, of every granule that the range touches; of an empty one, that of its address. @throws OutstepError MEMORY */
export function readMemoryTags(thread: Thread, address: bigint, lengthBytes: number): Uint8Array {
  const { start, count } = granules(thread, address, lengthBytes);
  const tags = transfer('read', address, () => thread.process.native.readTags(thread.tid, start, count));
  if (tags.length < count) throw noTags('read', address);
  return tags;
}

/** As `readMemoryTags`: `tags`, which are not none, over and over. @throws OutstepError MEMORY */
export function writeMemoryTags(
  thread: Thread,
  address: bigint,
  lengthBytes: number,
  tags: Uint8Array,
): void {
  const { start, count, tagMask } = granules(thread, address, lengthBytes);
  const all = Uint8Array.from({ length: count }, (_, index) => (tags[index % tags.length] ?? 0) & tagMask);
  const written = transfer('write', address, () => thread.process.native.writeTags(thread.tid, start, all));
  if (written < count) throw noTags('write', address);
}

/** Whether memory at an address has tags. */
export function hasMemoryTags(thread: Thread, address: bigint): boolean {
  if (thread.process.taggedMemory === undefined) return false;
  try {
    return readMemoryTags(thread, address, 0).length > 0;
  } catch (error) {
    if (error instanceof OutstepError && error.code === errorCodes.MEMORY) return false;
    throw error;
  }
}

function granules(
  { process }: Thread,
  address: bigint,
  lengthBytes: number,
): { readonly start: bigint; readonly count: number; readonly tagMask: TaggedMemory['tagMask'] } {
  const { taggedMemory, arch } = process;
  if (taggedMemory === undefined)
    throw new OutstepError(errorCodes.UNSUPPORTED, 'this machine tags no memory');
  const size = BigInt(taggedMemory.granuleBytes);
  const plain = address & arch.addressMask;
  const start = plain - (plain % size);
  const end = plain + BigInt(Math.max(lengthBytes, 1));
  return { start, count: Number((end - start + size - 1n) / size), tagMask: taggedMemory.tagMask };
}

function transfer<Result>(what: string, address: bigint, task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    throw isNativeError(error) ? noTags(what, address, error) : error;
  }
}

function noTags(what: string, address: bigint, cause?: unknown): OutstepError {
  const where = `0x${address.toString(16)}`;
  return new OutstepError(
    errorCodes.MEMORY,
    `cannot ${what} tags of memory at ${where}: it has none there, or is not mapped with PROT_MTE`,
    { cause },
  );
}
