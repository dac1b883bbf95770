import { readFileSync } from 'node:fs';

/** Offsets in the ELF header and in a section header, by EI_CLASS, <elf.h>. */
const layouts = {
  1: { table: 0x20, entrySize: 0x2e, count: 0x30, names: 0x32, address: 12, offset: 16, lengthBytes: 20 },
  2: { table: 0x28, entrySize: 0x3a, count: 0x3c, names: 0x3e, address: 16, offset: 24, lengthBytes: 32 },
} as const;

export interface TextSection {
  readonly bytes: Uint8Array;
  /** As it is linked. */
  readonly address: bigint;
  /** e_machine of the file. */
  readonly machine: number;
}

/** The `.text` section of a little-endian ELF file. */
export function readTextSection(path: string): TextSection {
  const file = readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const layout = layouts[file[4] === 1 ? 1 : 2];
  const word = (at: number): bigint =>
    file[4] === 1 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
  const entrySize = view.getUint16(layout.entrySize, true);
  const headerAt = (index: number): number => Number(word(layout.table)) + index * entrySize;
  const contentOffset = (header: number): number => Number(word(header + layout.offset));
  const names = contentOffset(headerAt(view.getUint16(layout.names, true)));
  for (let index = 0; index < view.getUint16(layout.count, true); index++) {
    const header = headerAt(index);
    const name = names + view.getUint32(header, true);
    if (file.toString('latin1', name, name + 6) !== '.text\0') continue;
    const start = contentOffset(header);
    const lengthBytes = Number(word(header + layout.lengthBytes));
    const bytes = file.subarray(start, start + lengthBytes);
    return { bytes, address: word(header + layout.address), machine: view.getUint16(0x12, true) };
  }
  throw new Error(`${path} has no .text section`);
}
