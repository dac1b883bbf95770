/** The dynamic section of an executable or library, as it lies in the program's memory (elf(5), <elf.h>). */
import type { ProgramReader } from './program-reader.js';

/** Tags, <elf.h>. */
export const dynamicTags = {
  null: 0n,
  hash: 4n,
  stringTable: 5n,
  symbolTable: 6n,
  symbolBytes: 11n,
  debug: 21n,
  gnuHash: 0x6ffffef5n,
} as const;

/** More entries than any linker writes; bounds the walk over a section whose end is damaged. */
const maxEntries = 512;

export type DynamicSection = ReadonlyMap<bigint, bigint>;

/** Tag, and address of the value, of each entry before the last. @throws OutstepError MEMORY */
function* entriesOf(reader: ProgramReader, at: bigint): Generator<readonly [bigint, bigint]> {
  const { pointerBytes } = reader;
  for (let index = 0; index < maxEntries; index += 1) {
    const entry = at + BigInt(index * 2 * pointerBytes);
    const tag = reader.pointer(entry);
    if (tag === dynamicTags.null) return;
    yield [tag, entry + BigInt(pointerBytes)];
  }
}

/** Tag to value; of a tag that comes twice the first. @throws OutstepError MEMORY */
export function readDynamicSection(reader: ProgramReader, at: bigint): DynamicSection {
  const entries = new Map<bigint, bigint>();
  for (const [tag, value] of entriesOf(reader, at))
    if (!entries.has(tag)) entries.set(tag, reader.pointer(value));
  return entries;
}

/** Where the value of the first entry with a tag lies; undefined: there is none. @throws OutstepError MEMORY */
export function dynamicValueAddress(reader: ProgramReader, at: bigint, wanted: bigint): bigint | undefined {
  for (const [tag, value] of entriesOf(reader, at)) if (tag === wanted) return value;
  return undefined;
}

/**
 * Address that an entry points to. glibc's loader relocates most of these values in place, musl's none, and nobody
 * those of the vDSO; a value below the load bias cannot have been relocated.
 */
export function dynamicAddress(section: DynamicSection, tag: bigint, loadBias: bigint): bigint | undefined {
  const value = section.get(tag);
  if (value === undefined) return undefined;
  return value < loadBias ? value + loadBias : value;
}
