/**
 * The structure of one instruction of 64-bit or 32-bit code: its length and where its fields lie, which is all that
 * moving it elsewhere needs. Sources: Intel SDM volume 2 chapter 2, AMD APM volume 3 chapter 1.
 *
 * What some CPU may execute is decoded exactly. Of what no CPU executes, some is decoded by the layout of its opcode
 * (a form that faults has no length that could matter) and some is not; what only newer CPUs execute (REX2, EVEX map 4)
 * is not.
 */
import type { CodeBits } from './code-mode.js';
import { type Encoding, type ImmediateKind, layoutOf } from './decode-tables.js';

export interface Prefixes {
  /** 66. */
  readonly operandSize: boolean;
  /** 67. */
  readonly addressSize: boolean;
  /** F0. */
  readonly lock: boolean;
  /** The last of F2 and F3. */
  readonly repeat: 0xf2 | 0xf3 | undefined;
  /** The last segment prefix that has a meaning in such code: in 64-bit code 64 (fs) and 65 (gs) alone. */
  readonly segment: number | undefined;
  /** W, R, X and B as bits 3 to 0; 0 when there is no REX directly before the opcode, as in 32-bit code. */
  readonly rex: number;
}

/** The fields as they stand in the byte, without extension bits. */
export interface ModRm {
  readonly mod: number;
  readonly reg: number;
  readonly rm: number;
}

/** The fields of the byte that follows ModRM where the operand has an index, without extension bits. */
export interface Sib {
  /** The exponent: 0 to 3. */
  readonly scale: number;
  readonly index: number;
  readonly base: number;
}

