/** Looks a name up among the symbols that a loaded object exports, by the hash table its loader uses. */
import { type DynamicSection, dynamicAddress, dynamicTags, readDynamicSection } from './dynamic-section.js';
import { type ProgramReader, pointerOf } from './program-reader.js';

/** A loaded object: how much it was moved, and where its dynamic section is. */
export interface LoadedImage {
  readonly loadBias: bigint;
  /** Address of the dynamic section; 0n: it has none. */
  readonly dynamic: bigint;
}

/** Elf32_Sym and Elf64_Sym. */
const symbolLayouts = {
  4: { valueOffset: 4, sectionOffset: 14, sizeBytes: 16 },
  8: { valueOffset: 8, sectionOffset: 6, sizeBytes: 24 },
} as const;

const undefinedSection = 0;
/** Bounds the walk along a chain that is damaged. */
const maxChain = 4096;

interface SymbolTables {
  readonly strings: bigint;
  readonly symbols: bigint;
  readonly loadBias: bigint;
}

/**
 * Address of the symbol that the object defines under this name, whatever its version; undefined when it defines none.
 * @throws OutstepError MEMORY
 */
export function lookUpSymbol(reader: ProgramReader, image: LoadedImage, name: string): bigint | undefined {
  if (image.dynamic === 0n) return undefined;
  const section = readDynamicSection(reader, image.dynamic);
  const { loadBias } = image;
  const strings = dynamicAddress(section, dynamicTags.stringTable, loadBias);
  const symbols = dynamicAddress(section, dynamicTags.symbolTable, loadBias);
  if (strings === undefined || symbols === undefined) return undefined;
  for (const index of candidates(reader, section, loadBias, name)) {
    const value = definedValue(reader, { strings, symbols, loadBias }, index, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function candidates(
  reader: ProgramReader,
  section: DynamicSection,
  loadBias: bigint,
  name: string,
): Iterable<number> {
  const gnuHash = dynamicAddress(section, dynamicTags.gnuHash, loadBias);
  if (gnuHash !== undefined) return gnuHashChain(reader, gnuHash, name);
  const hash = dynamicAddress(section, dynamicTags.hash, loadBias);
  return hash === undefined ? [] : systemVHashChain(reader, hash, name);
}

/** Value of symbol `index` if it is defined and bears the name. */
function definedValue(
  reader: ProgramReader,
  tables: SymbolTables,
  index: number,
  name: string,
): bigint | undefined {
  const layout = symbolLayouts[reader.pointerBytes];
  const view = reader.view(tables.symbols + BigInt(index * layout.sizeBytes), layout.sizeBytes);
  if (view.getUint16(layout.sectionOffset, true) === undefinedSection) return undefined;
  const found = reader.text(tables.strings + BigInt(view.getUint32(0, true)), name.length + 1);
  if (found !== name) return undefined;
  return tables.loadBias + pointerOf(view, layout.valueOffset, reader.pointerBytes);
}

/** Hash of DT_GNU_HASH (Bernstein's, times 33). */
function gnuHashOf(name: string): number {
  let hash = 5381;
  for (const byte of new TextEncoder().encode(name)) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/** Hash of DT_HASH (System V ABI, chapter 5). */
function systemVHashOf(name: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

/** Words: bucket count, index of the first symbol, Bloom filter words, shift; then filter, buckets, chain. */
function* gnuHashChain(reader: ProgramReader, at: bigint, name: string): Generator<number> {
  const header = reader.view(at, 16);
  const bucketCount = header.getUint32(0, true);
  const firstSymbol = header.getUint32(4, true);
  const filterBytes = header.getUint32(8, true) * reader.pointerBytes;
  if (bucketCount === 0) return;
  const hash = gnuHashOf(name);
  const buckets = at + BigInt(16 + filterBytes);
  const chain = buckets + BigInt(bucketCount * 4);
  const first = reader.uint32(buckets + BigInt((hash % bucketCount) * 4));
  if (first < firstSymbol) return;
  for (let index = first; index < first + maxChain; index += 1) {
    const entry = reader.uint32(chain + BigInt((index - firstSymbol) * 4));
    // The lowest bit marks the end of the chain; the others are those of the hash.
    if (entry >>> 1 === hash >>> 1) yield index;
    if ((entry & 1) === 1) return;
  }
}

/** Words: bucket count, chain count, buckets, chain. */
function* systemVHashChain(reader: ProgramReader, at: bigint, name: string): Generator<number> {
  const bucketCount = reader.uint32(at);
  if (bucketCount === 0) return;
  const buckets = at + 8n;
  const chain = buckets + BigInt(bucketCount * 4);
  let index = reader.uint32(buckets + BigInt((systemVHashOf(name) % bucketCount) * 4));
  for (let length = 0; index !== 0 && length < maxChain; length += 1) {
    yield index;
    index = reader.uint32(chain + BigInt(index * 4));
  }
}
