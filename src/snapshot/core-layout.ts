/** The form of a core file: an ELF file of notes and of memory, elf(5), core(5). */
import { littleEndian } from '../base/byte-order.js';

export interface CoreSegment {
  readonly start: bigint;
  readonly memoryBytes: bigint;
  /** How much of it is in the file. */
  readonly fileBytes: bigint;
  /** PF_* bits. */
  readonly flags: number;
}

export interface CoreLayout {
  /** What stands in front of the memory. */
  readonly head: Uint8Array;
  /** Where each segment's memory begins in the file. */
  readonly offsets: readonly number[];
  readonly fileBytes: number;
}

export interface CoreMachine {
  readonly elfClass: 1 | 2;
  readonly elfMachine: number;
}

const sizes = {
  1: { header: 52, segment: 32, section: 40 },
  2: { header: 64, segment: 56, section: 64 },
} as const;
const types = { core: 4, load: 1, note: 4 } as const;
/** PN_XNUM: the number does not fit, and stands in the first section's header. */
const tooManySegments = 0xffff;

/** @param pageBytes what segments are aligned to */
export function coreLayout(
  { elfClass, elfMachine }: CoreMachine,
  notes: Uint8Array,
  segments: readonly CoreSegment[],
  pageBytes: number,
): CoreLayout {
  const size = sizes[elfClass];
  const count = segments.length + 1;
  const hasSection = count >= tooManySegments;
  const notesAt = size.header + count * size.segment + (hasSection ? size.section : 0);
  const memoryAt = Math.ceil((notesAt + notes.length) / pageBytes) * pageBytes;
  const offsets: number[] = [];
  let end = memoryAt;
  for (const { fileBytes } of segments) {
    offsets.push(end);
    end += Number(fileBytes);
  }
  const head = new Uint8Array(memoryAt);
  const write = new Writer(head, elfClass);
  write.raw([0x7f, 0x45, 0x4c, 0x46, elfClass, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  write.half(types.core).half(elfMachine).int(1);
  // No entry; segments come next; sections only to say how many segments there are.
  const sectionsAt = hasSection ? size.header + count * size.segment : 0;
  write.word(0).word(size.header).word(sectionsAt).int(0);
  write
    .half(size.header)
    .half(size.segment)
    .half(hasSection ? tooManySegments : count);
  write
    .half(hasSection ? size.section : 0)
    .half(hasSection ? 1 : 0)
    .half(0);
  write.segment({
    type: types.note,
    flags: 0,
    offset: notesAt,
    start: 0n,
    fileBytes: BigInt(notes.length),
    memoryBytes: 0n,
    align: 4,
  });
  for (const [index, segment] of segments.entries())
    write.segment({ ...segment, type: types.load, offset: offsets[index] ?? 0, align: pageBytes });
  if (hasSection) write.int(0).int(0).word(0).word(0).word(0).word(1).int(0).int(count).word(0).word(0);
  head.set(notes, notesAt);
  return { head, offsets, fileBytes: end };
}

interface SegmentRow {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly start: bigint;
  readonly fileBytes: bigint;
  readonly memoryBytes: bigint;
  readonly align: number;
}

class Writer {
  readonly #into: Uint8Array;
  readonly #elfClass: 1 | 2;
  #position = 0;

  constructor(into: Uint8Array, elfClass: 1 | 2) {
    this.#into = into;
    this.#elfClass = elfClass;
  }

  raw(bytes: ArrayLike<number>): this {
    this.#into.set(bytes, this.#position);
    this.#position += bytes.length;
    return this;
  }

  half(value: number): this {
    return this.raw(littleEndian(BigInt(value), 2));
  }

  int(value: number): this {
    return this.raw(littleEndian(BigInt(value), 4));
  }

  word(value: number | bigint): this {
    return this.raw(littleEndian(BigInt(value), this.#elfClass === 1 ? 4 : 8));
  }

  segment({ type, flags, offset, start, fileBytes, memoryBytes, align }: SegmentRow): void {
    const isWide = this.#elfClass === 2;
    this.int(type);
    if (isWide) this.int(flags);
    this.word(offset).word(start).word(0).word(fileBytes).word(memoryBytes);
    if (!isWide) this.int(flags);
    this.word(align);
  }
}