/** Place of a little-endian number inside the instruction. */
export interface Field {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface Instruction {
  readonly lengthBytes: number;
  readonly encoding: Encoding;
  /** Legacy: 0 one-byte, 1 0F, 2 0F38, 3 0F3A. Otherwise the number in the prefix. */
  readonly map: number;
  readonly opcode: number;
  readonly prefixes: Prefixes;
  readonly modRm: ModRm | undefined;
  readonly sib: Sib | undefined;
  /** Displacement of the memory operand, or the absolute address of mov A0 to A3. */
  readonly displacement: Field | undefined;
  /** All immediates together; the relative displacement of a branch; the opcode of 3DNow!. */
  readonly immediate: Field | undefined;
  /** The memory operand is relative to the end of the instruction. */
  readonly isRipRelative: boolean;
  /** `immediate` is relative to the end of the instruction. */
  readonly isRelativeBranch: boolean;
}

/** Longer ones fault. */
export const maxInstructionBytes = 15;

const rexW = 8;

/** Where decoding stands after the opcode. */
interface Opening {
  readonly encoding: Encoding;
  readonly map: number;
  readonly opcode: number;
  /** Offset of what follows the opcode. */
  readonly next: number;
}

const noPrefixes: Prefixes = {
  operandSize: false,
  addressSize: false,
  lock: false,
  repeat: undefined,
  segment: undefined,
  rex: 0,
};

const flatSegments = [0x26, 0x2e, 0x36, 0x3e];

function prefixEffects(bits: CodeBits): ReadonlyMap<number, Partial<Prefixes>> {
  return new Map<number, Partial<Prefixes>>([
    [0x66, { operandSize: true }],
    [0x67, { addressSize: true }],
    [0xf0, { lock: true }],
    [0xf2, { repeat: 0xf2 }],
    [0xf3, { repeat: 0xf3 }],
    ...flatSegments.map((segment): [number, Partial<Prefixes>] => [segment, bits === 64 ? {} : { segment }]),
    [0x64, { segment: 0x64 }],
    [0x65, { segment: 0x65 }],
  ]);
}

const legacyPrefixes = { 32: prefixEffects(32), 64: prefixEffects(64) } as const;

interface Preamble {
  readonly prefixes: Prefixes;
  readonly hasRex: boolean;
  /** Offset of what follows the prefixes. */
  readonly next: number;
}

function readPrefixes(bytes: Uint8Array, bits: CodeBits): Preamble {
  let prefixes = noPrefixes;
  let hasRex = false;
  for (let next = 0; ; next++) {
    const byte = bytes[next] ?? 0;
    const effect = legacyPrefixes[bits].get(byte);
    const isRex = bits === 64 && (byte & 0xf0) === 0x40;
    if (effect === undefined && !isRex) return { prefixes, next, hasRex };
    // A REX that another prefix follows has no effect.
    hasRex = effect === undefined;
    prefixes = { ...prefixes, ...effect, rex: hasRex ? byte & 0xf : 0 };
  }
}

function openLegacy(bytes: Uint8Array, at: number): Opening {
  const opcode = bytes[at] ?? 0;
  if (opcode !== 0x0f) return { encoding: 'legacy', map: 0, opcode, next: at + 1 };
  const second = bytes[at + 1] ?? 0;
  if (second === 0x0f) return { encoding: '3dnow', map: 0, opcode: second, next: at + 2 };
  if (second !== 0x38 && second !== 0x3a) return { encoding: 'legacy', map: 1, opcode: second, next: at + 2 };
  return { encoding: 'legacy', map: second === 0x38 ? 2 : 3, opcode: bytes[at + 2] ?? 0, next: at + 3 };
}

function openVex2(bytes: Uint8Array, at: number): Opening {
  return { encoding: 'vex', map: 1, opcode: bytes[at + 2] ?? 0, next: at + 3 };
}

function openVex3(bytes: Uint8Array, at: number): Opening {
  return { encoding: 'vex', map: (bytes[at + 1] ?? 0) & 0x1f, opcode: bytes[at + 3] ?? 0, next: at + 4 };
}

function openEvex(bytes: Uint8Array, at: number): Opening | undefined {
  const [first = 0, second = 0] = bytes.subarray(at + 1);
  // Bit 3 of the first byte and the inverse of bit 2 of the second extend register numbers on APX CPUs alone.
  if ((first & 0x08) !== 0 || (second & 0x04) === 0) return undefined;
  return { encoding: 'evex', map: first & 7, opcode: bytes[at + 4] ?? 0, next: at + 5 };
}

function openXop(bytes: Uint8Array, at: number): Opening | undefined {
  const second = bytes[at + 1] ?? 0;
  const map = second & 0x1f;
  if (map >= 8) return { encoding: 'xop', map, opcode: bytes[at + 3] ?? 0, next: at + 4 };
  // pop is the only member of its group.
  return (second & 0x38) === 0 ? openLegacy(bytes, at) : undefined;
}

const vectorPrefixes: ReadonlyMap<number, (bytes: Uint8Array, at: number) => Opening | undefined> = new Map([
  [0xc5, openVex2],
  [0xc4, openVex3],
  [0x62, openEvex],
  [0x8f, openXop],
]);

/** In 32-bit code C4, C5 and 62 are les, lds and bound unless what follows would be a register operand of theirs. */
function isLegacyForm(bytes: Uint8Array, at: number, bits: CodeBits): boolean {
  return bits === 32 && bytes[at] !== 0x8f && (bytes[at + 1] ?? 0) < 0xc0;
}

function open(
  bytes: Uint8Array,
  { prefixes, hasRex, next: at }: Preamble,
  bits: CodeBits,
): Opening | undefined {
  const openVector = vectorPrefixes.get(bytes[at] ?? 0);
  if (openVector === undefined || isLegacyForm(bytes, at, bits)) return openLegacy(bytes, at);
  const opening = openVector(bytes, at);
  if (opening?.encoding === 'legacy') return opening;
  const isBarred = hasRex || prefixes.operandSize || prefixes.lock || prefixes.repeat !== undefined;
  return isBarred ? undefined : opening;
}

interface MemoryForm {
  readonly modRm: ModRm;
  readonly sib: Sib | undefined;
  readonly displacement: Field | undefined;
  readonly isRipRelative: boolean;
  readonly next: number;
}

function displacementBytes({ mod, rm }: ModRm, sib: Sib | undefined): number {
  if (mod === 1) return 1;
  if (mod === 2) return 4;
  return mod === 0 && (rm === 5 || sib?.base === 5) ? 4 : 0;
}

function readSib(byte: number): Sib {
  return { scale: byte >> 6, index: (byte >> 3) & 7, base: byte & 7 };
}

/** Addressing with 16-bit registers: 67 in 32-bit code. */
function shortDisplacementBytes({ mod, rm }: ModRm): number {
  if (mod === 1) return 1;
  return mod === 2 || (mod === 0 && rm === 6) ? 2 : 0;
}

/** mov to and from control and debug registers: mod is ignored and read as 3. */
function ignoresMod(opening: Opening): boolean {
  return opening.encoding === 'legacy' && opening.map === 1 && (opening.opcode & 0xfc) === 0x20;
}

function readModRm(bytes: Uint8Array, opening: Opening, prefixes: Prefixes, bits: CodeBits): MemoryForm {
  const at = opening.next;
  const byte = bytes[at] ?? 0;
  const modRm: ModRm = { mod: ignoresMod(opening) ? 3 : byte >> 6, reg: (byte >> 3) & 7, rm: byte & 7 };
  const isShort = bits === 32 && prefixes.addressSize;
  const hasSib = !isShort && modRm.mod !== 3 && modRm.rm === 4;
  const offset = at + (hasSib ? 2 : 1);
  const sib = hasSib ? readSib(bytes[at + 1] ?? 0) : undefined;
  const lengthBytes = isShort ? shortDisplacementBytes(modRm) : displacementBytes(modRm, sib);
  return {
    modRm,
    sib,
    displacement: lengthBytes === 0 ? undefined : { offset, lengthBytes },
    isRipRelative: bits === 64 && modRm.mod === 0 && modRm.rm === 5,
    next: offset + lengthBytes,
  };
}

function operandBytes({ operandSize, rex }: Prefixes): number {
  return operandSize && (rex & rexW) === 0 ? 2 : 4;
}

type ImmediateLength = (prefixes: Prefixes, reg: number, bits: CodeBits) => number;

const immediateBytes: Readonly<Record<ImmediateKind, ImmediateLength>> = {
  none: () => 0,
  byte: () => 1,
  word: () => 2,
  operand: operandBytes,
  'full-operand': (prefixes) => ((prefixes.rex & rexW) !== 0 ? 8 : operandBytes(prefixes)),
  address: ({ addressSize }, _, bits) => bits / (addressSize ? 16 : 8),
  branch: (prefixes, _, bits) => (bits === 64 ? 4 : operandBytes(prefixes)),
  'far-pointer': (prefixes) => operandBytes(prefixes) + 2,
  'word-byte': () => 3,
  four: () => 4,
  'group3-byte': (_, reg) => (reg < 2 ? 1 : 0),
  'group3-operand': (prefixes, reg) => (reg < 2 ? operandBytes(prefixes) : 0),
  sse4a: ({ operandSize, repeat }) => (operandSize || repeat !== undefined ? 2 : 0),
};

/** xbegin rel32: the only branch inside a group. */
function isTransactionBegin(opening: Opening, modRm: ModRm | undefined): boolean {
  const isGroup = opening.encoding === 'legacy' && opening.map === 0 && opening.opcode === 0xc7;
  return isGroup && modRm?.mod === 3 && modRm.reg === 7 && modRm.rm === 0;
}

/**
 * Decodes the instruction at the start of `bytes`; undefined when it is not known, longer than 15 bytes, or when its
 * end is missing. A near branch with prefix 66 is given Intel's length in 64-bit code; AMD's CPUs read a shorter one.
 */
export function decode(bytes: Uint8Array, bits: CodeBits): Instruction | undefined {
  const preamble = readPrefixes(bytes, bits);
  const { prefixes } = preamble;
  const opening = open(bytes, preamble, bits);
  const layout = opening && layoutOf(bits, opening.encoding, opening.map, opening.opcode);
  if (opening === undefined || layout === undefined) return undefined;
  const form = layout.hasModRm ? readModRm(bytes, opening, prefixes, bits) : undefined;
  const offset = form?.next ?? opening.next;
  const immediate = immediateBytes[layout.immediate](prefixes, form?.modRm.reg ?? 0, bits);
  const field = { offset, lengthBytes: immediate };
  const lengthBytes = offset + field.lengthBytes;
  if (lengthBytes > Math.min(bytes.length, maxInstructionBytes)) return undefined;
  const isAddress = layout.immediate === 'address';
  const { encoding, map, opcode } = opening;
  return {
    lengthBytes,
    encoding,
    map,
    opcode: encoding === '3dnow' ? (bytes[offset] ?? 0) : opcode,
    prefixes,
    modRm: form?.modRm,
    sib: form?.sib,
    displacement: isAddress ? field : form?.displacement,
    immediate: isAddress || field.lengthBytes === 0 ? undefined : field,
    isRipRelative: form?.isRipRelative ?? false,
    isRelativeBranch: layout.isBranch || isTransactionBegin(opening, form?.modRm),
  };
}

/** The signed number in a field of at most eight bytes. */
export function readSigned(bytes: Uint8Array, field: Field): bigint {
  let value = 0n;
  for (let index = field.lengthBytes - 1; index >= 0; index--) {
    value = (value << 8n) | BigInt(bytes[field.offset + index] ?? 0);
  }
  return BigInt.asIntN(field.lengthBytes * 8, value);
}
