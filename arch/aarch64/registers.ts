/**
 * The registers: the one table from which numbers, target description, `g` layout and storage follow. The order is the
 * order of numbers on the wire and that of gdbserver; where a feature is absent the following numbers move down. DWARF
 * numbers: "DWARF for the Arm 64-bit Architecture", 4.1.
 */
import type { DescribedRegister } from '../target-description.js';
import { type FeatureKey, features } from './features.js';
import { flagsOffset, pcOffset, registerOffset, spOffset } from './general-offsets.js';
import { floatingPointLayout, regsets } from './regsets.js';
import type { VectorPart } from './vector-state.js';

/** Where the bytes of a register are kept. */
export type Storage =
  /** At a fixed place of a set. */
  | { readonly kind: 'place'; readonly regset: string; readonly offset: number }
  /** In whichever set has the vectors at the time. */
  | { readonly kind: 'vector'; readonly part: VectorPart; readonly index: number }
  /** vg and svg: how many times 8 bytes a vector has. */
  | { readonly kind: 'vector-length'; readonly isStreaming: boolean }
  /** svcr: which of the two states of SME there are. */
  | { readonly kind: 'matrix-control' }
  | { readonly kind: 'matrix' };

/** How wide: in bits, or as the vectors of the thread. */
export type Width = number | 'vector' | 'predicate' | 'matrix';

export interface RegisterRow extends Omit<DescribedRegister<FeatureKey>, 'bits'> {
  readonly width: Width;
  readonly storage: Storage;
  readonly isReadOnly?: boolean;
  /** Bits that a write changes; the kernel keeps the others as they are. Default: all. */
  readonly writableBits?: bigint;
}

type Details = Omit<RegisterRow, 'name' | 'feature' | 'width' | 'type' | 'storage'>;

function place(
  name: string,
  feature: FeatureKey,
  type: string,
  at: { readonly regset: { readonly name: string }; readonly offset: number; readonly bits?: number },
  details: Details = {},
): RegisterRow {
  const storage = { kind: 'place', regset: at.regset.name, offset: at.offset } as const;
  return { name, feature, width: at.bits ?? 64, type, storage, ...details };
}

function vector(
  name: string,
  feature: FeatureKey,
  type: string,
  at: { readonly part: VectorPart; readonly index?: number; readonly width: Width },
  details: Details = {},
): RegisterRow {
  const storage = { kind: 'vector', part: at.part, index: at.index ?? 0 } as const;
  return { name, feature, width: at.width, type, storage, group: 'vector', ...details };
}

