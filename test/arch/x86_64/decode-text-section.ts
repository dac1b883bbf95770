import { readFileSync } from 'node:fs';

const sectionHeaderOffset = 0x28;
const sectionEntrySize = 0x3a;

/** Contents of the `.text` section of a 64-bit little-endian ELF file, and its address. Layout: <elf.h>. */
export function readTextSection(path: string): { readonly bytes: Uint8Array; readonly address: bigint } {
  const file = readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const entrySize = view.getUint16(sectionEntrySize, true);
  const headerAt = (index: number): number =>
    Number(view.getBigUint64(sectionHeaderOffset, true)) + index * entrySize;
  const contentOffset = (header: number): number => Number(view.getBigUint64(header + 24, true));
  const names = contentOffset(headerAt(view.getUint16(0x3e, true)));
  for (let index = 0; index < view.getUint16(0x3c, true); index++) {
    const header = headerAt(index);
    const name = names + view.getUint32(header, true);
    if (file.toString('latin1', name, name + 6) !== '.text\0') continue;
    const start = contentOffset(header);
    const lengthBytes = Number(view.getBigUint64(header + 32, true));
    return {
      bytes: file.subarray(start, start + lengthBytes),
      address: view.getBigUint64(header + 16, true),
    };
  }
  throw new Error(`${path} has no .text section`);
}
