/** The functions of an ELF file by their addresses: `.symtab`, and `.dynsym`, which is left where that was stripped. */
import { ByteReader } from './byte-reader.js';
import type { ElfFile } from './elf-file.js';

export interface FunctionSymbol {
  /** As it is in the file: C++ names are mangled. */
  readonly name: string;
  /** In the file. */
  readonly address: number;
  /** 0: the file does not say. */
  readonly lengthBytes: number;
}

interface Row {
  readonly address: number;
  readonly lengthBytes: number;
  readonly rank: number;
  readonly nameAt: number;
  readonly names: Uint8Array;
}

const undefinedSection = 0;
/** STT_NOTYPE, STT_FUNC, STT_GNU_IFUNC. */
const untyped = 0;
const functionTypes: ReadonlySet<number> = new Set([untyped, 2, 10]);
/** By STB_LOCAL, STB_GLOBAL, STB_WEAK: of names for one address the strongest is shown. */
const rankOfBinding: Readonly<Record<number, number>> = { 0: 0, 2: 1, 1: 2 };

export class SymbolTable {
  /** Sorted by address; of those at one address the best comes last. */
  readonly #rows: readonly Row[];

  constructor(files: readonly ElfFile[]) {
    const found = files.flatMap((file) => [...rowsOf(file, '.symtab'), ...rowsOf(file, '.dynsym')]);
    this.#rows = found.sort((a, b) => a.address - b.address || a.rank - b.rank);
  }

  /** The function that an address of the file lies in; undefined: none is known. */
  functionAt(address: number): FunctionSymbol | undefined {
    for (let index = this.#lastUpTo(address); index >= 0; index--) {
      const row = this.#rows[index];
      if (row === undefined) return undefined;
      // Without a length it reaches to the next one.
      const isInside = row.lengthBytes === 0 || address < row.address + row.lengthBytes;
      if (isInside) return symbolOf(row);
      if (row.address + farthestBytes < address) return undefined;
    }
    return undefined;
  }

  #lastUpTo(address: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.address ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** A function may have others within: how far back its beginning is looked for. */
const farthestBytes = 0x10000;

function symbolOf({ address, lengthBytes, nameAt, names }: Row): FunctionSymbol {
  const name = new ByteReader(names, nameAt).text();
  // Behind it there may be a version, as `@@GLIBC_2.17`.
  return { name: name.replace(/(?<=.)@.*/, ''), address, lengthBytes };
}

function* rowsOf(file: ElfFile, table: string): Generator<Row> {
  const section = file.section(table);
  const strings = section && file.sections[section.link];
  if (section === undefined || strings === undefined || section.entryBytes === 0) return;
  const names = file.contents(strings);
  const reader = new ByteReader(file.contents(section));
  const isWide = file.addressBytes === 8;
  for (let at = 0; at + section.entryBytes <= section.lengthBytes; at += section.entryBytes) {
    reader.position = at;
    const nameAt = reader.unsigned(4);
    reader.position = at + (isWide ? 8 : 4);
    const address = reader.unsigned(file.addressBytes);
    const lengthBytes = reader.unsigned(file.addressBytes);
    reader.position = at + (isWide ? 4 : 12);
    const info = reader.unsigned(1);
    reader.position += 1;
    const definedIn = reader.unsigned(2);
    const type = info & 0xf;
    if (definedIn === undefinedSection || !functionTypes.has(type)) continue;
    // Marks between code and data on some machines ($x, $d), or without a name.
    if (names[nameAt] === undefined || names[nameAt] === 0 || names[nameAt] === 0x24) continue;
    const strength = rankOfBinding[info >> 4] ?? 0;
    const underscores = names[nameAt] === 0x5f ? 0 : 1;
    const typed = type === untyped ? 0 : 8;
    yield { address, lengthBytes, rank: typed + strength * 2 + underscores, nameAt, names };
  }
}
