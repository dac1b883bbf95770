/** The features of the target description, in the order of the register numbers: which machine has them, and their types. */
import type { MachineFacts } from '../module.js';
import type { FeatureTypes, TypeRow } from '../target-description.js';
import { quadwordBytes } from './regsets.js';

/** <asm/hwcap.h>. */
const capabilities = {
  scalable: 1n << 22n,
  dataIndependentTiming: 1n << 24n,
  speculativeStoreBypass: 1n << 28n,
  pointerAuthentication: 1n << 30n,
  guardedStack: 1n << 32n,
} as const;
const capabilities2 = {
  tags: 1n << 18n,
  matrix: 1n << 23n,
  /** HWCAP2_SME2 and HWCAP2_SME2P1. */
  matrix2: (1n << 37n) | (1n << 38n),
  floatingPointMode: 1n << 48n,
} as const;

/** What registers' widths depend on: bytes of a vector, and of one in streaming mode. */
export interface Widths {
  readonly vectorBytes: number;
  readonly streamingVectorBytes: number;
}

interface FeatureRow {
  readonly name: string;
  readonly isThere: (machine: MachineFacts) => boolean;
  readonly types: (widths: Widths) => readonly TypeRow[];
}

const always = (): boolean => true;
const noTypes = (): readonly TypeRow[] => [];

export function hasScalableVectors({ hwcap }: MachineFacts): boolean {
  return (hwcap & capabilities.scalable) !== 0n;
}

/** PSTATE.DIT: whether data may decide how long instructions take. */
export function hasDataIndependentTiming({ hwcap }: MachineFacts): boolean {
  return (hwcap & capabilities.dataIndependentTiming) !== 0n;
}

/** PSTATE.SSBS: whether loads may be speculated past stores. */
export function hasSpeculativeStoreBypass({ hwcap }: MachineFacts): boolean {
  return (hwcap & capabilities.speculativeStoreBypass) !== 0n;
}

export function hasGuardedStack({ hwcap }: MachineFacts): boolean {
  return (hwcap & capabilities.guardedStack) !== 0n;
}

export function hasStreamingMode({ hwcap2 }: MachineFacts): boolean {
  return (hwcap2 & capabilities2.matrix) !== 0n;
}

export function hasMemoryTags({ hwcap2 }: MachineFacts): boolean {
  return (hwcap2 & capabilities2.tags) !== 0n;
}

/** PSTATE as SPSR_EL1 shows it, Arm Architecture Reference Manual, C5.2. */
const cpsr: TypeRow = {
  kind: 'flags',
  id: 'cpsr_flags',
  sizeBytes: 4,
  bits: [
    ['SP', 0],
    ['EL', 2, 3],
    ['nRW', 4],
    ['F', 6],
    ['I', 7],
    ['A', 8],
    ['D', 9],
    ['BTYPE', 10, 11],
    ['SSBS', 12],
    ['IL', 20],
    ['SS', 21],
    ['PAN', 22],
    ['UAO', 23],
    ['DIT', 24],
    ['TCO', 25],
    ['V', 28],
    ['C', 29],
    ['Z', 30],
    ['N', 31],
  ],
};

const fpsr: TypeRow = {
  kind: 'flags',
  id: 'fpsr_flags',
  sizeBytes: 4,
  bits: [
    ['IOC', 0],
    ['DZC', 1],
    ['OFC', 2],
    ['UFC', 3],
    ['IXC', 4],
    ['IDC', 7],
    ['QC', 27],
    ['V', 28],
    ['C', 29],
    ['Z', 30],
    ['N', 31],
  ],
};

const fpcr: TypeRow = {
  kind: 'flags',
  id: 'fpcr_flags',
  sizeBytes: 4,
  bits: [
    ['FIZ', 0],
    ['AH', 1],
    ['NEP', 2],
    ['IOE', 8],
    ['DZE', 9],
    ['OFE', 10],
    ['UFE', 11],
    ['IXE', 12],
    ['EBF', 13],
    ['IDE', 15],
    ['Len', 16, 18],
    ['FZ16', 19],
    ['Stride', 20, 21],
    ['RMode', 22, 23],
    ['FZ', 24],
    ['DN', 25],
    ['AHP', 26],
  ],
};

/** The views of a vector; the member names are those that expressions like `$v0.d.f` use. */
const elements: readonly {
  readonly member: string;
  readonly bytes: number;
  readonly types: readonly (readonly [member: string, type: string])[];
}[] = [
  {
    member: 'q',
    bytes: 16,
    types: [
      ['u', 'uint128'],
      ['s', 'int128'],
    ],
  },
  {
    member: 'd',
    bytes: 8,
    types: [
      ['f', 'ieee_double'],
      ['u', 'uint64'],
      ['s', 'int64'],
    ],
  },
  {
    member: 's',
    bytes: 4,
    types: [
      ['f', 'ieee_single'],
      ['u', 'uint32'],
      ['s', 'int32'],
    ],
  },
  {
    member: 'h',
    bytes: 2,
    types: [
      ['bf', 'bfloat16'],
      ['f', 'ieee_half'],
      ['u', 'uint16'],
      ['s', 'int16'],
    ],
  },
  {
    member: 'b',
    bytes: 1,
    types: [
      ['u', 'uint8'],
      ['s', 'int8'],
    ],
  },
];

