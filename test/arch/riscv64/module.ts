/**
 * 64-bit RISC-V Linux, as far as a debugger needs it to show threads: an exercise in what a machine costs. Registers:
 * struct user_regs_struct and struct __riscv_d_ext_state, <asm/ptrace.h>; numbers of system calls: <asm-generic/unistd.h>;
 * instructions: "The RISC-V Instruction Set Manual", volume I.
 */
import type {
  ArchModule,
  DebugRegisters,
  Register,
  RegisterFile,
  RegisterRole,
  RegsetAccess,
} from '../../../arch/module.js';
import { type DescribedRegister, targetDescription } from '../../../arch/target-description.js';

const wordBytes = 8;
const general = { name: 'general', noteType: 1, sizeBytes: 32 * wordBytes } as const;
const floatingPoint = { name: 'floating-point', noteType: 2, sizeBytes: 33 * wordBytes } as const;
const regsets = [general, floatingPoint];

const features = {
  cpu: { name: 'org.gnu.gdb.riscv.cpu', types: [] },
  fpu: { name: 'org.gnu.gdb.riscv.fpu', types: [] },
} as const;

interface Row extends DescribedRegister<keyof typeof features> {
  /** Byte offset in its regset; undefined: it is 0 and stays so. */
  readonly offset: number | undefined;
}

const generalNames =
  'zero ra sp gp tp t0 t1 t2 fp s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
    ' ',
  );
const floatNames =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  );
const roles: Readonly<Record<string, RegisterRole>> = {
  ra: 'return-address',
  sp: 'sp',
  fp: 'fp',
  tp: 'thread-pointer',
  a7: 'syscall-number',
};
const pointers: ReadonlySet<string> = new Set(['sp', 'gp', 'tp', 'fp']);

/** The kernel keeps the pc where the register that is always 0 would be. */
function offsetOf(name: string): number {
  return generalNames.indexOf(name) * wordBytes;
}

function generalRow(name: string, index: number): Row {
  const role = roles[name];
  const argument = /^a[0-7]$/.test(name) ? Number(name[1]) + 1 : undefined;
  return {
    name,
    feature: 'cpu',
    bits: 64,
    type: name === 'ra' ? 'code_ptr' : pointers.has(name) ? 'data_ptr' : 'int',
    dwarf: index,
    offset: index === 0 ? undefined : index * wordBytes,
    ...(role === undefined ? {} : { role }),
    ...(argument === undefined ? {} : { argument }),
  };
}

const rows: readonly Row[] = [
  ...generalNames.map(generalRow),
  { name: 'pc', feature: 'cpu', bits: 64, type: 'code_ptr', role: 'pc', offset: 0 },
  ...floatNames.map(
    (name, index): Row => ({
      name,
      feature: 'fpu',
      bits: 64,
      type: 'ieee_double',
      group: 'float',
      dwarf: 32 + index,
      offset: index * wordBytes,
    }),
  ),
  { name: 'fcsr', feature: 'fpu', bits: 32, type: 'int', group: 'float', offset: 32 * wordBytes },
];

const registers: readonly Register[] = rows.map(
  ({ name, bits, type, group, role, argument, dwarf, feature, offset }, number) => ({
    name,
    number,
    bits,
    regset: feature === 'cpu' ? general.name : floatingPoint.name,
    offset: offset ?? 0,
    feature: features[feature].name,
    type,
    group,
    role,
    argument,
    dwarf,
  }),
);
const byName = new Map(registers.map((register) => [register.name, register]));

function required(register: Register | undefined): Register {
  if (register === undefined) throw new RangeError('riscv64 has no such register');
  return register;
}

function read({ number, bits, regset, offset }: Register, access: RegsetAccess): Uint8Array | undefined {
  if (number === 0) return new Uint8Array(wordBytes);
  return access.read(regset)?.slice(offset, offset + bits / 8);
}

function write({ number, bits, regset, offset }: Register, value: Uint8Array, access: RegsetAccess): boolean {
  if (value.length !== bits / 8) throw new RangeError(`${value.length} bytes are no value of ${bits} bits`);
  const bytes = number === 0 ? undefined : access.read(regset)?.slice();
  if (bytes === undefined) return false;
  bytes.set(value, offset);
  return access.write(regset, bytes);
}

