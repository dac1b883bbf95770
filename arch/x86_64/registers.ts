/**
 * The registers of x86-64: the one table from which numbers, target description, `g` layout and storage follow.
 * The order is the order of numbers on the wire and that of gdbserver; where a feature is absent the following
 * numbers move down. DWARF numbers: System V psABI for AMD64, figure 3.36.
 */
import {
  acceptsSelector,
  block,
  type Details,
  type RegisterRow,
  writableFlags,
} from '../x86/register-row.js';
import { avx, floatingPoint, opmasks, protectionKeys, sse, zmmUpper } from '../x86/state-registers.js';
import { component } from '../x86/xsave.js';
import { type GeneralSlot, generalSet } from './regsets.js';

function general(name: GeneralSlot, type: string, details: Details = {}): RegisterRow {
  return {
    name,
    feature: 'core',
    bits: 64,
    type,
    storage: { kind: 'general', offset: generalSet.offsetOf(name) },
    ...details,
  };
}

function segment(name: GeneralSlot, dwarf: number, mayBeNull: boolean): RegisterRow {
  return { ...general(name, 'int32', { dwarf, accepts: acceptsSelector(mayBeNull) }), bits: 32 };
}

/** The kernel refuses addresses of its own half. */
function base(name: GeneralSlot, details: Details): RegisterRow {
  const accepts = (value: bigint) => value >> 63n === 0n;
  return { ...general(name, 'int', { ...details, accepts }), feature: 'segments' };
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

/** `orig_rax` is the number of the system call that the thread is in, or -1. */
const system: readonly RegisterRow[] = [
  { ...general('orig_rax', 'int', { role: 'syscall-number' }), feature: 'linux' },
  base('fs_base', { dwarf: 58, role: 'thread-pointer' }),
  base('gs_base', { dwarf: 59 }),
];

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
  ...opmasks(118),
  ...zmmUpper(16),
  ...block((index) => `zmm${index + 16}h`, { ...high16, bits: 256, type: 'v2ui128', offset: 32 }),
];

export const registerRows: readonly RegisterRow[] = [
  ...core,
  ...floatingPoint({ st0: 33, fctrl: 65, fstat: 66 }),
  ...sse(16, { xmm0: 17, mxcsr: 64 }),
  ...system,
  ...avx(16),
  ...avx512,
  protectionKeys,
];
