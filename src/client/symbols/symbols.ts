/** Names for addresses, and addresses for names, of all files that a process has mapped code of. */
import { ClientError, clientErrorCodes, hasCode } from '../client-error.js';
import type { Files, RemoteFile } from '../files.js';
import { joinBytes } from '../join-bytes.js';
import type { MappedMemory } from '../memory-regions.js';
import type { WaitOptions } from '../wait-options.js';
import { type ElfFile, readElf, type SymbolKind } from './elf-file.js';

/** A function or variable of the program or of its libraries, where it is in the process. */
export interface ProgramSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  /** In the process. */
  readonly address: bigint;
  /** 0 where its file does not say. */
  readonly sizeBytes: number;
  /** The file that it is from. */
  readonly file: string;
}

export interface SymbolOptions extends WaitOptions {
  /** Of files whose path contains or matches it. */
  readonly file?: string | RegExp;
}

/** A symbol, and how far behind its beginning something is. */
export interface SymbolPlace {
  readonly symbol: ProgramSymbol;
  readonly offsetBytes: number;
}

/** Symbols of a file in the process, by address. */
interface MappedFile {
  readonly path: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly symbols: readonly ProgramSymbol[];
}

/** Bytes of a file that are asked for at once. */
const pieceBytes = 1 << 16;

/**
 * Files are read through the server when a name or an address is first asked for, and looked for again when one is not
 * found: what the program has loaded meanwhile is there then. Files that cannot be read have no symbols.
 */
export class Symbols {
  readonly #regions: (options: WaitOptions) => Promise<readonly MappedMemory[]>;
  readonly #files: Files;
  /** By path; undefined: it has no symbols. */
  readonly #read = new Map<string, Promise<ElfFile | undefined>>();
  #mapped: readonly MappedFile[] = [];

  /** @param regions what is mapped in the process now */
  constructor(files: Files, regions: (options: WaitOptions) => Promise<readonly MappedMemory[]>) {
    this.#files = files;
    this.#regions = regions;
  }

  /** Another program: nothing of what is known is there any more. */
  forget(): void {
    this.#mapped = [];
    this.#read.clear();
  }

  /**
   * Where a symbol is; of several the one in the file with the lowest address, which is the program before its libraries.
   * @throws ClientError NO_SYMBOL
   */
  async address(name: string, options: SymbolOptions = {}): Promise<bigint> {
    const symbol = await this.find(name, options);
    if (symbol !== undefined) return symbol.address;
    throw new ClientError(clientErrorCodes.NO_SYMBOL, `no file that is mapped now has a symbol ${name}`);
  }

  /** As `address`; undefined where there is none. */
  async find(name: string, options: SymbolOptions = {}): Promise<ProgramSymbol | undefined> {
    const find = (): ProgramSymbol | undefined => this.#matching((each) => each.name === name, options)[0];
    return find() ?? (await this.#refreshed(options, find));
  }

  /** Every symbol whose name matches, in the order of addresses, as far as files are mapped now. */
  async matching(name: RegExp, options: SymbolOptions = {}): Promise<ProgramSymbol[]> {
    return this.#refreshed(options, () => this.#matching((each) => name.test(each.name), options));
  }

  #matching(test: (symbol: ProgramSymbol) => boolean, { file }: SymbolOptions): ProgramSymbol[] {
    const isOfFile = (path: string): boolean =>
      file === undefined || (typeof file === 'string' ? path.includes(file) : file.test(path));
    return this.#mapped.filter(({ path }) => isOfFile(path)).flatMap(({ symbols }) => symbols.filter(test));
  }

  /** The symbol that an address lies in; undefined where none does. */
  async at(address: bigint, options: WaitOptions = {}): Promise<SymbolPlace | undefined> {
    return this.#mappedAt(address) !== undefined
      ? this.#at(address)
      : this.#refreshed(options, () => this.#at(address));
  }

