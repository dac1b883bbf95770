import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { decode, type Instruction, loadExclusivePatterns, textOf } from '../../../arch/aarch64/decode.js';
import { Random } from '../../support/random.js';
import { corpus, type Disassembled, disassemble } from './decode-reference.js';

const start = 0x5555_5555_0000n;

const conditions = [
  'eq',
  'ne',
  'cs',
  'cc',
  'mi',
  'pl',
  'vs',
  'vc',
  'hi',
  'ls',
  'ge',
  'lt',
  'gt',
  'le',
  'al',
  'nv',
];

function registerNumber(name: string): number {
  if (/zr$/.test(name)) return 31;
  return name === 'sp' ? 31 : Number(name.slice(1));
}

function labelOf(operands: string): bigint {
  return BigInt(/(0x[0-9a-f]+)$/.exec(operands)?.[1] ?? '-1');
}

const exclusive = /^(ld|st)(a|l)?x(r[bh]?|p)$/;
const memoryOperation = /^(cpy|set)(f|g)?([pme])/;
const indirect = /^(br|blr|ret)(a[ab]z?)?$/;
const literalForms = { w: 'w', x: 'x', s: 's', d: 'd', q: 'q' } as const;

function branchTo(offset: bigint, address: bigint): string {
  return `to ${(address + offset).toString(16)}`;
}

/** What the disassembler says, as the class that the instruction must be in, with all that is told of it. */
function expected({ mnemonic, operands }: Disassembled): string {
  const label = `to ${labelOf(operands).toString(16)}`;
  const [first = '', second = ''] = operands.split(/,\s*/);
  if (mnemonic === 'b' || mnemonic === 'bl') return `jump ${label} ${mnemonic === 'bl'}`;
  const condition = /^bc?\.(\w\w)$/.exec(mnemonic)?.[1];
  if (condition !== undefined) return `conditional ${label} ${conditions.indexOf(condition)}`;
  if (mnemonic === 'cbz' || mnemonic === 'cbnz') {
    const mask = first.startsWith('w') ? 'ffffffff' : 'ffffffffffffffff';
    return `test ${label} ${registerNumber(first)} ${mask} ${mnemonic === 'cbz'}`;
  }
  if (mnemonic === 'tbz' || mnemonic === 'tbnz') {
    const mask = (1n << BigInt(second.slice(1))).toString(16);
    return `test ${label} ${registerNumber(first)} ${mask} ${mnemonic === 'tbz'}`;
  }
  const isAddress = (mnemonic === 'adr' || mnemonic === 'adrp') && /^0x/.test(second);
  if (isAddress) return `address ${label} ${registerNumber(first)}`;
  const isLiteral = /^(ldr|ldrsw|prfm)$/.test(mnemonic) && /^0x/.test(second);
  if (isLiteral) {
    if (mnemonic === 'prfm') return `literal ${label} prefetch`;
    const kind = first[0] as keyof typeof literalForms;
    const form = mnemonic === 'ldrsw' ? 'sw' : literalForms[kind];
    return `literal ${label} ${form} ${registerNumber(first)}`;
  }
  const [, role, suffix] = indirect.exec(mnemonic) ?? [];
  if (role !== undefined) {
    const register = role === 'ret' && operands === '' ? 30 : registerNumber(first);
    return `indirect ${role} ${register} ${suffix !== undefined}`;
  }
  if (mnemonic === 'svc') return 'system-call';
  if (/^(hvc|smc|brk|hlt|udf|dcps\d|tcancel|eret(aa|ab)?|drps)$/.test(mnemonic)) return 'exception';
  const [, direction] = exclusive.exec(mnemonic) ?? [];
  if (direction !== undefined) return direction === 'ld' ? 'load-exclusive' : 'store-exclusive';
  const part = memoryOperation.exec(mnemonic)?.[3];
  if (part !== undefined) return `memory-operation ${'pme'.indexOf(part)}`;
  if (mnemonic === 'nop') return 'nop';
  if (mnemonic === 'bti') {
    const targets = { '': 0, c: 0b0110, j: 0b1010, jc: 0b1110 }[operands];
    return `landing ${targets} true`;
  }
  if (mnemonic === 'paciasp' || mnemonic === 'pacibsp') return `landing ${0b0110} false`;
  if (mnemonic === 'movprfx') return 'prefix';
  if (mnemonic === 'tstart') return 'transaction';
  if (mnemonic === 'hint' && operands === '#0x27') return 'sign-modifier';
  // Nothing else names a place.
  assert.ok(!/ 0x5{4,}[0-9a-f]+$/.test(` ${operands}`), `${mnemonic} ${operands}`);
  return 'plain';
}

