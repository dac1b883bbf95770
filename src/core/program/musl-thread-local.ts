/**
 * musl numbers the TLS modules in the order in which objects were loaded, never unloads one, and gives every thread
 * its blocks when it starts or when another thread loads a library (musl, ldso/dynlink.c and src/internal/pthread_impl.h).
 */
import type { LinkMap } from './link-map.js';
import {
  interpreterPath,
  type ProgramHeader,
  type ProgramHeaders,
  readHeaderTable,
  segment,
  segmentTypes,
} from './program-headers.js';
import { type ProgramReader, pointerOf } from './program-reader.js';
import type { ThreadPointer } from './thread-pointer.js';

export function isMusl(reader: ProgramReader, program: ProgramHeaders): boolean {
  return interpreterPath(reader, program)?.includes('/ld-musl-') ?? false;
}

/** The object's block of one thread; undefined when it has no thread-local variables. @throws OutstepError MEMORY */
export function muslBlock(
  reader: ProgramReader,
  program: ProgramHeaders,
  thread: ThreadPointer,
  objects: readonly LinkMap[],
  linkMap: bigint,
): bigint | undefined {
  const modules = objects.filter((object, index) =>
    hasThreadLocals(index === 0 ? program.headers : headersOf(reader, object)),
  );
  const moduleId = modules.findIndex((module) => module.address === linkMap) + 1;
  if (moduleId === 0) return undefined;
  const dtv = reader.pointer(dtvPointer(reader, thread));
  if (BigInt(moduleId) > reader.pointer(dtv)) return undefined;
  return reader.pointer(dtv + BigInt(moduleId * reader.pointerBytes));
}

/** In variant 2 the DTV follows the word that the thread pointer points to, in variant 1 it is the word before. */
function dtvPointer(reader: ProgramReader, thread: ThreadPointer): bigint {
  const distance = BigInt(reader.pointerBytes);
  return thread.variant === 2 ? thread.value + distance : thread.value - distance;
}

function hasThreadLocals(headers: readonly ProgramHeader[]): boolean {
  const header = segment(headers, segmentTypes.threadLocal);
  return header !== undefined && header.memoryBytes !== 0n;
}

/** Offsets in the ELF header: e_phoff, e_phnum, Elf32_Ehdr and Elf64_Ehdr. */
const elfHeaderLayouts = {
  4: { tableOffset: 28, tableCount: 44, sizeBytes: 52 },
  8: { tableOffset: 32, tableCount: 56, sizeBytes: 64 },
} as const;

/** A library's ELF header is mapped at its load bias: libraries are linked at address 0. */
function headersOf(reader: ProgramReader, object: LinkMap): readonly ProgramHeader[] {
  const layout = elfHeaderLayouts[reader.pointerBytes];
  const view = reader.view(object.loadBias, layout.sizeBytes);
  const table = object.loadBias + pointerOf(view, layout.tableOffset, reader.pointerBytes);
  return readHeaderTable(reader, table, view.getUint16(layout.tableCount, true));
}
