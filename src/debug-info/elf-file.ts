/** What an ELF file says of itself: segments and sections, <elf.h>, elf(5). Little-endian files only. */
import { errorCodes, OutstepError } from '../base/errors.js';
import { ByteReader } from './byte-reader.js';

/** A file, or bytes that stand for one. */
export interface ByteSource {
  readonly name: string;
  readonly lengthBytes: number;
  /** Shorter where the file ends. */
  read(offset: number, lengthBytes: number): Uint8Array;
}

export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Index of the section that it refers to. */
  readonly link: number;
  readonly entryBytes: number;
}

export const segmentTypes = { load: 1, dynamic: 2, note: 4, ehFrameHeader: 0x6474e550 } as const;
const executableFlag = 1;
const compressedFlag = 0x800;
/** SHT_NOBITS: a section of a file that keeps its contents elsewhere, as separate debug information does. */
const noBits = 8;

/** Offsets in the file header and sizes of its tables' rows, by class. */
const headerLayouts = {
  1: { wordBytes: 4, headerBytes: 52, tables: 28, counts: 42 },
  2: { wordBytes: 8, headerBytes: 64, tables: 32, counts: 54 },
} as const;

const identityBytes = 16;
const magic = [0x7f, 0x45, 0x4c, 0x46];

export class ElfFile {
  readonly source: ByteSource;
  readonly elfClass: 1 | 2;
  readonly type: number;
  readonly machine: number;
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];

  /** @throws OutstepError UNSUPPORTED: no ELF file, or a damaged one */
  constructor(source: ByteSource) {
    this.source = source;
    const identity = source.read(0, identityBytes);
    const elfClass = identity[4];
    const isElf = magic.every((byte, index) => identity[index] === byte) && identity[5] === 1;
    if (!isElf || (elfClass !== 1 && elfClass !== 2)) throw damaged(source, 'no little-endian ELF file');
    this.elfClass = elfClass;
    try {
      const layout = headerLayouts[elfClass];
      const header = new ByteReader(source.read(0, layout.headerBytes), identityBytes);
      this.type = header.unsigned(2);
      this.machine = header.unsigned(2);
      header.position = layout.tables;
      const segmentsAt = header.unsigned(layout.wordBytes);
      const sectionsAt = header.unsigned(layout.wordBytes);
      header.position = layout.counts;
      const [segmentBytes, segmentCount, sectionBytes, sectionCount, namesIndex] = Array.from(
        { length: 5 },
        () => header.unsigned(2),
      ) as [number, number, number, number, number];
      this.segments = rows(source, segmentsAt, segmentBytes, segmentCount, (row) =>
        segmentOf(row, layout.wordBytes),
      );
      this.sections = sectionsOf(
        source,
        sectionsAt,
        sectionBytes,
        sectionCount,
        namesIndex,
        layout.wordBytes,
      );
    } catch (error) {
      if (error instanceof RangeError) throw damaged(source, error.message);
      throw error;
    }
  }

  get addressBytes(): 4 | 8 {
    return headerLayouts[this.elfClass].wordBytes;
  }

  /** A section that has contents in this file; compressed ones do not count. */
  section(name: string): Section | undefined {
    return this.sections.find(
      (one) => one.name === name && one.type !== noBits && (one.flags & compressedFlag) === 0,
    );
  }

  contents({ offset, lengthBytes }: Section): Uint8Array {
    return this.source.read(offset, lengthBytes);
  }

  /**
   * What is added to an address of the file where a mapping of its text begins at `start`; undefined: that is no text.
   * @param offset of the mapping in the file
   */
  loadBias(start: bigint, offset: number): bigint | undefined {
    const text = this.segments.find(
      (one) =>
        one.type === segmentTypes.load &&
        (one.flags & executableFlag) !== 0 &&
        offset < one.offset + one.fileBytes &&
        // The mapping begins at the page that the segment begins in.
        offset + largestPageBytes > one.offset,
    );
    return text === undefined ? undefined : start - BigInt(text.address - text.offset + offset);
  }

  /** What is at an address of the file; shorter where a segment ends, empty outside of all. */
  read(address: number, lengthBytes: number): Uint8Array {
    const segment = this.segments.find(
      (one) =>
        one.type === segmentTypes.load && address >= one.address && address < one.address + one.fileBytes,
    );
    if (segment === undefined) return new Uint8Array();
    const offset = address - segment.address;
    return this.source.read(segment.offset + offset, Math.min(lengthBytes, segment.fileBytes - offset));
  }

  /** NT_GNU_BUILD_ID in hex; undefined: the linker gave none. */
  get buildId(): string | undefined {
    for (const { type, offset, fileBytes } of this.segments) {
      if (type !== segmentTypes.note) continue;
      const id = buildIdIn(this.source.read(offset, fileBytes));
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

const largestPageBytes = 0x10000;
const buildIdNote = 3;

/** Looks through notes; undefined: it is not among them. */
function buildIdIn(notes: Uint8Array): string | undefined {
  const reader = new ByteReader(notes);
  while (reader.position + 12 <= notes.length) {
    const nameBytes = reader.unsigned(4);
    const contentBytes = reader.unsigned(4);
    const type = reader.unsigned(4);
    const nameAt = reader.position;
    const contentAt = nameAt + roundUp4(nameBytes);
    if (contentAt + contentBytes > notes.length) return undefined;
    const isGnu = nameBytes === 4 && reader.text() === 'GNU';
    reader.position = contentAt;
    if (isGnu && type === buildIdNote)
      return Array.from(reader.bytes(contentBytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
    reader.position = contentAt + roundUp4(contentBytes);
  }
  return undefined;
}

function roundUp4(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function rows<Row>(
  source: ByteSource,
  at: number,
  rowBytes: number,
  count: number,
  read: (row: ByteReader) => Row,
): readonly Row[] {
  const table = source.read(at, rowBytes * count);
  return Array.from({ length: count }, (_, index) => read(new ByteReader(table, index * rowBytes)));
}

function segmentOf(row: ByteReader, wordBytes: 4 | 8): Segment {
  const type = row.unsigned(4);
  // Flags come early where words are wide.
  const wideFlags = wordBytes === 8 ? row.unsigned(4) : 0;
  const offset = row.unsigned(wordBytes);
  const address = row.unsigned(wordBytes);
  row.unsigned(wordBytes);
  const fileBytes = row.unsigned(wordBytes);
  const memoryBytes = row.unsigned(wordBytes);
  const flags = wordBytes === 8 ? wideFlags : row.unsigned(4);
  return { type, flags, offset, address, fileBytes, memoryBytes };
}

function sectionsOf(
  source: ByteSource,
  at: number,
  rowBytes: number,
  count: number,
  namesIndex: number,
  wordBytes: 4 | 8,
): readonly Section[] {
  if (at === 0) return [];
  const read = (row: ByteReader) => {
    const nameAt = row.unsigned(4);
    const type = row.unsigned(4);
    const flags = row.unsigned(wordBytes);
    const address = row.unsigned(wordBytes);
    const offset = row.unsigned(wordBytes);
    const lengthBytes = row.unsigned(wordBytes);
    const link = row.unsigned(4);
    row.position += 4 + wordBytes;
    const entryBytes = row.unsigned(wordBytes);
    return { nameAt, type, flags, address, offset, lengthBytes, link, entryBytes };
  };
  // Where there are too many for the header, the first row has the counts.
  const [first] = rows(source, at, rowBytes, 1, read);
  const trueCount = count === 0 && first !== undefined ? first.lengthBytes : count;
  const table = rows(source, at, rowBytes, trueCount, read);
  const names = table[namesIndex === 0xffff && first !== undefined ? first.link : namesIndex];
  const texts = names === undefined ? new Uint8Array() : source.read(names.offset, names.lengthBytes);
  return table.map(({ nameAt, ...section }) => ({
    ...section,
    name: nameAt < texts.length ? new ByteReader(texts, nameAt).text() : '',
  }));
}

function damaged({ name }: ByteSource, why: string): OutstepError {
  return new OutstepError(errorCodes.UNSUPPORTED, `cannot read ${name}: ${why}`);
}
