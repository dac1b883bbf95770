/** The features of the target description: which machine has them, and the types that their registers use. */
import type { FeatureTypes, TypeRow } from '../target-description.js';
import { type Component, component } from './xsave.js';

export interface FeatureRow extends FeatureTypes {
  /** State components that the machine must have. */
  readonly needs: readonly Component[];
}

/** RFLAGS, SDM volume 1, 3.4.3. Bit 1 is always set and has no name; clients want it described all the same. */
const eflags: TypeRow = {
  kind: 'flags',
  id: 'i386_eflags',
  sizeBytes: 4,
  bits: [
    ['CF', 0],
    ['', 1],
    ['PF', 2],
    ['AF', 4],
    ['ZF', 6],
    ['SF', 7],
    ['TF', 8],
    ['IF', 9],
    ['DF', 10],
    ['OF', 11],
    ['NT', 14],
    ['RF', 16],
    ['VM', 17],
    ['AC', 18],
    ['VIF', 19],
    ['VIP', 20],
    ['ID', 21],
  ],
};

/** MXCSR, SDM volume 1, 10.2.3. */
const mxcsr: TypeRow = {
  kind: 'flags',
  id: 'i386_mxcsr',
  sizeBytes: 4,
  bits: [
    ['IE', 0],
    ['DE', 1],
    ['ZE', 2],
    ['OE', 3],
    ['UE', 4],
    ['PE', 5],
    ['DAZ', 6],
    ['IM', 7],
    ['DM', 8],
    ['ZM', 9],
    ['OM', 10],
    ['UM', 11],
    ['PM', 12],
    ['FZ', 15],
  ],
};

/** The views of 128 bits; the member names are those that expressions like `$xmm0.v4_float` use. */
const vec128: readonly TypeRow[] = [
  { kind: 'vector', id: 'v8bf16', element: 'bfloat16', count: 8 },
  { kind: 'vector', id: 'v8h', element: 'ieee_half', count: 8 },
  { kind: 'vector', id: 'v4f', element: 'ieee_single', count: 4 },
  { kind: 'vector', id: 'v2d', element: 'ieee_double', count: 2 },
  { kind: 'vector', id: 'v16i8', element: 'int8', count: 16 },
  { kind: 'vector', id: 'v8i16', element: 'int16', count: 8 },
  { kind: 'vector', id: 'v4i32', element: 'int32', count: 4 },
  { kind: 'vector', id: 'v2i64', element: 'int64', count: 2 },
  {
    kind: 'union',
    id: 'vec128',
    members: [
      ['v8_bfloat16', 'v8bf16'],
      ['v8_half', 'v8h'],
      ['v4_float', 'v4f'],
      ['v2_double', 'v2d'],
      ['v16_int8', 'v16i8'],
      ['v8_int16', 'v8i16'],
      ['v4_int32', 'v4i32'],
      ['v2_int64', 'v2i64'],
      ['uint128', 'uint128'],
    ],
  },
];

const v2ui128: TypeRow = { kind: 'vector', id: 'v2ui128', element: 'uint128', count: 2 };

const { avx, opmask, zmmUpper, zmmHigh16, pkru } = component;

/** In the order of the register numbers. A type is known in its own feature alone, so vec128 stands there twice. */
export const features = {
  core: { name: 'org.gnu.gdb.i386.core', needs: [], types: [eflags] },
  sse: { name: 'org.gnu.gdb.i386.sse', needs: [], types: [...vec128, mxcsr] },
  linux: { name: 'org.gnu.gdb.i386.linux', needs: [], types: [] },
  segments: { name: 'org.gnu.gdb.i386.segments', needs: [], types: [] },
  avx: { name: 'org.gnu.gdb.i386.avx', needs: [avx], types: [] },
  // The clients know AVX-512 as a whole only.
  avx512: {
    name: 'org.gnu.gdb.i386.avx512',
    needs: [avx, opmask, zmmUpper, zmmHigh16],
    types: [...vec128, v2ui128],
  },
  pkeys: { name: 'org.gnu.gdb.i386.pkeys', needs: [pkru], types: [] },
} as const satisfies Readonly<Record<string, FeatureRow>>;

export type FeatureKey = keyof typeof features;