const registerFile: RegisterFile = {
  regsets,
  registers,
  undescribed: registers.filter(({ regset }) => regset === general.name),
  bulkCount: registers.length,
  expedited: ['pc', 'sp', 'fp'].map((name) => required(byName.get(name)).number),
  general: registers.filter(({ regset }) => regset === general.name).map(({ number }) => number),
  targetDescription: targetDescription('riscv:rv64', features, rows),
  fitTo: () => registerFile,
  byRole: (role) => required(registers.find((register) => register.role === role)),
  byName: (name) => byName.get(name),
  decidedBy: ({ number, regset, offset, bits }) =>
    number === 0 ? [] : [{ regset, offset, lengthBytes: bits / 8 }],
  read,
  write,
};

/** Linux has no interface to them on this machine. */
const debugRegisters: DebugRegisters = {
  none: { slots: [] },
  trapsAfterWrite: false,
  watchpointSlots: 0,
  supports: () => false,
  allocate: (points) => (points.length === 0 ? { slots: [] } : undefined),
  stores: () => [],
  hits: { kind: 'address', sets: [] },
};

const environmentCall = Uint8Array.of(0x73, 0, 0, 0);
const argumentOffsets = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map(offsetOf);
const stackPointer = 2;
/** struct rt_sigframe: siginfo_t, then struct ucontext with uc_mcontext from 176 on. */
const savedRegisters = 128 + 176;

export const riscv64: ArchModule = {
  name: 'riscv64',
  target: 'riscv64-unknown',
  isDescribedUnasked: true,
  /** EM_RISCV, ELFCLASS64: <elf.h>. */
  elfMachine: 243,
  elfClass: 2,
  pointerBytes: 8,
  breakpoint: {
    /** `c.ebreak` */
    bytes: Uint8Array.of(0x02, 0x90),
    pcOffset: 0,
    lookalikes: [{ bytes: Uint8Array.of(0x73, 0, 0x10, 0), mask: new Uint8Array(4) }],
  },
  trapCodes: { breakpoint: 1, breakpoints: [1], callStep: 0 },
  instructionAlignment: 1,
  addressMask: (1n << 64n) - 1n,
  hasCoherentText: false,
  lastingSteps: undefined,
  registerFile: () => registerFile,
  debugRegisters: () => debugRegisters,
  planReach: { fromBytes: 4, beforeBytes: 0 },
  slotBytes: 16,
  plan: () => ({ kind: 'refuse', reason: 'nothing is planned for this machine' }),
  sequences: undefined,
  guardedMemory: undefined,
  flow: () => undefined,
  transfers: (text) => new Uint8Array(text.length),
  guardedStack: () => undefined,
  taggedMemory: () => undefined,
  returnMark: () => 0n,
  syscall: {
    instruction: environmentCall,
    /** `ecall; j .` */
    parkingCode: Uint8Array.of(...environmentCall, 0x6f, 0, 0, 0),
    instructions: [environmentCall],
    numberOffset: offsetOf('a7'),
    currentNumber: { kind: 'register', offset: offsetOf('a7') },
    argumentOffsets,
    resultOffset: offsetOf('a0'),
    restartOffset: undefined,
    isRewoundEarly: true,
    endMarkOffset: undefined,
    nextAddressOffset: undefined,
    savedFlagsOffset: undefined,
    numbers: { mmap: 222, munmap: 215, close: 57, seccomp: 277, prctl: 167, rtSigaction: 134 },
  },
  general: {
    noteType: general.noteType,
    sizeBytes: general.sizeBytes,
    registerBytes: wordBytes,
    pcOffset: 0,
    pcUserOffset: undefined,
    spOffset: offsetOf('sp'),
    flagsOffset: 0,
    trapFlag: 0n,
    alignmentFlag: 0n,
    branchTargetFlags: 0n,
    linkOffset: offsetOf('ra'),
  },
  functionCall: { argumentOffsets, resultOffset: offsetOf('a0'), stackAlignmentBytes: 16, redZoneBytes: 0 },
  signalFrames: [{ pcOffset: savedRegisters, flagsOffset: savedRegisters }],
  threadLocal: { pointer: { kind: 'register' }, dtvOffset: -8, variant: 1 },
  frames: {
    stackPointer,
    framePointer: 8,
    programCounter: 64,
    linkRegister: 1,
    redZoneBytes: 0,
    returnAddressMask: (1n << 64n) - 1n,
    signalTrampolines: [],
  },
  orphanHandler: undefined,
  coreFile: { userIdBytes: 4, notes: () => [floatingPoint], machineNotes: () => [] },
  siginfo: undefined,
};
