/**
 * The registers of 32-bit programs: the one table from which numbers, target description, `g` layout and storage
 * follow. The order is the order of numbers on the wire and that of gdbserver; where a feature is absent the following
 * numbers move down. DWARF numbers: System V psABI for i386, table 2.14.
 */
import { acceptsSelector, type Details, type RegisterRow, writableFlags } from '../x86/register-row.js';
import { avx, floatingPoint, opmasks, protectionKeys, sse, zmmUpper } from '../x86/state-registers.js';
import { type GeneralSlot, generalSet } from './regsets.js';

function general(name: GeneralSlot, type: string, details: Details = {}): RegisterRow {
  const storage = { kind: 'general', offset: generalSet.offsetOf(name) } as const;
  return { name, feature: 'core', bits: 32, type, storage, ...details };
}

function segment(name: GeneralSlot, dwarf: number, mayBeNull: boolean): RegisterRow {
  return general(name, 'int32', { dwarf, accepts: acceptsSelector(mayBeNull) });
}

const core: readonly RegisterRow[] = [
  general('eax', 'int32', { dwarf: 0 }),
  general('ecx', 'int32', { dwarf: 1 }),
  general('edx', 'int32', { dwarf: 2 }),
  general('ebx', 'int32', { dwarf: 3 }),
  general('esp', 'data_ptr', { dwarf: 4, role: 'sp' }),
  general('ebp', 'data_ptr', { dwarf: 5, role: 'fp' }),
  general('esi', 'int32', { dwarf: 6 }),
  general('edi', 'int32', { dwarf: 7 }),
  general('eip', 'code_ptr', { dwarf: 8, role: 'pc' }),
  general('eflags', 'i386_eflags', { dwarf: 9, role: 'flags', writableBits: writableFlags }),
  segment('cs', 41, false),
  segment('ss', 42, false),
  segment('ds', 43, true),
  segment('es', 40, true),
  segment('fs', 44, true),
  segment('gs', 45, true),
];

/** The number of the system call that the thread is in, or -1. */
const systemCall: RegisterRow = {
  ...general('orig_eax', 'int', { role: 'syscall-number' }),
  feature: 'linux',
};

const vectorCount = 8;

export const registerRows: readonly RegisterRow[] = [
  ...core,
  ...floatingPoint({ st0: 11, fctrl: 37, fstat: 38 }),
  ...sse(vectorCount, { xmm0: 21, mxcsr: 39 }),
  systemCall,
  ...avx(vectorCount),
  ...opmasks(93),
  ...zmmUpper(vectorCount),
  protectionKeys,
];
