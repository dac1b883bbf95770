/** Regsets held in memory, and numbers as their bytes. */
import type { RegisterFile, RegsetAccess } from '../../arch/module.js';

/** Regsets that remember what was written. */
export class MemoryRegsets implements RegsetAccess {
  readonly sets = new Map<string, Uint8Array>();
  readonly written: string[] = [];

  constructor(file: RegisterFile) {
    for (const { name, sizeBytes } of file.regsets) this.sets.set(name, new Uint8Array(sizeBytes));
  }

  read(regset: string): Uint8Array | undefined {
    return this.sets.get(regset);
  }

  write(regset: string, bytes: Uint8Array): boolean {
    this.written.push(regset);
    this.sets.set(regset, bytes);
    return true;
  }

  /** A set to fill by hand. */
  set(regset: string): Uint8Array {
    const bytes = this.sets.get(regset);
    if (bytes === undefined) throw new Error(`no regset ${regset}`);
    return bytes;
  }
}

export function numberOf(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

export function bytesOf(value: bigint, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
