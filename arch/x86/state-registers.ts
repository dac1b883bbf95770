/** The registers of x87, SSE and everything later: rows for the tables of both kinds of programs. */
import { block, type Details, type RegisterRow } from './register-row.js';
import {
  component,
  initialControlWord,
  initialMxcsr,
  initialTagWord,
  mxcsrOwners,
  writableMxcsrBits,
} from './xsave.js';

function x87(
  name: string,
  offset: number,
  sizeBytes: number,
  initial = 0,
  details: Details = {},
): RegisterRow {
  const owners = [component.x87] as const;
  const storage = { kind: 'state', owners, offset, sizeBytes, initial, form: 'plain' } as const;
  return { name, feature: 'core', bits: 32, type: 'int', group: 'float', storage, ...details };
}

/** DWARF numbers of st0 and of two control words. */
export interface X87Numbers {
  readonly st0: number;
  readonly fctrl: number;
  readonly fstat: number;
}

/** FXSAVE area, SDM volume 1, 10.5.1. fiseg and foseg are the upper halves of its 64-bit pointers. */
export function floatingPoint(dwarf: X87Numbers): readonly RegisterRow[] {
  return [
    ...block((index) => `st${index}`, {
      count: 8,
      feature: 'core',
      bits: 80,
      type: 'i387_ext',
      owner: component.x87,
      offset: 32,
      strideBytes: 16,
      group: 'float',
      firstDwarf: dwarf.st0,
    }),
    x87('fctrl', 0, 2, initialControlWord, { dwarf: dwarf.fctrl }),
    x87('fstat', 2, 2, 0, { dwarf: dwarf.fstat }),
    {
      ...x87('ftag', 4, 1),
      storage: {
        kind: 'state',
        owners: [component.x87],
        offset: 4,
        sizeBytes: 1,
        initial: initialTagWord,
        form: 'abridged-tags',
      },
    },
    x87('fiseg', 12, 2),
    x87('fioff', 8, 4),
    x87('foseg', 20, 2),
    x87('fooff', 16, 4),
    x87('fop', 6, 2, 0, { writableBits: 0x7ffn }),
  ];
}

/** xmm0 on, and mxcsr. */
export function sse(
  count: number,
  dwarf: { readonly xmm0: number; readonly mxcsr: number },
): readonly RegisterRow[] {
  return [
    ...block((index) => `xmm${index}`, {
      count,
      feature: 'sse',
      bits: 128,
      type: 'vec128',
      owner: component.sse,
      offset: 160,
      strideBytes: 16,
      group: 'vector',
      firstDwarf: dwarf.xmm0,
    }),
    {
      name: 'mxcsr',
      feature: 'sse',
      bits: 32,
      type: 'i386_mxcsr',
      group: 'vector',
      dwarf: dwarf.mxcsr,
      storage: {
        kind: 'state',
        owners: mxcsrOwners,
        offset: 24,
        sizeBytes: 4,
        initial: initialMxcsr,
        form: 'plain',
      },
      accepts: (value, set) => (value & ~BigInt(writableMxcsrBits(set))) === 0n,
    },
  ];
}

/** Upper halves of ymm0 on. */
export function avx(count: number): readonly RegisterRow[] {
  return block((index) => `ymm${index}h`, {
    count,
    feature: 'avx',
    bits: 128,
    type: 'uint128',
    owner: component.avx,
    offset: 0,
    strideBytes: 16,
    group: 'vector',
  });
}

/** k0 to k7. */
export function opmasks(firstDwarf: number): readonly RegisterRow[] {
  return block((index) => `k${index}`, {
    count: 8,
    feature: 'avx512',
    bits: 64,
    type: 'uint64',
    owner: component.opmask,
    offset: 0,
    strideBytes: 8,
    group: 'vector',
    firstDwarf,
  });
}

/** Upper halves of zmm0 on. */
export function zmmUpper(count: number): readonly RegisterRow[] {
  return block((index) => `zmm${index}h`, {
    count,
    feature: 'avx512',
    bits: 256,
    type: 'v2ui128',
    owner: component.zmmUpper,
    offset: 0,
    strideBytes: 32,
    group: 'vector',
  });
}

export const protectionKeys: RegisterRow = {
  name: 'pkru',
  feature: 'pkeys',
  bits: 32,
  type: 'uint32',
  storage: { kind: 'state', owners: [component.pkru], offset: 0, sizeBytes: 4, initial: 0, form: 'plain' },
};
