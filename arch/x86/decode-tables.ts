/**
 * Layout of the instructions of 64-bit and of 32-bit code: what follows the opcode. One character per opcode, sixteen
 * opcodes a row. Sources: Intel SDM volume 2 appendix A (opcode maps), AMD APM volume 3 appendix A.
 */
import type { CodeBits } from './code-mode.js';

/** How many bytes an immediate takes; `operand` kinds depend on operand size, address size or prefix. */
export type ImmediateKind =
  | 'none'
  | 'byte'
  | 'word'
  /** Two bytes after 66 (without REX.W), otherwise four. */
  | 'operand'
  /** As `operand`, but eight with REX.W: mov r64, imm64. */
  | 'full-operand'
  /** The absolute address of mov A0 to A3: as long as addresses are, after 67 half as long. */
  | 'address'
  /** Displacement of a near branch: four bytes, two after 66 in 32-bit code. */
  | 'branch'
  /** As `operand` and two: selector and offset of a far transfer. */
  | 'far-pointer'
  /** Two and one: enter. */
  | 'word-byte'
  | 'four'
  /** As `byte` or `operand` for ModRM.reg 0 and 1 only: group 3. */
  | 'group3-byte'
  | 'group3-operand'
  /** Two bytes after 66 or F2 (extrq, insertq), none without prefix (vmread). */
  | 'sse4a';

export interface Layout {
  readonly hasModRm: boolean;
  readonly immediate: ImmediateKind;
  /** The immediate is a displacement from the end of the instruction. */
  readonly isBranch: boolean;
}

function layout(hasModRm: boolean, immediate: ImmediateKind, isBranch = false): Layout {
  return { hasModRm, immediate, isBranch };
}

const plain = layout(false, 'none');
const modRm = layout(true, 'none');
const modRmByte = layout(true, 'byte');

/** Meaning of the characters; a character that is absent here stands for an undefined opcode, a prefix or an escape. */
const layouts: Readonly<Record<string, Layout>> = {
  '.': plain,
  m: modRm,
  b: layout(false, 'byte'),
  z: layout(false, 'operand'),
  B: modRmByte,
  Z: layout(true, 'operand'),
  v: layout(false, 'full-operand'),
  w: layout(false, 'word'),
  e: layout(false, 'word-byte'),
  o: layout(false, 'address'),
  r: layout(false, 'byte', true),
  R: layout(false, 'branch', true),
  p: layout(false, 'far-pointer'),
  g: layout(true, 'group3-byte'),
  G: layout(true, 'group3-operand'),
  q: layout(true, 'sse4a'),
};

const oneByteMap64 = [
  'mmmmbzxxmmmmbzxx',
  'mmmmbzxxmmmmbzxx',
  'mmmmbzxxmmmmbzxx',
  'mmmmbzxxmmmmbzxx',
  'xxxxxxxxxxxxxxxx',
  '................',
  'xxxmxxxxzZbB....',
  'rrrrrrrrrrrrrrrr',
  'BZxBmmmmmmmmmmmm',
  '..........x.....',
  'oooo....bz......',
  'bbbbbbbbvvvvvvvv',
  'BBw.xxBZe.w..bx.',
  'mmmmxxx.mmmmmmmm',
  'rrrrbbbbRRxr....',
  'x.xx..gG......mm',
].join('');

/** With BCD arithmetic, far pointers, and inc and dec where 64-bit code has REX. C4, C5 and 62 may open VEX and EVEX. */
const oneByteMap32 = [
  'mmmmbz..mmmmbz.x',
  'mmmmbz..mmmmbz..',
  'mmmmbzx.mmmmbzx.',
  'mmmmbzx.mmmmbzx.',
  '................',
  '................',
  '..mmxxxxzZbB....',
  'rrrrrrrrrrrrrrrr',
  'BZBBmmmmmmmmmmmm',
  '..........p.....',
  'oooo....bz......',
  'bbbbbbbbvvvvvvvv',
  'BBw.mmBZe.w..b..',
  'mmmmbb..mmmmmmmm',
  'rrrrbbbbRRpr....',
  'x.xx..gG......mm',
].join('');

// 0F FF (ud0) has a ModRM byte on Intel and none on AMD; it faults on both.
const twoByteMap = [
  'mmmmx.....x.xm.x',
  'mmmmmmmmmmmmmmmm',
  'mmmmxxxxmmmmmmmm',
  '......x.xxxxxxxx',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'BBBBmmm.qmxxmmmm',
  'RRRRRRRRRRRRRRRR',
  'mmmmmmmmmmmmmmmm',
  '...mBmxx...mBmmm',
  'mmmmmmmmmmBmmmmm',
  'mmBmBBBm........',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
  'mmmmmmmmmmmmmmmm',
].join('');

const legacyMaps: Readonly<Record<CodeBits, readonly (string | Layout)[]>> = {
  32: [oneByteMap32, twoByteMap, modRm, modRmByte],
  64: [oneByteMap64, twoByteMap, modRm, modRmByte],
};

/** Opcodes of map 1 that carry an immediate byte, alike in VEX and EVEX. */
const vectorImmediates: ReadonlySet<number> = new Set([0x70, 0x71, 0x72, 0x73, 0xc2, 0xc4, 0xc5, 0xc6]);

/** vzeroupper, vzeroall. */
const vexZero = 0x77;

export type Encoding = 'legacy' | 'vex' | 'evex' | 'xop' | '3dnow';

function vectorMapOne(opcode: number): Layout {
  return vectorImmediates.has(opcode) ? modRmByte : modRm;
}

const xopMaps: Readonly<Record<number, Layout>> = {
  8: modRmByte,
  9: modRm,
  10: layout(true, 'four'),
};

/** EVEX map 4 (APX) and 7 are unknown here. */
const evexMaps: Readonly<Record<number, Layout>> = { 2: modRm, 3: modRmByte, 5: modRm, 6: modRm };

const vexMaps: Readonly<Record<number, Layout>> = { 2: modRm, 3: modRmByte };

/** What follows the opcode; undefined when the opcode or the map is not defined in such code. */
export function layoutOf(
  bits: CodeBits,
  encoding: Encoding,
  map: number,
  opcode: number,
): Layout | undefined {
  switch (encoding) {
    case 'legacy': {
      const rows = legacyMaps[bits][map];
      return typeof rows === 'string' ? layouts[rows.charAt(opcode)] : rows;
    }
    case 'vex':
      if (map === 1) return opcode === vexZero ? plain : vectorMapOne(opcode);
      return vexMaps[map];
    case 'evex':
      return map === 1 ? vectorMapOne(opcode) : evexMaps[map];
    case 'xop':
      return xopMaps[map];
    case '3dnow':
      return modRmByte;
  }
}
