/**
 * The registers of x86-64: the one table from which numbers, target description, `g` layout and storage follow.
 * The order is the order of numbers on the wire and that of gdbserver; where a feature is absent the following
 * numbers move down. DWARF numbers: System V psABI for AMD64, figure 3.36.
 */
import type { RegisterRole } from '../module.js';
import type { FeatureKey } from './features.js';
import { type GeneralSlot, generalOffset } from './regsets.js';
import {
  type Component,
  component,
  initialControlWord,
  initialMxcsr,
  initialTagWord,
  mxcsrOwners,
  writableMxcsrBits,
} from './xsave.js';

/** Where the bytes of a register are kept. */
export type Storage =
  /** A slot of 8 bytes in the general regset. */
  | { readonly kind: 'general'; readonly offset: number }
  /** In the state regset. All owners initial: the value is `initial`. The first owner is activated by a write. */
  | {
      readonly kind: 'state';
      readonly owners: readonly [Component, ...Component[]];
      /** From the start of the first owner's block; in the legacy part from the start of the set. */
      readonly offset: number;
      /** May be less than the register has: the rest reads as zero. */
      readonly sizeBytes: number;
      readonly initial: number;
      /** Kept in another form than clients see. */
      readonly form: 'plain' | 'abridged-tags';
    };

export interface RegisterRow {
  readonly name: string;
  readonly feature: FeatureKey;
  readonly bits: number;
  readonly type: string;
  readonly storage: Storage;
  readonly group?: 'float' | 'vector';
  readonly role?: RegisterRole;
  readonly dwarf?: number;
  /** Second name, and place among the arguments of a call: for LLDB. */
  readonly altName?: string;
  readonly argument?: 1 | 2 | 3 | 4 | 5 | 6;
  /** Bits that a write changes; the kernel keeps the others as they are. Default: all. */
  readonly writableBits?: bigint;
  /** Whether the kernel takes the value. Default: any. `set`: the regset that holds the register. */
  readonly accepts?: (value: bigint, set: Uint8Array) => boolean;
}

type Details = Omit<RegisterRow, 'name' | 'feature' | 'bits' | 'type' | 'storage'>;

/** X86_EFLAGS_*: CF PF AF ZF SF TF DF OF NT RF AC, what the kernel's ptrace lets a tracer change. */
const writableFlags = 0x54dd5n;

function general(name: GeneralSlot, type: string, details: Details = {}): RegisterRow {
  return {
    name,
    feature: 'core',
    bits: 64,
    type,
    storage: { kind: 'general', offset: generalOffset(name) },
    ...details,
  };
}

/** The kernel takes selectors of user segments; cs and ss cannot be empty. */
function segment(name: GeneralSlot, dwarf: number, mayBeNull: boolean): RegisterRow {
  const accepts = (value: bigint) => (value === 0n ? mayBeNull : (value & 3n) === 3n) && value <= 0xffffn;
  return { ...general(name, 'int32', { dwarf, accepts }), bits: 32 };
}

/** The kernel refuses addresses of its own half. */
function base(name: GeneralSlot, details: Details): RegisterRow {
  const accepts = (value: bigint) => value >> 63n === 0n;
  return { ...general(name, 'int', { ...details, accepts }), feature: 'segments' };
}

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

interface Block {
  readonly count: number;
  readonly feature: FeatureKey;
  readonly bits: number;
  readonly type: string;
  readonly owner: Component;
  /** Of the first register, and from one to the next. */
  readonly offset: number;
  readonly strideBytes: number;
  readonly group: 'float' | 'vector';
  readonly firstDwarf?: number;
}

/** Registers of one kind that lie at equal distances. */
function block(nameOf: (index: number) => string, shape: Block): RegisterRow[] {
  const { count, feature, bits, type, owner, offset, strideBytes, group, firstDwarf } = shape;
  return Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    feature,
    bits,
    type,
    group,
    storage: {
      kind: 'state',
      owners: [owner],
      offset: offset + index * strideBytes,
      sizeBytes: bits / 8,
      initial: 0,
      form: 'plain',
    },
    ...(firstDwarf === undefined ? {} : { dwarf: firstDwarf + index }),
  }));
}

