/**
 * The symbols of a file, for either width and byte order. Layouts and numbers are those of elf(5); of a file only the
 * headers, the table and its names are read.
 */

/** What a symbol stands for; `indirect-function`: a function that returns the address of the one to call. */
export type SymbolKind = 'function' | 'indirect-function' | 'object' | 'other';

export interface ElfSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  /** As the file has it, before the file is moved to where it is mapped. */
  readonly value: bigint;
  /** 0 where the file does not say. */
  readonly sizeBytes: number;
}

export interface ElfFile {
  /** What the first executable byte of the file is linked to, down to the beginning of its smallest page. */
  readonly codeStart: bigint;
  readonly symbols: readonly ElfSymbol[];
}

/** As much as is there, in the file's order. */
export type ReadRange = (offset: number, lengthBytes: number) => Promise<Uint8Array>;

const fileHeaderBytes = 64;
const smallestPageBytes = 4096n;
const loadSegment = 1;
const executableFlag = 1;
const symbolTable = 2;
const dynamicSymbolTable = 11;

const kinds: Readonly<Record<number, SymbolKind>> = {
  0: 'other',
  1: 'object',
  2: 'function',
  10: 'indirect-function',
};

/** Where fields lie in the records of one width. */
interface Layout {
  readonly isWide: boolean;
  readonly fileHeader: Readonly<
    Record<
      'programHeaders' | 'sectionHeaders' | 'programEntry' | 'programCount' | 'sectionEntry' | 'sectionCount',
      number
    >
  >;
  readonly segment: Readonly<Record<'flags' | 'address', number>>;
  readonly section: Readonly<Record<'offset' | 'size' | 'link', number>>;
  readonly symbol: Readonly<Record<'bytes' | 'info' | 'section' | 'value' | 'size', number>>;
}

const layouts: Readonly<Record<number, Layout>> = {
  1: {
    isWide: false,
    fileHeader: {
      programHeaders: 28,
      sectionHeaders: 32,
      programEntry: 42,
      programCount: 44,
      sectionEntry: 46,
      sectionCount: 48,
    },
    segment: { flags: 24, address: 8 },
    section: { offset: 16, size: 20, link: 24 },
    symbol: { bytes: 16, info: 12, section: 14, value: 4, size: 8 },
  },
  2: {
    isWide: true,
    fileHeader: {
      programHeaders: 32,
      sectionHeaders: 40,
      programEntry: 54,
      programCount: 56,
      sectionEntry: 58,
      sectionCount: 60,
    },
    segment: { flags: 4, address: 16 },
    section: { offset: 24, size: 32, link: 40 },
    symbol: { bytes: 24, info: 4, section: 6, value: 8, size: 16 },
  },
};

/** A record at an offset, with the file's byte order. */
class Fields {
  readonly #view: DataView;

  constructor(
    bytes: Uint8Array,
    readonly isLittle: boolean,
    readonly layout: Layout,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get lengthBytes(): number {
    return this.#view.byteLength;
  }

  byte(at: number): number {
    return this.#view.getUint8(at);
  }

  half(at: number): number {
    return this.#view.getUint16(at, this.isLittle);
  }

  word(at: number): number {
    return this.#view.getUint32(at, this.isLittle);
  }

  /** As wide as an address of the file. */
  long(at: number): bigint {
    return this.layout.isWide ? this.#view.getBigUint64(at, this.isLittle) : BigInt(this.word(at));
  }
}

/** @returns undefined: it is no file of this format, or has no code, or no symbols */
export async function readElf(read: ReadRange): Promise<ElfFile | undefined> {
  const bytes = await read(0, fileHeaderBytes);
  const layout = layouts[bytes[4] ?? 0];
  const isElf = bytes.length === fileHeaderBytes && [0x7f, 0x45, 0x4c, 0x46].every((b, i) => bytes[i] === b);
  if (!isElf || layout === undefined) return undefined;
  const file = new Reader(read, new Fields(bytes, bytes[5] !== 2, layout));
  const codeStart = await file.codeStart();
  return codeStart === undefined ? undefined : { codeStart, symbols: await file.symbols() };
}

class Reader {
  readonly #read: ReadRange;
  readonly #header: Fields;

  constructor(read: ReadRange, header: Fields) {
    this.#read = read;
    this.#header = header;
  }

  get #layout(): Layout {
    return this.#header.layout;
  }

  /** The records of a table; those that the file has not got are left out. */
  async #records(offset: bigint, entryBytes: number, count: number): Promise<readonly Fields[]> {
    if (entryBytes === 0) return [];
    const bytes = await this.#read(Number(offset), entryBytes * count);
    return Array.from({ length: Math.floor(bytes.length / entryBytes) }, (_unused, index) =>
      this.#fieldsOf(bytes.subarray(index * entryBytes, (index + 1) * entryBytes)),
    );
  }

  #fieldsOf(bytes: Uint8Array): Fields {
    return new Fields(bytes, this.#header.isLittle, this.#layout);
  }

  async codeStart(): Promise<bigint | undefined> {
    const { fileHeader, segment } = this.#layout;
    const header = this.#header;
    const segments = await this.#records(
      header.long(fileHeader.programHeaders),
      header.half(fileHeader.programEntry),
      header.half(fileHeader.programCount),
    );
    const code = segments.find(
      (each) => each.word(0) === loadSegment && (each.word(segment.flags) & executableFlag) !== 0,
    );
    const start = code?.long(segment.address);
    return start === undefined ? undefined : start - (start % smallestPageBytes);
  }

  /** Of the full table, or, where that was stripped, of the dynamic linker's. */
  async symbols(): Promise<readonly ElfSymbol[]> {
    const { fileHeader, section } = this.#layout;
    const header = this.#header;
    const sections = await this.#records(
      header.long(fileHeader.sectionHeaders),
      header.half(fileHeader.sectionEntry),
      header.half(fileHeader.sectionCount),
    );
    const table =
      sections.find((each) => each.word(4) === symbolTable) ??
      sections.find((each) => each.word(4) === dynamicSymbolTable);
    const names = table && sections[table.word(section.link)];
    if (table === undefined || names === undefined) return [];
    const [symbols, text] = await Promise.all([this.#contents(table), this.#contents(names)]);
    return this.#symbolsIn(this.#fieldsOf(symbols), text);
  }

  #contents(section: Fields): Promise<Uint8Array> {
    const { offset, size } = this.#layout.section;
    return this.#read(Number(section.long(offset)), Number(section.long(size)));
  }

  #symbolsIn(table: Fields, names: Uint8Array): ElfSymbol[] {
    const { bytes, info, section, value, size } = this.#layout.symbol;
    const found: ElfSymbol[] = [];
    for (let at = 0; at + bytes <= table.lengthBytes; at += bytes) {
      const kind = kinds[table.byte(at + info) & 0xf];
      const isDefined = table.half(at + section) !== 0;
      const name = kind !== undefined && isDefined ? textAt(names, table.word(at)) : '';
      // Names with $ in front mark code and data for disassemblers of Arm's machines.
      if (kind === undefined || name === '' || name.startsWith('$')) continue;
      found.push({ name, kind, value: table.long(at + value), sizeBytes: Number(table.long(at + size)) });
    }
    return found;
  }
}

function textAt(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(0, start);
  return new TextDecoder().decode(bytes.subarray(start, end < 0 ? undefined : end));
}
