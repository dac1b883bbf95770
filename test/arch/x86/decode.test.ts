import assert from 'node:assert/strict';
import process from 'node:process';
import { Decoder, DecoderOptions, OpKind, Instruction as Reference } from 'iced-x86';
import { describe, it } from 'mocha';
import type { CodeBits } from '../../../arch/x86/code-mode.js';
import { decode, type Instruction, readSigned } from '../../../arch/x86/decode.js';
import { Random } from '../../support/random.js';
import { readTextSection } from '../../support/text-section.js';
import {
  everyLegacyOpcode,
  everyVectorOpcode,
  ReferenceDecoder,
  type ReferenceFacts,
  randomInstruction,
} from './decode-reference.js';

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

function summary(instruction: Instruction | undefined): string {
  if (instruction === undefined) return 'undefined';
  const { lengthBytes, displacement, isRipRelative, isRelativeBranch } = instruction;
  const place = displacement ? `${displacement.lengthBytes} at ${displacement.offset}` : 'none';
  return `length ${lengthBytes}, displacement ${place}, rip ${isRipRelative}, branch ${isRelativeBranch}`;
}

function referenceSummary({ instruction, displacementOffset, displacementBytes }: ReferenceFacts): string {
  const place = displacementBytes > 0 ? `${displacementBytes} at ${displacementOffset}` : 'none';
  const kind = instruction.opCount > 0 ? instruction.op0Kind : OpKind.Register;
  const isBranch = kind >= OpKind.NearBranch16 && kind <= OpKind.NearBranch64;
  return `length ${instruction.length}, displacement ${place}, rip ${instruction.isIpRelMemoryOperand}, branch ${isBranch}`;
}

/** Where the reference follows AMD or Intel by option: their CPUs read different lengths. */
function isBranchWithOperandSize(instruction: Instruction | undefined): boolean {
  return instruction?.isRelativeBranch === true && instruction.prefixes.operandSize;
}

/** VIA's instructions (0F A6, 0F A7) are known to the reference alone. */
const via = /^([2346][6e5] |67 |4. |f[023] )*0f a[67] /;

/** Returns how many were valid for the reference; every one of these must be understood alike. */
function compare(strings: Iterable<Uint8Array>, bits: CodeBits): number {
  const reference = new ReferenceDecoder();
  const differences: string[] = [];
  let validCount = 0;
  for (const bytes of strings) {
    const expected = reference.decode(bytes, 0x1000n, bits);
    if (expected === undefined) continue;
    validCount++;
    const instruction = decode(bytes, bits);
    const text = referenceSummary(expected);
    if (summary(instruction) === text || isBranchWithOperandSize(instruction) || via.test(hex(bytes)))
      continue;
    differences.push(
      `${hex(bytes)}: ${summary(instruction)}, reference ${text} (code ${expected.instruction.code})`,
    );
  }
  assert.deepEqual(differences.slice(0, 40), []);
  return validCount;
}

function* randomInstructions(count: number, seed: number): Generator<Uint8Array> {
  const random = new Random(seed);
  for (let index = 0; index < count; index++) yield randomInstruction(random);
}

/** OUTSTEP_DECODE_WHOLE=1: every instruction of every file, which takes minutes. */
const walksWhole = process.env.OUTSTEP_DECODE_WHOLE !== undefined;
const walkedBytes = 600_000;

/** Walks a text section, or its beginning, taking each instruction's length from the reference. */
function walk(path: string, bits: CodeBits): number {
  const whole = readTextSection(path).bytes;
  const bytes = walksWhole ? whole : whole.subarray(0, walkedBytes);
  const decoder = new Decoder(bits, bytes, DecoderOptions.MPX);
  const instruction = new Reference();
  const differences: string[] = [];
  let count = 0;
  while (decoder.canDecode) {
    const start = decoder.position;
    decoder.decodeOut(instruction);
    if (instruction.isInvalid) continue;
    count++;
    const ours = decode(bytes.subarray(start, start + 15), bits);
    const isSame =
      ours?.lengthBytes === instruction.length && ours.isRipRelative === instruction.isIpRelMemoryOperand;
    if (!isSame && !isBranchWithOperandSize(ours))
      differences.push(`${start.toString(16)}: ${summary(ours)}`);
  }
  decoder.free();
  instruction.free();
  assert.deepEqual(differences.slice(0, 40), []);
  return count;
}

