/**
 * Which class an A64 instruction belongs to, as far as it matters where and how it is executed. Source: Arm Architecture
 * Reference Manual (DDI 0487), C4 "A64 instruction set encoding" and C6; the later branches from Arm's A-profile release.
 */

import type { CodePattern } from '../module.js';

/** Every instruction is a word of this size, little-endian, at a multiple of it. */
export const instructionBytes = 4;

/** Number 31 of a general register: zero in most instructions, the stack pointer in some. */
export const zeroRegister = 31;

export const linkRegister = 30;

/** What is loaded, and into which kind of register; `prefetch` loads nothing. */
export type LiteralForm = 'w' | 'x' | 'sw' | 's' | 'd' | 'q' | 'prefetch';

/** `targets`: what BTYPE must be for it to be reached by an indirect branch in guarded memory, as a set of bits. */
export type Instruction =
  /** Nothing depends on its place, and control goes on behind it. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'nop' }
  /** BTI, PACIASP, PACIBSP. */
  | { readonly kind: 'landing'; readonly targets: number; readonly isNop: boolean }
  | { readonly kind: 'jump'; readonly offset: bigint; readonly isCall: boolean }
  | {
      readonly kind: 'conditional';
      readonly offset: bigint;
      readonly condition: number;
      /** BC.cond, which not every CPU has. */
      readonly isHinted: boolean;
    }
  | {
      readonly kind: 'test';
      readonly offset: bigint;
      readonly register: number;
      /** Of the register's bits: those that are tested. */
      readonly mask: bigint;
      readonly jumpsWhenZero: boolean;
    }
  /** CB<cc>: compares two registers, or a register and a number. */
  | { readonly kind: 'compare'; readonly offset: bigint }
  /** ADR, ADRP. */
  | {
      readonly kind: 'address';
      readonly register: number;
      readonly offset: bigint;
      /** The offset is from the start of the instruction's 4 KiB. */
      readonly isPage: boolean;
    }
  | {
      readonly kind: 'literal';
      readonly register: number;
      readonly offset: bigint;
      readonly form: LiteralForm;
    }
  /** BR, BLR and RET; `isSigned`: those that authenticate the address first. */
  | {
      readonly kind: 'indirect';
      readonly register: number;
      readonly role: 'jump' | 'call' | 'return';
      readonly isSigned: boolean;
    }
  | { readonly kind: 'system-call' }
  /** Traps, faults, or is not for programs: control does not simply go on. */
  | { readonly kind: 'exception' }
  | { readonly kind: 'load-exclusive' }
  | { readonly kind: 'store-exclusive' }
  /** CPY*, SET*: prologue, main part and epilogue, which stand one behind the other. */
  | { readonly kind: 'memory-operation'; readonly part: 0 | 1 | 2 }
  /** MOVPRFX: one with the instruction behind it. */
  | { readonly kind: 'prefix' }
  /** Its own address is one of its operands. */
  | { readonly kind: 'signs-address' }
  /** PACM: makes the next instruction one of these. */
  | { readonly kind: 'sign-modifier' }
  /** TSTART: a debug exception in a transaction ends it. */
  | { readonly kind: 'transaction' }
  /** Of the group of branches, and none that is known. */
  | { readonly kind: 'unknown-branch' };

type Decoder = (word: number) => Instruction;

interface Row {
  readonly mask: number;
  readonly value: number;
  readonly decode: Decoder;
}

function field(word: number, high: number, low: number): number {
  return (word >>> low) & (2 ** (high - low + 1) - 1);
}

/** A branch distance: a signed number of instructions. */
function distance(word: number, high: number, low: number): bigint {
  return BigInt.asIntN(high - low + 1, BigInt(field(word, high, low))) * BigInt(instructionBytes);
}

/** Those of BTYPE's values 1 to 3 that an instruction accepts; SCTLR_EL1.BT0 is set on Linux. */
const accepted = { call: 0b0110, jump: 0b1010, both: 0b1110 } as const;