function numbered<Row>(count: number, make: (index: number) => Row): Row[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Flags that a tracer may change, <asm/ptrace.h>: N, Z, C, V, TCO, DIT, SSBS and BTYPE. The kernel takes no mode for them. */
const writableFlags = 0xf3001c00n;

/** Second names, and the arguments of a call: "Procedure Call Standard for the Arm 64-bit Architecture", 6.1.1. */
function generalDetails(index: number): Details {
  if (index === 29) return { role: 'fp', altName: 'fp' };
  if (index === 30) return { role: 'return-address', altName: 'lr' };
  return index < 8 ? { argument: index + 1 } : {};
}

const core: readonly RegisterRow[] = [
  ...numbered(31, (index) => {
    const at = { regset: regsets.general, offset: registerOffset(index) };
    return place(`x${index}`, 'core', 'int', at, { dwarf: index, ...generalDetails(index) });
  }),
  place('sp', 'core', 'data_ptr', { regset: regsets.general, offset: spOffset }, { role: 'sp', dwarf: 31 }),
  place('pc', 'core', 'code_ptr', { regset: regsets.general, offset: pcOffset }, { role: 'pc', dwarf: 32 }),
  place(
    'cpsr',
    'core',
    'cpsr_flags',
    { regset: regsets.general, offset: flagsOffset, bits: 32 },
    { role: 'flags', writableBits: writableFlags },
  ),
];

const fpu: readonly RegisterRow[] = [
  ...numbered(32, (index) => {
    const offset = floatingPointLayout.v + index * floatingPointLayout.strideBytes;
    const at = { regset: regsets.floatingPoint, offset, bits: 128 };
    return place(`v${index}`, 'fpu', 'aarch64v', at, { dwarf: 64 + index, group: 'vector' });
  }),
  ...(['fpsr', 'fpcr'] as const).map((name) => {
    const at = { regset: regsets.floatingPoint, offset: floatingPointLayout[name], bits: 32 };
    return place(name, 'fpu', `${name}_flags`, at, { group: 'float' });
  }),
];

const sve: readonly RegisterRow[] = [
  ...numbered(32, (index) =>
    vector(`z${index}`, 'sve', 'svev', { part: 'z', index, width: 'vector' }, { dwarf: 96 + index }),
  ),
  ...(['fpsr', 'fpcr'] as const).map((part) =>
    vector(part, 'sve', `${part}_flags`, { part, width: 32 }, { group: 'float' }),
  ),
  ...numbered(16, (index) =>
    vector(`p${index}`, 'sve', 'svep', { part: 'p', index, width: 'predicate' }, { dwarf: 48 + index }),
  ),
  vector('ffr', 'sve', 'svep', { part: 'ffr', width: 'predicate' }, { dwarf: 47 }),
  {
    name: 'vg',
    feature: 'sve',
    width: 64,
    type: 'int',
    dwarf: 46,
    storage: { kind: 'vector-length', isStreaming: false },
  },
];

/** On a machine with scalable vectors: their lowest parts. */
const narrowVectors: readonly RegisterRow[] = numbered(32, (index) =>
  vector(`v${index}`, 'fpu', 'aarch64v', { part: 'z', index, width: 128 }, { dwarf: 64 + index }),
);

const sme: readonly RegisterRow[] = [
  {
    name: 'svg',
    feature: 'sme',
    width: 64,
    type: 'int',
    storage: { kind: 'vector-length', isStreaming: true },
  },
  {
    name: 'svcr',
    feature: 'sme',
    width: 64,
    type: 'svcr_flags',
    storage: { kind: 'matrix-control' },
  },
  {
    name: 'za',
    feature: 'sme',
    width: 'matrix',
    type: 'sme_bvv',
    storage: { kind: 'matrix' },
  },
];

/** Not for the program to have back when the client has made it call something: the kernel looks after them. */
const system: Details = { group: 'system', isNotSaved: true };
const guarded = regsets.guardedStack;

const others: readonly RegisterRow[] = [
  place(
    'pauth_dmask',
    'pauth',
    'int',
    { regset: regsets.pointerMasks, offset: 0 },
    { isReadOnly: true, altName: 'data_mask' },
  ),
  place(
    'pauth_cmask',
    'pauth',
    'int',
    { regset: regsets.pointerMasks, offset: 8 },
    { isReadOnly: true, altName: 'code_mask' },
  ),
  place('tag_ctl', 'mte', 'uint64', { regset: regsets.tagControl, offset: 0 }, system),
  place(
    'tpidr',
    'tls',
    'data_ptr',
    { regset: regsets.threadPointers, offset: 0 },
    { role: 'thread-pointer' },
  ),
  place('tpidr2', 'tls', 'data_ptr', { regset: regsets.threadPointers, offset: 8 }),
  ...sme,
  place('zt0', 'sme2', 'sme2_bv', { regset: regsets.zt, offset: 0, bits: 512 }),
  place('gcspr', 'gcs', 'data_ptr', { regset: guarded, offset: 16 }, { group: 'system' }),
  place('gcs_features_enabled', 'gcsLinux', 'gcs_features', { regset: guarded, offset: 0 }, system),
  place('gcs_features_locked', 'gcsLinux', 'gcs_features', { regset: guarded, offset: 8 }, system),
  place('fpmr', 'fpmr', 'uint64', { regset: regsets.floatingPointMode, offset: 0 }),
  place('syscall_number', 'linux', 'int32', { regset: regsets.systemCall, offset: 0, bits: 32 }, system),
];

export const registerRows: readonly RegisterRow[] = [...core, ...fpu, ...sve, ...others];

/** Lowest parts of vectors, which GDB makes itself. LLDB needs them for floating-point arguments and results. */
const parts = [
  { prefix: 'v', width: 128, type: 'uint128' },
  { prefix: 'd', width: 64, type: 'ieee_double' },
  { prefix: 's', width: 32, type: 'ieee_single' },
] as const;

/** With those for LLDB; the numbers of `rows` are their places. */
export function describedRows(
  rows: readonly RegisterRow[],
): readonly (Omit<RegisterRow, 'storage'> & { readonly lowestPartOf?: number })[] {
  const vectors = [...rows.entries()].filter(([, { name }]) => /^z\d+$/.test(name));
  const added = parts.flatMap(({ prefix, width, type }) =>
    vectors.map(([lowestPartOf], index) => {
      const dwarf = prefix === 'v' ? { dwarf: 64 + index } : {};
      return { name: `${prefix}${index}`, feature: 'sve', width, type, ...dwarf, lowestPartOf } as const;
    }),
  );
  return [...rows, ...added];
}

/** What clients without a description take for granted, on a machine with scalable vectors or without. */
export function undescribedRows(hasScalable: boolean): readonly RegisterRow[] {
  return hasScalable ? [...core, ...narrowVectors, ...sve.filter(isFloatingPointControl)] : [...core, ...fpu];
}

function isFloatingPointControl({ name }: RegisterRow): boolean {
  return name === 'fpsr' || name === 'fpcr';
}

/** Of the target description. */
export function featureNameOf(row: RegisterRow): string {
  return features[row.feature].name;
}