interface Expectation {
  readonly bits: CodeBits;
  /** How many instructions the reference must find at least. */
  readonly legacyCount: number;
  readonly vectorCount: number;
  readonly randomCount: number;
  readonly files: readonly string[];
}

const expectations: readonly Expectation[] = [
  {
    bits: 64,
    legacyCount: 120_000,
    vectorCount: 13_000,
    randomCount: 120_000,
    files: [
      ...['libc.so.6', 'libcrypto.so.3', 'ld-linux-x86-64.so.2'].map(
        (name) => `/usr/lib/x86_64-linux-gnu/${name}`,
      ),
      ...['/usr/bin/python3', '/usr/bin/sqlite3', '/usr/bin/gdb'],
    ],
  },
  {
    bits: 32,
    legacyCount: 120_000,
    vectorCount: 13_000,
    randomCount: 120_000,
    files: ['/usr/lib32/libc.so.6', '/usr/lib32/ld-linux.so.2'],
  },
];

for (const { bits, legacyCount, vectorCount, randomCount, files } of expectations) {
  describe(`decoder of ${bits}-bit code`, () => {
    it('understands every legacy opcode with every ModRM byte as the reference does', () => {
      const validCount = compare(everyLegacyOpcode(new Random(1)), bits);
      assert.ok(validCount > legacyCount, `${validCount} were valid`);
    });

    it('understands every VEX, EVEX and XOP opcode as the reference does', () => {
      const validCount = compare(everyVectorOpcode(new Random(2)), bits);
      assert.ok(validCount > vectorCount, `${validCount} were valid`);
    });

    it('understands random prefixes, opcodes and operands as the reference does', () => {
      const validCount = compare(randomInstructions(500_000, 3), bits);
      assert.ok(validCount > randomCount, `${validCount} were valid`);
    });

    for (const path of files) {
      it(`walks through the text of ${path} as the reference does`, () => {
        const count = walk(path, bits);
        assert.ok(count > 20_000, `${count} instructions`);
      });
    }

    it('takes no prefix of an instruction for an instruction', () => {
      for (const bytes of randomInstructions(30_000, 4)) {
        const lengthBytes = decode(bytes, bits)?.lengthBytes ?? 0;
        for (let shorter = 0; shorter < lengthBytes; shorter++) {
          const cut = bytes.subarray(0, shorter);
          assert.equal(decode(cut, bits), undefined, hex(cut));
        }
        if (lengthBytes > 0)
          assert.equal(decode(bytes.subarray(0, lengthBytes), bits)?.lengthBytes, lengthBytes);
      }
    });
  });
}

