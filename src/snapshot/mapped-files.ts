/** The files that a process has mapped code of: what they say of an address. Read when the process may run again. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import type { Pid } from '../base/ids.js';
import type { Mapping } from '../core/index.js';
import {
  type ByteSource,
  ElfFile,
  FrameIndex,
  type FunctionSymbol,
  SymbolTable,
} from '../debug-info/index.js';
import type { MemoryPiece } from './memory-pieces.js';
import { mappingOf } from './snapshot.js';

/** A file whose code is mapped. */
export class CodeFile {
  /** As the process knows it; `[vdso]` for the kernel's own. */
  readonly name: string;
  readonly bias: bigint;
  readonly #files: readonly ElfFile[];
  #symbols: SymbolTable | undefined;
  #frames: FrameIndex | undefined;

  constructor(name: string, bias: bigint, files: readonly ElfFile[]) {
    this.name = name;
    this.bias = bias;
    this.#files = files;
  }

  /** What is in the file at an address of its code; undefined: nothing. */
  codeAt(pc: bigint, lengthBytes: number): Uint8Array | undefined {
    const code = this.#files[0]?.read(Number(pc - this.bias), lengthBytes);
    return code?.length === lengthBytes ? code : undefined;
  }

  functionAt(pc: bigint): FunctionSymbol | undefined {
    this.#symbols ??= new SymbolTable(this.#files);
    return this.#symbols.functionAt(Number(pc - this.bias));
  }

  get frames(): FrameIndex {
    this.#frames ??= new FrameIndex(this.#files);
    return this.#frames;
  }
}

const deletedSuffix = ' (deleted)';
const buildIdFolder = '/usr/lib/debug/.build-id';

export class MappedFiles implements Disposable {
  readonly #pid: Pid;
  readonly #mappings: readonly Mapping[];
  readonly #kernelCode: readonly MemoryPiece[];
  readonly #descriptors: number[] = [];
  /** By mapping of code. */
  readonly #files = new Map<Mapping, CodeFile | undefined>();
  readonly #complaints = new Set<string>();

  constructor(pid: Pid, mappings: readonly Mapping[], kernelCode: readonly MemoryPiece[]) {
    this.#pid = pid;
    this.#mappings = mappings;
    this.#kernelCode = kernelCode;
  }

  /** Which files could not be read, and why: a line each. */
  get complaints(): readonly string[] {
    return [...this.#complaints];
  }

  isExecutable(pc: bigint): boolean {
    return mappingOf(this.#mappings, pc)?.permissions.includes('x') === true;
  }

  /** undefined: the address is in no file, or that cannot be read. */
  fileAt(pc: bigint): CodeFile | undefined {
    const mapping = mappingOf(this.#mappings, pc);
    if (mapping === undefined || !mapping.permissions.includes('x')) return undefined;
    if (!this.#files.has(mapping)) this.#files.set(mapping, this.#open(mapping));
    return this.#files.get(mapping);
  }

  codeAt(pc: bigint, lengthBytes: number): Uint8Array | undefined {
    return this.fileAt(pc)?.codeAt(pc, lengthBytes);
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }

  #open(mapping: Mapping): CodeFile | undefined {
    const source = this.#sourceOf(mapping);
    if (source === undefined) return undefined;
    const { name } = mapping;
    try {
      const file = new ElfFile(source);
      const bias = file.loadBias(mapping.start, Number(mapping.fileOffset));
      if (bias === undefined) return undefined;
      const debug = this.#debugFile(file);
      return new CodeFile(name, bias, debug === undefined ? [file] : [file, debug]);
    } catch (error) {
      this.#complaints.add(messageOf(error));
      return undefined;
    }
  }

  #sourceOf(mapping: Mapping): ByteSource | undefined {
    const kernels = this.#kernelCode.find(({ address }) => address === mapping.start);
    if (kernels !== undefined) return sourceOfBytes(mapping.name, kernels.bytes);
    if (mapping.inode === 0n) return undefined;
    // Lines of proc(5) are bytes.
    const path = new TextDecoder().decode(Uint8Array.from(mapping.name, (letter) => letter.charCodeAt(0)));
    const { start, end, inode } = mapping;
    const byKernel = `/proc/${this.#pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
    const places = [byKernel, `/proc/${this.#pid}/root${path}`, path.replace(deletedSuffix, '')];
    for (const place of places) {
      const source = this.#openFile(place, path, inode);
      if (source !== undefined) return source;
    }
    this.#complaints.add(`${path}: cannot be read, or is another file by now: its functions have no names`);
    return undefined;
  }

  /** undefined: it cannot be opened, or is not the one that was mapped. */
  #openFile(place: string, name: string, inode: bigint | undefined): ByteSource | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(place, 'r');
    } catch {
      // There are other places, and whoever has tried all says so.
      return undefined;
    }
    const status = fstatSync(descriptor, { bigint: true });
    if (!status.isFile() || (inode !== undefined && status.ino !== inode)) {
      closeSync(descriptor);
      return undefined;
    }
    this.#descriptors.push(descriptor);
    return {
      name,
      lengthBytes: Number(status.size),
      read: (offset, lengthBytes) => {
        const bytes = new Uint8Array(Math.max(0, Math.min(lengthBytes, Number(status.size) - offset)));
        return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
      },
    };
  }

  /** What distributions keep apart, GDB manual "Separate Debug Files". */
  #debugFile({ buildId }: ElfFile): ElfFile | undefined {
    if (buildId === undefined) return undefined;
    const path = `${buildIdFolder}/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    const source = this.#openFile(path, path, undefined);
    return source && new ElfFile(source);
  }
}

function sourceOfBytes(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    lengthBytes: bytes.length,
    read: (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  };
}
