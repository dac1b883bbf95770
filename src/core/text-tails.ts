/**
 * Room in memory that is there already: between the end of an object's text and the end of its last page. It is mapped with
 * the text, executable, and nothing of the program. Source: elf(5). Slots may be anywhere in it but in the last bytes, where
 * calls are made.
 */
import type { RawMemory } from './memory.js';
import type { Mapping } from './proc.js';

export interface Room {
  readonly start: bigint;
  /** 0: only calls fit in. */
  readonly lengthBytes: number;
  /** Room for code that makes a system call. */
  readonly parking: bigint;
}

const pageBytes = 4096n;
const alignment = 16n;
const loadable = 1;
const executableFlag = 1;

/** Offsets in the file header and in a program header, by EI_CLASS. */
const layouts = {
  1: { table: 0x1c, entrySize: 0x2a, count: 0x2c, flags: 24, offset: 4, fileBytes: 16, memoryBytes: 20 },
  2: { table: 0x20, entrySize: 0x36, count: 0x38, flags: 4, offset: 8, fileBytes: 32, memoryBytes: 40 },
} as const;

interface Segment {
  /** Place in the file. */
  readonly offset: bigint;
  readonly lengthBytes: bigint;
}

function wordAt(view: DataView, offset: number, elfClass: number): bigint {
  return elfClass === 1 ? BigInt(view.getUint32(offset, true)) : view.getBigUint64(offset, true);
}

/** The executable segments of an object whose first page is `header`. */
function textSegments(header: DataView): readonly Segment[] {
  const elfClass = header.getUint8(4);
  if (header.getUint32(0) !== 0x7f454c46 || (elfClass !== 1 && elfClass !== 2)) return [];
  const layout = layouts[elfClass];
  const table = Number(wordAt(header, layout.table, elfClass));
  const entrySize = header.getUint16(layout.entrySize, true);
  const segments: Segment[] = [];
  for (let index = 0; index < header.getUint16(layout.count, true); index++) {
    const at = table + index * entrySize;
    if (at + entrySize > header.byteLength) break;
    const isText =
      header.getUint32(at, true) === loadable &&
      (header.getUint32(at + layout.flags, true) & executableFlag) !== 0;
    const lengthBytes = wordAt(header, at + layout.fileBytes, elfClass);
    if (!isText || lengthBytes !== wordAt(header, at + layout.memoryBytes, elfClass)) continue;
    segments.push({ offset: wordAt(header, at + layout.offset, elfClass), lengthBytes });
  }
  return segments;
}

function up(address: bigint, multiple: bigint): bigint {
  return ((address + multiple - 1n) / multiple) * multiple;
}

function isText({ name, permissions }: Mapping): boolean {
  return name.startsWith('/') && permissions.startsWith('r-xp');
}

/** The rooms behind the text of every object in the address space, each looked for when it is asked for. */
export function* textTails(maps: readonly Mapping[], memory: RawMemory): Iterable<Room> {
  for (const text of maps.filter(isText)) {
    const first = maps.find(({ name, fileOffset }) => name === text.name && fileOffset === 0n);
    const header = new Uint8Array(Number(pageBytes));
    if (first === undefined || memory.read(first.start, header) !== header.length) continue;
    for (const { offset, lengthBytes } of textSegments(new DataView(header.buffer))) {
      if (offset - (offset % pageBytes) !== text.fileOffset) continue;
      const end = text.start + (offset - text.fileOffset) + lengthBytes;
      const start = up(end, alignment);
      const parking = text.end - alignment;
      if (up(end, pageBytes) === text.end && start <= parking)
        yield { start, lengthBytes: Number(parking - start), parking };
    }
  }
}