describe('decoder of 64-bit code, single forms', () => {
  const lengths: readonly (readonly [string, number | undefined, string])[] = [
    ['66 b8 34 12 90 90', 4, 'operand size shrinks the immediate'],
    ['66 48 b8 01 02 03 04 05 06 07 08', 11, 'REX.W wins over operand size'],
    ['48 66 b8 34 12 90 90', 5, 'a REX before another prefix has no effect'],
    ['a1 01 02 03 04 05 06 07 08', 9, 'absolute address'],
    ['67 a1 01 02 03 04', 6, 'absolute address of address size 32'],
    ['f6 05 01 02 03 04 ff', 7, 'test has an immediate'],
    ['f6 15 01 02 03 04', 6, 'not has none'],
    ['c8 10 00 01', 4, 'enter'],
    ['0f 0f 05 01 02 03 04 9e', 8, '3DNow! carries its opcode last'],
    ['0f 20 05', 3, 'mov from cr0 has no memory operand'],
    ['c7 f8 01 02 03 04', 6, 'xbegin'],
    ['66 0f 78 c1 01 02', 6, 'extrq'],
    ['f2 0f 78 c1 01 02', 6, 'insertq'],
    ['0f 78 c1', 3, 'vmread'],
    ['8f 00', 2, 'pop'],
    ['8f 08 00', undefined, 'unknown form of pop, too short for XOP'],
    ['8f e8 78 c0 c1 01', 6, 'XOP'],
    ['c5 f8 77', 3, 'vzeroupper has no ModRM byte'],
    ['c5 f9 70 05 01 02 03 04 05', 9, 'vpshufd'],
    ['66 c5 f8 77', undefined, '66 before VEX'],
    ['48 c5 f8 77', undefined, 'REX before VEX'],
    ['64 c5 f8 10 00', 5, 'a segment before VEX'],
    ['62 fc 7c 08 10 00', undefined, 'EVEX map 4'],
    ['d5 00 a1 01 02 03 04 05 06 07 08', undefined, 'REX2'],
    ['06', undefined, 'push es'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 90', 15, 'fifteen bytes'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90', undefined, 'sixteen bytes'],
  ];
  for (const [text, lengthBytes, what] of lengths) {
    it(`${what}: ${text}`, () => {
      assert.equal(decode(fromHex(text), 64)?.lengthBytes, lengthBytes);
    });
  }

  it('tells the fields apart', () => {
    const instruction = decode(fromHex('f3 64 49 81 44 8d f0 78 56 34 12'), 64);
    assert.deepEqual(instruction, {
      lengthBytes: 11,
      encoding: 'legacy',
      map: 0,
      opcode: 0x81,
      prefixes: { operandSize: false, addressSize: false, lock: false, repeat: 0xf3, segment: 0x64, rex: 9 },
      modRm: { mod: 1, reg: 0, rm: 4 },
      sib: { scale: 2, index: 1, base: 5 },
      displacement: { offset: 6, lengthBytes: 1 },
      immediate: { offset: 7, lengthBytes: 4 },
      isRipRelative: false,
      isRelativeBranch: false,
    });
  });

  it('reads signed fields', () => {
    assert.equal(readSigned(fromHex('eb fe'), { offset: 1, lengthBytes: 1 }), -2n);
    assert.equal(readSigned(fromHex('e8 78 56 34 12'), { offset: 1, lengthBytes: 4 }), 0x12345678n);
    assert.equal(readSigned(fromHex('e9 00 00 00 80'), { offset: 1, lengthBytes: 4 }), -0x80000000n);
  });
});

describe('decoder of 32-bit code, single forms', () => {
  const lengths: readonly (readonly [string, number | undefined, string])[] = [
    ['40', 1, 'inc'],
    ['4f', 1, 'dec'],
    ['06', 1, 'push es'],
    ['60', 1, 'pusha'],
    ['d4 0a', 2, 'aam'],
    ['62 00', 2, 'bound'],
    ['62 f1 7d 48 6f 00', 6, 'EVEX'],
    ['63 c1', 2, 'arpl'],
    ['c4 00', 2, 'les'],
    ['c5 00', 2, 'lds'],
    ['c5 f8 77', 3, 'vzeroupper'],
    ['c4 e2 79 18 00', 5, 'vbroadcastss'],
    ['9a 01 02 03 04 05 06', 7, 'far call'],
    ['66 ea 01 02 03 04', 6, 'far jump with operand size 16'],
    ['a1 01 02 03 04', 5, 'absolute address'],
    ['67 a1 01 02', 4, 'absolute address of 16 bits'],
    ['b8 01 02 03 04', 5, 'mov of an immediate'],
    ['8b 05 01 02 03 04', 6, 'absolute operand'],
    ['67 8b 05', 3, 'operand [di]'],
    ['67 8b 06 01 02', 5, '16-bit displacement'],
    ['67 8b 44 01', 4, '16-bit addressing has no SIB byte'],
    ['67 8b 84 01 02', 5, '16-bit addressing, displacement'],
    ['66 e8 01 02', 4, 'call with operand size 16'],
    ['66 0f 84 01 02', 5, 'conditional jump with operand size 16'],
    ['82 c0 01', 3, 'alias of group 1'],
    ['d6', 1, 'salc'],
  ];
  for (const [text, lengthBytes, what] of lengths) {
    it(`${what}: ${text}`, () => {
      assert.equal(decode(fromHex(text), 32)?.lengthBytes, lengthBytes);
    });
  }

  it('has no operands relative to the pc', () => {
    assert.equal(decode(fromHex('8b 05 01 02 03 04'), 32)?.isRipRelative, false);
  });
});