/** A union `id` of every view of so many bytes, in this order, with types whose names begin with `prefix`. */
function views(id: string, prefix: string, sizeBytes: number, order: string): readonly TypeRow[] {
  const parts = elements.flatMap(({ member, bytes, types }): TypeRow[] => [
    ...types.map(
      ([name, element]): TypeRow => ({
        kind: 'vector',
        id: `${prefix}${member}${name}`,
        element,
        count: sizeBytes / bytes,
      }),
    ),
    {
      kind: 'union',
      id: `${prefix}n${member}`,
      members: types.map(([name]) => [name, `${prefix}${member}${name}`] as const),
    },
  ]);
  const members = [...order].map((member) => [member, `${prefix}n${member}`] as const);
  return [...parts, { kind: 'union', id, members }];
}

function bytesVector(id: string, count: number): TypeRow {
  return { kind: 'vector', id, element: 'uint8', count };
}

export const features = {
  core: { name: 'org.gnu.gdb.aarch64.core', isThere: always, types: () => [cpsr] },
  fpu: {
    name: 'org.gnu.gdb.aarch64.fpu',
    isThere: (machine) => !hasScalableVectors(machine),
    types: () => [...views('aarch64v', 'v', quadwordBytes, 'dshbq'), fpsr, fpcr],
  },
  sve: {
    name: 'org.gnu.gdb.aarch64.sve',
    isThere: hasScalableVectors,
    types: ({ vectorBytes }) => [
      ...views('svev', 'svev', vectorBytes, 'qdshb'),
      bytesVector('svep', vectorBytes / 8),
      fpsr,
      fpcr,
    ],
  },
  pauth: {
    name: 'org.gnu.gdb.aarch64.pauth',
    isThere: ({ hwcap }) => (hwcap & capabilities.pointerAuthentication) !== 0n,
    types: noTypes,
  },
  mte: {
    name: 'org.gnu.gdb.aarch64.mte',
    isThere: hasMemoryTags,
    types: noTypes,
  },
  tls: { name: 'org.gnu.gdb.aarch64.tls', isThere: always, types: noTypes },
  sme: {
    name: 'org.gnu.gdb.aarch64.sme',
    isThere: hasStreamingMode,
    types: ({ streamingVectorBytes }) => [
      {
        kind: 'flags',
        id: 'svcr_flags',
        sizeBytes: 8,
        bits: [
          ['SM', 0],
          ['ZA', 1],
        ],
      },
      bytesVector('sme_bv', streamingVectorBytes),
      { kind: 'vector', id: 'sme_bvv', element: 'sme_bv', count: streamingVectorBytes },
    ],
  },
  sme2: {
    name: 'org.gnu.gdb.aarch64.sme2',
    isThere: ({ hwcap2 }) => (hwcap2 & capabilities2.matrix2) !== 0n,
    types: () => [bytesVector('sme2_bv', 64)],
  },
  gcs: {
    name: 'org.gnu.gdb.aarch64.gcs',
    isThere: hasGuardedStack,
    types: noTypes,
  },
  gcsLinux: {
    name: 'org.gnu.gdb.aarch64.gcs.linux',
    isThere: hasGuardedStack,
    types: () => [
      {
        kind: 'flags',
        id: 'gcs_features',
        sizeBytes: 8,
        bits: [
          ['PR_SHADOW_STACK_ENABLE', 0],
          ['PR_SHADOW_STACK_WRITE', 1],
          ['PR_SHADOW_STACK_PUSH', 2],
        ],
      },
    ],
  },
  fpmr: {
    name: 'org.gnu.gdb.aarch64.fpmr',
    isThere: ({ hwcap2 }) => (hwcap2 & capabilities2.floatingPointMode) !== 0n,
    types: noTypes,
  },
  linux: { name: 'org.outstep.aarch64.linux', isThere: always, types: noTypes },
} as const satisfies Readonly<Record<string, FeatureRow>>;

export type FeatureKey = keyof typeof features;

/** With the types that registers of these widths have. */
export function featureTypes(widths: Widths): Readonly<Record<FeatureKey, FeatureTypes>> {
  const rows = Object.entries(features).map(([key, { name, types }]) => [
    key,
    { name, types: types(widths) },
  ]);
  return Object.fromEntries(rows) as Record<FeatureKey, FeatureTypes>;
}
