/** The build id of a file: NT_GNU_BUILD_ID in a note segment (elf(5), ld(1) `--build-id`). */

import { readHeaderTable } from './program-headers.js';
import type { ProgramMemory } from './program-reader.js';
import { ProgramReader, viewOf } from './program-reader.js';

const elfMagic = 0x464c457f;
const classOffset = 4;
/** e_phoff, e_phentsize and e_phnum of Elf32_Ehdr and Elf64_Ehdr. */
const layouts = {
  4: { tableAt: 28, entryBytesAt: 42, countAt: 44 },
  8: { tableAt: 32, entryBytesAt: 54, countAt: 56 },
} as const;
const noteSegment = 4;
const buildIdNote = 3;
const noteHeaderBytes = 12;

/**
 * @param file whose addresses are offsets in the file
 * @returns undefined: it is no ELF file, or has none
 * @throws OutstepError MEMORY for a file that is cut
 */
export function buildIdOf(file: ProgramMemory): Uint8Array | undefined {
  const pointerBytes = pointerBytesOf(file);
  if (pointerBytes === undefined) return undefined;
  const reader = new ProgramReader(file, pointerBytes);
  const { tableAt, entryBytesAt, countAt } = layouts[pointerBytes];
  const header = reader.view(0n, countAt + 2);
  const headers = readHeaderTable(
    reader,
    reader.pointer(BigInt(tableAt)),
    header.getUint16(countAt, true),
    header.getUint16(entryBytesAt, true),
  );
  for (const { type, fileOffset, fileBytes } of headers) {
    if (type !== noteSegment) continue;
    const id = buildIdIn(reader.bytes(fileOffset, Number(fileBytes)));
    if (id !== undefined) return id;
  }
  return undefined;
}

function pointerBytesOf(file: ProgramMemory): 4 | 8 | undefined {
  const reader = new ProgramReader(file, 4);
  try {
    if (reader.uint32(0n) !== elfMagic) return undefined;
    return reader.bytes(BigInt(classOffset), 1)[0] === 2 ? 8 : 4;
  } catch {
    // Shorter than any ELF file.
    return undefined;
  }
}

/** Name and description of a note each begin at a multiple of 4. */
function buildIdIn(notes: Uint8Array): Uint8Array | undefined {
  const view = viewOf(notes);
  let at = 0;
  while (at + noteHeaderBytes <= notes.length) {
    const nameBytes = view.getUint32(at, true);
    const bytes = view.getUint32(at + 4, true);
    const start = at + noteHeaderBytes + aligned(nameBytes);
    const isGnu = nameBytes === 4 && view.getUint32(at + noteHeaderBytes, true) === 0x554e47;
    if (isGnu && view.getUint32(at + 8, true) === buildIdNote) return notes.slice(start, start + bytes);
    at = start + aligned(bytes);
  }
  return undefined;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
