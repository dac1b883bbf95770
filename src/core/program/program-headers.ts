/** The program headers of the executable, which the kernel points at in the auxiliary vector (elf(5)). */
import { errorCodes, OutstepError } from '../../base/errors.js';
import { auxvTypes, auxvValue, parseAuxv } from './auxv.js';
import { type PointerBytes, type ProgramReader, pointerOf } from './program-reader.js';

/** Types of segments, <elf.h>. */
export const segmentTypes = {
  load: 1,
  dynamic: 2,
  interpreter: 3,
  programHeaders: 6,
  threadLocal: 7,
} as const;

export interface ProgramHeader {
  readonly type: number;
  readonly fileOffset: bigint;
  /** Before relocation. */
  readonly virtualAddress: bigint;
  readonly fileBytes: bigint;
  readonly memoryBytes: bigint;
  readonly align: bigint;
}

/** Offsets of fields, and sizes of a program header and of the ELF header: Elf32_Phdr, Elf64_Phdr. */
const layouts = {
  4: { offset: 4, address: 8, fileBytes: 16, memoryBytes: 20, align: 28, sizeBytes: 32, elfHeaderBytes: 52 },
  8: { offset: 8, address: 16, fileBytes: 32, memoryBytes: 40, align: 48, sizeBytes: 56, elfHeaderBytes: 64 },
} as const;

const elfMagic = 0x464c457f;

export interface ProgramHeaders {
  readonly headers: readonly ProgramHeader[];
  /** What is added to a virtual address of the file to get one of the process. */
  readonly loadBias: bigint;
}

function parseProgramHeader(view: DataView, at: number, pointerBytes: PointerBytes): ProgramHeader {
  const layout = layouts[pointerBytes];
  const word = (offset: number): bigint => pointerOf(view, at + offset, pointerBytes);
  return {
    type: view.getUint32(at, true),
    fileOffset: word(layout.offset),
    virtualAddress: word(layout.address),
    fileBytes: word(layout.fileBytes),
    memoryBytes: word(layout.memoryBytes),
    align: word(layout.align),
  };
}

/** The `count` headers at `at`. @throws OutstepError MEMORY */
export function readHeaderTable(
  reader: ProgramReader,
  at: bigint,
  count: number,
  entryBytes: number = layouts[reader.pointerBytes].sizeBytes,
): readonly ProgramHeader[] {
  const view = reader.view(at, count * entryBytes);
  return Array.from({ length: count }, (_, index) =>
    parseProgramHeader(view, index * entryBytes, reader.pointerBytes),
  );
}

/**
 * The headers of the executable.
 * @throws OutstepError UNSUPPORTED when the auxiliary vector does not say where they are, MEMORY
 */
export function readProgramHeaders(reader: ProgramReader, auxiliaryVector: Uint8Array): ProgramHeaders {
  const entries = parseAuxv(auxiliaryVector, reader.pointerBytes);
  const at = auxvValue(entries, auxvTypes.phdr);
  const count = auxvValue(entries, auxvTypes.phnum);
  if (at === undefined || count === undefined || at === 0n) {
    throw new OutstepError(errorCodes.UNSUPPORTED, 'the auxiliary vector names no program headers');
  }
  const entryBytes = auxvValue(entries, auxvTypes.phent);
  const headers = readHeaderTable(
    reader,
    at,
    Number(count),
    entryBytes === undefined ? undefined : Number(entryBytes),
  );
  return { headers, loadBias: loadBiasOf(reader, headers, at) };
}

export function segment(headers: readonly ProgramHeader[], type: number): ProgramHeader | undefined {
  return headers.find((header) => header.type === type);
}

/** Path of the program interpreter (the dynamic loader), PT_INTERP. */
export function interpreterPath(reader: ProgramReader, program: ProgramHeaders): string | undefined {
  const header = segment(program.headers, segmentTypes.interpreter);
  if (header === undefined) return undefined;
  return reader.text(program.loadBias + header.virtualAddress, Number(header.fileBytes));
}

/**
 * PT_PHDR says where the linker put the table. Static programs and the dynamic loader itself often have none: their
 * table follows the ELF header, which the segment of file offset 0 maps.
 */
function loadBiasOf(reader: ProgramReader, headers: readonly ProgramHeader[], tableAt: bigint): bigint {
  const table = segment(headers, segmentTypes.programHeaders);
  if (table !== undefined) return BigInt.asUintN(64, tableAt - table.virtualAddress);
  const first = headers.find((header) => header.type === segmentTypes.load && header.fileOffset === 0n);
  const elfHeader = tableAt - BigInt(layouts[reader.pointerBytes].elfHeaderBytes);
  if (first === undefined || reader.uint32(elfHeader) !== elfMagic) return 0n;
  return BigInt.asUintN(64, elfHeader - first.virtualAddress);
}
