/** Facts of machines as CPUID gives them, and regsets to read and write, held in memory. */
import type { MachineFacts, RegisterFile, RegsetAccess } from '../../../arch/module.js';

function component(
  index: number,
  offset: number,
  sizeBytes: number,
): MachineFacts['xsaveComponents'][number] {
  return { index, offset, sizeBytes };
}

const avx = component(2, 576, 256);

export const machines = {
  'no XSAVE': { xcr0: 0n, xsaveSizeBytes: 0, xsaveComponents: [] },
  SSE: { xcr0: 0x3n, xsaveSizeBytes: 576, xsaveComponents: [] },
  AVX: { xcr0: 0x7n, xsaveSizeBytes: 832, xsaveComponents: [avx] },
  /** Behind a gap where MPX was. */
  'AVX-512, PKRU (Intel)': {
    xcr0: 0x2e7n,
    xsaveSizeBytes: 2696,
    xsaveComponents: [
      avx,
      component(5, 1088, 64),
      component(6, 1152, 512),
      component(7, 1664, 1024),
      component(9, 2688, 8),
    ],
  },
  'AVX-512, PKRU (AMD)': {
    xcr0: 0x2e7n,
    xsaveSizeBytes: 2440,
    xsaveComponents: [
      avx,
      component(5, 832, 64),
      component(6, 896, 512),
      component(7, 1408, 1024),
      component(9, 2432, 8),
    ],
  },
} as const satisfies Readonly<Record<string, MachineFacts>>;

export type MachineName = keyof typeof machines;

export const stateBitsOffset = 512;

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

  write(regset: string, bytes: Uint8Array): void {
    this.written.push(regset);
    this.sets.set(regset, bytes);
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