const core: readonly RegisterRow[] = [
  general('rax', 'int64', { dwarf: 0 }),
  general('rbx', 'int64', { dwarf: 3 }),
  general('rcx', 'int64', { dwarf: 2, argument: 4 }),
  general('rdx', 'int64', { dwarf: 1, argument: 3 }),
  general('rsi', 'int64', { dwarf: 4, argument: 2 }),
  general('rdi', 'int64', { dwarf: 5, argument: 1 }),
  general('rbp', 'data_ptr', { dwarf: 6, role: 'fp' }),
  general('rsp', 'data_ptr', { dwarf: 7, role: 'sp' }),
  general('r8', 'int64', { dwarf: 8, argument: 5 }),
  general('r9', 'int64', { dwarf: 9, argument: 6 }),
  general('r10', 'int64', { dwarf: 10 }),
  general('r11', 'int64', { dwarf: 11 }),
  general('r12', 'int64', { dwarf: 12 }),
  general('r13', 'int64', { dwarf: 13 }),
  general('r14', 'int64', { dwarf: 14 }),
  general('r15', 'int64', { dwarf: 15 }),
  general('rip', 'code_ptr', { dwarf: 16, role: 'pc' }),
  {
    ...general('eflags', 'i386_eflags', { dwarf: 49, role: 'flags', altName: 'rflags' }),
    bits: 32,
    writableBits: writableFlags,
  },
  segment('cs', 51, false),
  segment('ss', 52, false),
  segment('ds', 53, true),
  segment('es', 50, true),
  segment('fs', 54, true),
  segment('gs', 55, true),
];

/** FXSAVE area, SDM volume 1, 10.5.1. fiseg and foseg are the upper halves of its 64-bit pointers. */
const floatingPoint: readonly RegisterRow[] = [
  ...block((index) => `st${index}`, {
    count: 8,
    feature: 'core',
    bits: 80,
    type: 'i387_ext',
    owner: component.x87,
    offset: 32,
    strideBytes: 16,
    group: 'float',
    firstDwarf: 33,
  }),
  x87('fctrl', 0, 2, initialControlWord, { dwarf: 65 }),
  x87('fstat', 2, 2, 0, { dwarf: 66 }),
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

const sse: readonly RegisterRow[] = [
  ...block((index) => `xmm${index}`, {
    count: 16,
    feature: 'sse',
    bits: 128,
    type: 'vec128',
    owner: component.sse,
    offset: 160,
    strideBytes: 16,
    group: 'vector',
    firstDwarf: 17,
  }),
  {
    name: 'mxcsr',
    feature: 'sse',
    bits: 32,
    type: 'i386_mxcsr',
    group: 'vector',
    dwarf: 64,
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

/** `orig_rax` is the number of the system call that the thread is in, or -1. */
const system: readonly RegisterRow[] = [
  { ...general('orig_rax', 'int', { role: 'syscall-number' }), feature: 'linux' },
  base('fs_base', { dwarf: 58, role: 'thread-pointer' }),
  base('gs_base', { dwarf: 59 }),
];

const avx = block((index) => `ymm${index}h`, {
  count: 16,
  feature: 'avx',
  bits: 128,
  type: 'uint128',
  owner: component.avx,
  offset: 0,
  strideBytes: 16,
  group: 'vector',
});

/** Component 7 holds zmm16 to zmm31 whole, 64 bytes each; components 6 and 2 hold pieces of zmm0 to zmm15. */
const high16 = {
  count: 16,
  feature: 'avx512',
  owner: component.zmmHigh16,
  strideBytes: 64,
  group: 'vector',
} as const;

const avx512: readonly RegisterRow[] = [
  ...block((index) => `xmm${index + 16}`, {
    ...high16,
    bits: 128,
    type: 'vec128',
    offset: 0,
    firstDwarf: 67,
  }),
  ...block((index) => `ymm${index + 16}h`, { ...high16, bits: 128, type: 'uint128', offset: 16 }),
  ...block((index) => `k${index}`, {
    count: 8,
    feature: 'avx512',
    bits: 64,
    type: 'uint64',
    owner: component.opmask,
    offset: 0,
    strideBytes: 8,
    group: 'vector',
    firstDwarf: 118,
  }),
  ...block((index) => `zmm${index}h`, {
    count: 16,
    feature: 'avx512',
    bits: 256,
    type: 'v2ui128',
    owner: component.zmmUpper,
    offset: 0,
    strideBytes: 32,
    group: 'vector',
  }),
  ...block((index) => `zmm${index + 16}h`, { ...high16, bits: 256, type: 'v2ui128', offset: 32 }),
];

const protectionKeys: RegisterRow = {
  name: 'pkru',
  feature: 'pkeys',
  bits: 32,
  type: 'uint32',
  storage: { kind: 'state', owners: [component.pkru], offset: 0, sizeBytes: 4, initial: 0, form: 'plain' },
};

export const registerRows: readonly RegisterRow[] = [
  ...core,
  ...floatingPoint,
  ...sse,
  ...system,
  ...avx,
  ...avx512,
  protectionKeys,
];