  #mappedAt(address: bigint): MappedFile | undefined {
    return this.#mapped.find(({ start, end }) => start <= address && address < end);
  }

  #at(address: bigint): SymbolPlace | undefined {
    const mapped = this.#mappedAt(address);
    const symbol = mapped && lastBefore(mapped.symbols, address);
    if (symbol === undefined) return undefined;
    const offsetBytes = Number(address - symbol.address);
    // Behind a symbol of a known size lies something that has no name.
    return symbol.sizeBytes > 0 && offsetBytes >= symbol.sizeBytes ? undefined : { symbol, offsetBytes };
  }

  /** An address for people: `name+0x1c`, with the file's name where it has no symbol, or the number alone. */
  async label(address: bigint, options: WaitOptions = {}): Promise<string> {
    const place = await this.at(address, options);
    if (place !== undefined) return withOffset(place.symbol.name, place.offsetBytes);
    const mapped = this.#mappedAt(address);
    if (mapped === undefined) return `0x${address.toString(16)}`;
    return withOffset(mapped.path.slice(mapped.path.lastIndexOf('/') + 1), Number(address - mapped.start));
  }

  async #refreshed<T>(options: WaitOptions, look: () => T): Promise<T> {
    const regions = await this.#regions(options);
    const code = new Map<string, bigint>();
    for (const { name, start, permissions } of regions)
      if (name.startsWith('/') && permissions.includes('x') && !code.has(name)) code.set(name, start);
    const mapped = await Promise.all(
      [...code].map(async ([path, start]) => {
        const elf = await this.#elfOf(path, options);
        return elf === undefined ? [] : [mappedFile(path, elf, start, regions)];
      }),
    );
    this.#mapped = mapped.flat();
    return look();
  }

  #elfOf(path: string, options: WaitOptions): Promise<ElfFile | undefined> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const elf = this.#readElf(path, options);
    this.#read.set(path, elf);
    elf.catch(() => this.#read.delete(path));
    return elf;
  }

  async #readElf(path: string, options: WaitOptions): Promise<ElfFile | undefined> {
    try {
      await using file = await this.#files.open(path, options);
      return await readElf((offset, lengthBytes) => readRange(file, offset, lengthBytes, options));
    } catch (error) {
      if (hasCode(error, clientErrorCodes.FILE)) return undefined;
      throw error;
    }
  }
}

function withOffset(name: string, offsetBytes: number): string {
  return offsetBytes === 0 ? name : `${name}+0x${offsetBytes.toString(16)}`;
}

function mappedFile(
  path: string,
  { codeStart, symbols }: ElfFile,
  start: bigint,
  regions: readonly MappedMemory[],
): MappedFile {
  const bias = start - codeStart;
  // In the order of addresses.
  const own = regions.filter(({ name }) => name === path);
  const last = own.at(-1);
  return {
    path,
    start: own[0]?.start ?? start,
    end: last === undefined ? start : last.start + last.lengthBytes,
    symbols: symbols
      .map(({ name, kind, value, sizeBytes }) => ({
        name,
        kind,
        sizeBytes,
        file: path,
        address: BigInt.asUintN(64, value + bias),
      }))
      .sort(byAddress),
  };
}

/** Of those at one address what has a size comes last, so that it is what an address is named after. */
function byAddress(left: ProgramSymbol, right: ProgramSymbol): number {
  if (left.address !== right.address) return left.address < right.address ? -1 : 1;
  return left.sizeBytes - right.sizeBytes;
}

function lastBefore(symbols: readonly ProgramSymbol[], address: bigint): ProgramSymbol | undefined {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((symbols[middle]?.address ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  return symbols[low - 1];
}

/** All pieces are asked for at once; it ends where the file does. */
async function readRange(
  file: RemoteFile,
  offset: number,
  lengthBytes: number,
  options: WaitOptions,
): Promise<Uint8Array> {
  const wanted = Array.from({ length: Math.ceil(lengthBytes / pieceBytes) }, (_unused, index) => ({
    at: offset + index * pieceBytes,
    lengthBytes: Math.min(pieceBytes, lengthBytes - index * pieceBytes),
  }));
  return joinBytes(await Promise.all(wanted.map((piece) => readPiece(file, piece, options))));
}

async function readPiece(
  file: RemoteFile,
  { at, lengthBytes }: { readonly at: number; readonly lengthBytes: number },
  options: WaitOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  // Servers give less than was asked for, as it fits into a packet.
  for (let done = 0; done < lengthBytes; ) {
    const part = await file.read(at + done, lengthBytes - done, options);
    if (part.length === 0) break;
    parts.push(part);
    done += part.length;
  }
  return joinBytes(parts);
}