const hints: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0, { kind: 'nop' }],
  [25, { kind: 'landing', targets: accepted.call, isNop: false }],
  [27, { kind: 'landing', targets: accepted.call, isNop: false }],
  [32, { kind: 'landing', targets: 0, isNop: true }],
  [34, { kind: 'landing', targets: accepted.call, isNop: true }],
  [36, { kind: 'landing', targets: accepted.jump, isNop: true }],
  [38, { kind: 'landing', targets: accepted.both, isNop: true }],
  [39, { kind: 'sign-modifier' }],
]);

const literalForms = [
  ['w', 'x', 'sw', 'prefetch'],
  ['s', 'd', 'q', undefined],
] as const;

/** By the opcode of an indirect branch; with a key of its own only the first two. */
const roles: ReadonlyMap<number, 'jump' | 'call' | 'return'> = new Map([
  [0, 'jump'],
  [1, 'call'],
  [2, 'return'],
  [8, 'jump'],
  [9, 'call'],
]);

const plain: Instruction = { kind: 'plain' };
const exception: Instruction = { kind: 'exception' };
const unknownBranch: Instruction = { kind: 'unknown-branch' };

function always(instruction: Instruction): Decoder {
  return () => instruction;
}

function compareZero(word: number): Instruction {
  const mask = word >>> 31 === 1 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
  return {
    kind: 'test',
    offset: distance(word, 23, 5),
    register: field(word, 4, 0),
    mask,
    jumpsWhenZero: field(word, 24, 24) === 0,
  };
}

function testBit(word: number): Instruction {
  const bit = (field(word, 31, 31) << 5) | field(word, 23, 19);
  return {
    kind: 'test',
    offset: distance(word, 18, 5),
    register: field(word, 4, 0),
    mask: 1n << BigInt(bit),
    jumpsWhenZero: field(word, 24, 24) === 0,
  };
}

function address(word: number): Instruction {
  const isPage = field(word, 31, 31) === 1;
  const number = BigInt.asIntN(21, BigInt((field(word, 23, 5) << 2) | field(word, 30, 29)));
  return {
    kind: 'address',
    register: field(word, 4, 0),
    offset: isPage ? number << 12n : number,
    isPage,
  };
}

function literal(word: number): Instruction {
  const form = literalForms[field(word, 26, 26) === 1 ? 1 : 0][field(word, 31, 30)];
  if (form === undefined) return plain;
  return { kind: 'literal', register: field(word, 4, 0), offset: distance(word, 23, 5), form };
}

/** BR, BLR, RET and the forms that authenticate; ERET and DRPS are not for programs. */
function indirect(word: number): Instruction {
  const operation = field(word, 24, 21);
  if (operation === 4 || operation === 5) return exception;
  const role = roles.get(operation);
  const key = field(word, 15, 10);
  const isSigned = key === 2 || key === 3;
  const isAllocated = isSigned || (key === 0 && operation < 8 && field(word, 4, 0) === 0);
  if (role === undefined || field(word, 20, 16) !== 31 || !isAllocated) return unknownBranch;
  // RETAA, RETAB and their forms with another modifier go by the link register.
  const register = role === 'return' && isSigned ? linkRegister : field(word, 9, 5);
  return { kind: 'indirect', register, role, isSigned };
}

function memoryOperation(word: number): Instruction {
  const operation = field(word, 23, 22);
  const part = operation === 3 ? field(word, 15, 14) : operation;
  return part === 0 || part === 1 || part === 2 ? { kind: 'memory-operation', part } : plain;
}