function actual(instruction: Instruction, address: bigint): string {
  const { kind } = instruction;
  switch (instruction.kind) {
    case 'jump':
      return `${kind} ${branchTo(instruction.offset, address)} ${instruction.isCall}`;
    case 'conditional':
      return `${kind} ${branchTo(instruction.offset, address)} ${instruction.condition}`;
    case 'test': {
      const { offset, register, mask, jumpsWhenZero } = instruction;
      return `${kind} ${branchTo(offset, address)} ${register} ${mask.toString(16)} ${jumpsWhenZero}`;
    }
    case 'address': {
      const base = instruction.isPage ? address & ~0xfffn : address;
      const target = BigInt.asUintN(64, base + instruction.offset);
      return `${kind} to ${target.toString(16)} ${instruction.register}`;
    }
    case 'literal': {
      const { offset, form, register } = instruction;
      return `${kind} ${branchTo(offset, address)} ${form}${form === 'prefetch' ? '' : ` ${register}`}`;
    }
    case 'indirect': {
      const role = { jump: 'br', call: 'blr', return: 'ret' }[instruction.role];
      return `${kind} ${role} ${instruction.register} ${instruction.isSigned}`;
    }
    case 'memory-operation':
      return `${kind} ${instruction.part}`;
    case 'landing':
      return `${kind} ${instruction.targets} ${instruction.isNop}`;
    default:
      return kind;
  }
}

describe('aarch64 instruction classes', () => {
  it('are what a disassembler says', function () {
    this.timeout(120_000);
    const words = corpus(new Random(41), 6000);
    const differences: string[] = [];
    const seen = new Map<string, number>();
    for (const one of disassemble(words, start)) {
      if (one === undefined) continue;
      const right = expected(one);
      const made = actual(decode(one.word), one.address);
      const kind = right.split(' ')[0] ?? '';
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (made !== right)
        differences.push(`${one.word.toString(16)} ${one.mnemonic} ${one.operands}: ${made}, not ${right}`);
    }
    assert.deepEqual(differences.slice(0, 30), []);
    const kinds = [
      ...[
        'plain',
        'jump',
        'conditional',
        'test',
        'address',
        'literal',
        'indirect',
        'system-call',
        'exception',
      ],
      ...['load-exclusive', 'store-exclusive', 'memory-operation', 'nop', 'landing', 'prefix', 'transaction'],
    ];
    for (const kind of kinds) assert.ok((seen.get(kind) ?? 0) > 50, `${kind}: ${seen.get(kind)}`);
  });

  /** Newer than the disassembler. */
  const later: readonly (readonly [number, Instruction['kind'], string])[] = [
    [0x7400_05a7, 'compare', 'cbgt w7, w0'],
    [0xf420_1313, 'compare', 'cbge x19, x0'],
    [0x7400_8001, 'compare', 'cbbgt w1, w0'],
    [0x7400_c001, 'compare', 'cbhgt w1, w0'],
    [0x7500_0020, 'compare', 'cbgt w0, #0'],
    [0xdac1_a3fe, 'signs-address', 'paciasppc'],
    [0xdac1_a7fe, 'signs-address', 'pacibsppc'],
    [0xdac1_83fe, 'signs-address', 'pacnbiasppc'],
    [0xdac1_87fe, 'signs-address', 'pacnbibsppc'],
    [0xf380_003f, 'signs-address', 'autiasppc'],
    [0xf3a0_003f, 'signs-address', 'autibsppc'],
    [0x5500_003f, 'signs-address', 'retaasppc'],
    [0x5520_003f, 'signs-address', 'retabsppc'],
    [0xdac1_901e, 'plain', 'autiasppcr x0'],
    [0xd65f_0be0, 'indirect', 'retaasppcr x0'],
    [0xd503_24ff, 'sign-modifier', 'pacm'],
  ];
  for (const [word, kind, name] of later) {
    it(`${name} is ${kind}`, () => assert.equal(decode(word).kind, kind));
  }

  it('has patterns for every load-exclusive and nothing else', function () {
    this.timeout(60_000);
    const random = new Random(42);
    for (const word of corpus(random, 2000)) {
      const text = textOf([word]);
      const fits = loadExclusivePatterns.some(({ bytes, mask }) =>
        text.every((byte, index) => (byte & (mask[index] ?? 0)) === bytes[index]),
      );
      assert.equal(fits, decode(word).kind === 'load-exclusive', word.toString(16));
    }
  });
});
