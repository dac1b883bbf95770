/**
 * Where the thread-local variables of a loaded object lie for one thread, found as the program itself finds them:
 * thread pointer, dynamic thread vector (DTV), block of the object's TLS module ("ELF Handling For Thread-Local
 * Storage", U. Drepper). No libthread_db and no symbols of the client are needed.
 */
import { glibcBlock, glibcLayout } from './glibc-thread-local.js';
import { baseNamespace, type LinkMap, linkMaps, readLinkMap } from './link-map.js';
import { isMusl, muslBlock } from './musl-thread-local.js';
import { type ProgramHeaders, readProgramHeaders, segment, segmentTypes } from './program-headers.js';
import type { ProgramReader } from './program-reader.js';
import type { ThreadPointer } from './thread-pointer.js';

/**
 * Address of the byte `offset` of the object's block.
 * @param linkMap address of the object's link map; 0n: the executable, as clients ask for static programs
 * @returns undefined when the object has no thread-local variables, the thread has not yet allocated its block, or
 *   the C library is unknown
 * @throws OutstepError MEMORY when the program's data cannot be read
 */
export function threadLocalAddress(
  reader: ProgramReader,
  auxiliaryVector: Uint8Array,
  thread: ThreadPointer,
  linkMap: bigint,
  offset: bigint,
): bigint | undefined {
  if (thread.value === 0n) return undefined;
  const program = readProgramHeaders(reader, auxiliaryVector);
  const block =
    linkMap === 0n
      ? executableBlock(reader, program, thread)
      : dynamicBlock(reader, program, thread, linkMap);
  return block === undefined ? undefined : BigInt.asUintN(reader.pointerBytes * 8, block + offset);
}

/**
 * The executable's block has a fixed distance from the thread pointer, which the linker has put into its code
 * (local-exec model): below it, rounded up to the alignment, or above it behind a head of two words.
 */
export function executableBlock(
  reader: ProgramReader,
  program: ProgramHeaders,
  thread: ThreadPointer,
): bigint | undefined {
  const header = segment(program.headers, segmentTypes.threadLocal);
  if (header === undefined) return undefined;
  const align = header.align === 0n ? 1n : header.align;
  if (thread.variant === 2) return thread.value - roundUp(header.memoryBytes, align);
  return thread.value + roundUp(BigInt(2 * reader.pointerBytes), align);
}

function roundUp(value: bigint, align: bigint): bigint {
  return ((value + align - 1n) / align) * align;
}

function dynamicBlock(
  reader: ProgramReader,
  program: ProgramHeaders,
  thread: ThreadPointer,
  linkMap: bigint,
): bigint | undefined {
  const objects = objectsAround(reader, linkMap);
  if (isMusl(reader, program)) return muslBlock(reader, program, thread, objects, linkMap);
  const base = baseNamespace(reader, program);
  // A namespace of its own may have no C library; the layout is the same in all of them.
  const layout = glibcLayout(reader, objects) ?? glibcLayout(reader, base);
  if (layout !== undefined) return glibcBlock(reader, layout, thread, linkMap);
  // A static position-independent program has a link map and no dynamic symbols.
  return base[0]?.address === linkMap ? executableBlock(reader, program, thread) : undefined;
}

/** All objects of the namespace that a link map belongs to, found from any of them. */
function objectsAround(reader: ProgramReader, linkMap: bigint): readonly LinkMap[] {
  const seen = new Set<bigint>();
  let first = readLinkMap(reader, linkMap);
  while (first.prev !== 0n && !seen.has(first.prev)) {
    seen.add(first.prev);
    first = readLinkMap(reader, first.prev);
  }
  return [...linkMaps(reader, first.address, first.prev)];
}