/** In order: the first that fits decides. */
const rows: readonly Row[] = [
  // Branches to a label.
  {
    mask: 0x7c00_0000,
    value: 0x1400_0000,
    decode: (word) => ({ kind: 'jump', offset: distance(word, 25, 0), isCall: word >>> 31 === 1 }),
  },
  {
    mask: 0xff00_0000,
    value: 0x5400_0000,
    decode: (word) => ({
      kind: 'conditional',
      offset: distance(word, 23, 5),
      condition: field(word, 3, 0),
      isHinted: field(word, 4, 4) === 1,
    }),
  },
  { mask: 0x7e00_0000, value: 0x3400_0000, decode: compareZero },
  { mask: 0x7e00_0000, value: 0x3600_0000, decode: testBit },
  {
    mask: 0x7e00_0000,
    value: 0x7400_0000,
    decode: (word) => ({ kind: 'compare', offset: distance(word, 13, 5) }),
  },
  // Operands relative to the pc.
  { mask: 0x1f00_0000, value: 0x1000_0000, decode: address },
  { mask: 0x3b00_0000, value: 0x1800_0000, decode: literal },
  // RETAASPPC, RETABSPPC: return, with the address of a label as a modifier.
  { mask: 0xffc0_001f, value: 0x5500_001f, decode: always({ kind: 'signs-address' }) },
  { mask: 0xfe00_0000, value: 0xd600_0000, decode: indirect },
  // AUTIASPPC, AUTIBSPPC; PACIASPPC, PACIBSPPC, PACNBIASPPC, PACNBIBSPPC.
  { mask: 0xffc0_001f, value: 0xf380_001f, decode: always({ kind: 'signs-address' }) },
  { mask: 0xffff_fbff, value: 0xdac1_a3fe, decode: always({ kind: 'signs-address' }) },
  { mask: 0xffff_fbff, value: 0xdac1_83fe, decode: always({ kind: 'signs-address' }) },
  // Exceptions: SVC, then HVC, SMC, BRK, HLT, TCANCEL, DCPS; UDF.
  { mask: 0xffe0_001f, value: 0xd400_0001, decode: always({ kind: 'system-call' }) },
  { mask: 0xff00_0000, value: 0xd400_0000, decode: always(exception) },
  { mask: 0xffff_0000, value: 0x0000_0000, decode: always(exception) },
  // Hints, TSTART, and the rest of the system instructions.
  { mask: 0xffff_f01f, value: 0xd503_201f, decode: (word) => hints.get(field(word, 11, 5)) ?? plain },
  { mask: 0xffff_ffe0, value: 0xd523_3060, decode: always({ kind: 'transaction' }) },
  { mask: 0xff00_0000, value: 0xd500_0000, decode: always(plain) },
  { mask: 0x1c00_0000, value: 0x1400_0000, decode: always(unknownBranch) },
  // LDXR and STXR, LDXP and STXP, with LDAXR and so on; LDTXR and STTXR.
  ...[
    [0x3fa0_0000, 0x0800_0000],
    [0xbfa0_0000, 0x8820_0000],
    [0xbfa0_0000, 0x8900_0000],
  ].flatMap(([mask = 0, value = 0]): Row[] => [
    { mask: mask | 0x40_0000, value, decode: always({ kind: 'store-exclusive' }) },
    { mask: mask | 0x40_0000, value: value | 0x40_0000, decode: always({ kind: 'load-exclusive' }) },
  ]),
  { mask: 0xfb20_0c00, value: 0x1900_0400, decode: memoryOperation },
  // MOVPRFX, unpredicated and predicated.
  { mask: 0xffff_fc00, value: 0x0420_bc00, decode: always({ kind: 'prefix' }) },
  { mask: 0xff3e_e000, value: 0x0410_2000, decode: always({ kind: 'prefix' }) },
];

/** Words as they are in memory. */
export function textOf(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * instructionBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * instructionBytes, word, true);
  return bytes;
}

export function decode(word: number): Instruction {
  for (const { mask, value, decode: decodeRow } of rows)
    if ((word & mask) >>> 0 === value >>> 0) return decodeRow(word);
  return plain;
}

/** The instruction at an offset of a text; undefined: it is not all there. */
export function wordAt(text: Uint8Array, offset: number): number | undefined {
  if (offset < 0 || offset + instructionBytes > text.length) return undefined;
  return new DataView(text.buffer, text.byteOffset).getUint32(offset, true);
}

export const loadExclusivePatterns: readonly CodePattern[] = rows
  .filter((row) => row.decode(0).kind === 'load-exclusive')
  .map(({ mask, value }) => ({ bytes: textOf([value]), mask: textOf([mask]) }));
