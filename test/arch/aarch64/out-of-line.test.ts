import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { wordAt } from '../../../arch/aarch64/decode.js';
import { plan, planReach, slotBytes } from '../../../arch/aarch64/out-of-line.js';
import type { Effect, FlagCondition, Plan, SlotCode, Surroundings } from '../../../arch/plan.js';
import { Random } from '../../support/random.js';
import { corpus, disassemble } from './decode-reference.js';

const site = 0x5555_5555_1000n;
const near = site + 0x20_0000n;
const pstateOffset = 264;

function bytesOf(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function wordsOf(bytes: Uint8Array): readonly string[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => (wordAt(bytes, index * 4) ?? 0).toString(16));
}

interface Around {
  readonly before?: readonly number[];
  readonly behind?: readonly number[];
  readonly isGuarded?: boolean;
}

function planOf(word: number, { before = [], behind = [], isGuarded = false }: Around = {}): Plan {
  const surroundings: Surroundings = { before: bytesOf(...before), isGuarded };
  return plan(bytesOf(word, ...behind), site, surroundings);
}

function effectOf(word: number, around?: Around): Effect {
  const made = planOf(word, around);
  assert.ok(made.kind === 'emulate', made.kind);
  return made.effect;
}

function codeOf(word: number, around?: Around, slot = near): SlotCode {
  const made = planOf(word, around);
  assert.ok(made.kind !== 'refuse' && made.slot !== undefined, made.kind);
  const code = made.slot.codeAt(slot);
  assert.ok(code !== undefined && code.bytes.length <= slotBytes);
  return code;
}

function isTaken({ anySet, anyClear, differ, negate }: FlagCondition, flags: bigint): boolean {
  const isDifferent = differ !== undefined && ((flags & differ[0]) !== 0n) !== ((flags & differ[1]) !== 0n);
  return ((flags & anySet) !== 0n || (~flags & anyClear) !== 0n || isDifferent) !== negate;
}

interface Flags {
  readonly n: boolean;
  readonly z: boolean;
  readonly c: boolean;
  readonly v: boolean;
}

/** Arm ARM C1.2.4 "Condition code", in the order of their encodings. */
const conditions: readonly (readonly [string, (flags: Flags) => boolean])[] = [
  ['eq', ({ z }) => z],
  ['ne', ({ z }) => !z],
  ['cs', ({ c }) => c],
  ['cc', ({ c }) => !c],
  ['mi', ({ n }) => n],
  ['pl', ({ n }) => !n],
  ['vs', ({ v }) => v],
  ['vc', ({ v }) => !v],
  ['hi', ({ c, z }) => c && !z],
  ['ls', ({ c, z }) => !(c && !z)],
  ['ge', ({ n, v }) => n === v],
  ['lt', ({ n, v }) => n !== v],
  ['gt', ({ z, n, v }) => !z && n === v],
  ['le', ({ z, n, v }) => !(!z && n === v)],
];

const linkOffset = 240;
const allBits = 0xffff_ffff_ffff_ffffn;

describe('aarch64 plans: emulated instructions', () => {
  for (const [code, [name, predicate]] of conditions.entries()) {
    it(`b.${name}`, () => {
      const effect = effectOf(0x5400_0100 | code);
      assert.ok(effect.op === 'branch');
      assert.equal(effect.target, site + 32n);
      assert.equal(effect.condition.flagsOffset, pstateOffset);
      for (let set = 0; set < 16; set++) {
        const bit = (index: number): boolean => ((set >> index) & 1) === 1;
        const flags: Flags = { v: bit(0), c: bit(1), z: bit(2), n: bit(3) };
        assert.equal(isTaken(effect.condition, BigInt(set) << 28n), predicate(flags), `${set}`);
      }
    });
  }

  const jumpRegister = { op: 'jump-register', ignoredTargetBits: 0xffn << 56n, barredTargetBits: 1n << 55n };
  const effects: readonly (readonly [string, number, Effect])[] = [
    ['b.al', 0x5400_010e, { op: 'jump', target: site + 32n }],
    ['b.nv', 0x5400_010f, { op: 'jump', target: site + 32n }],
    ['b to itself', 0x1400_0000, { op: 'jump', target: site }],
    ['b backwards', 0x17ff_ffff, { op: 'jump', target: site - 4n }],
    ['b as far as can be', 0x1200_0000 | 0x1600_0000, { op: 'jump', target: site - 0x800_0000n }],
    ['bl', 0x9400_0004, { op: 'link', target: site + 16n, linkOffset }],
    [
      'cbz x5',
      0xb400_0045,
      { op: 'test-branch', target: site + 8n, offset: 40, mask: allBits, jumpWhen: 'zero' },
    ],
    [
      'cbnz w30',
      0x3500_005e,
      { op: 'test-branch', target: site + 8n, offset: 240, mask: 0xffff_ffffn, jumpWhen: 'non-zero' },
    ],
    ['cbz xzr', 0xb400_005f, { op: 'jump', target: site + 8n }],
    ['cbnz wzr', 0x3500_005f, { op: 'next' }],
    [
      'tbz x1, #33',
      0xb608_0041,
      { op: 'test-branch', target: site + 8n, offset: 8, mask: 1n << 33n, jumpWhen: 'zero' },
    ],
    [
      'tbnz w2, #31',
      0x37f8_0042,
      { op: 'test-branch', target: site + 8n, offset: 16, mask: 1n << 31n, jumpWhen: 'non-zero' },
    ],
    ['tbz wzr', 0x3608_005f, { op: 'jump', target: site + 8n }],
    ['tbnz xzr', 0xb708_005f, { op: 'next' }],
    ['adr x3, .-1', 0x70ff_ffe3, { op: 'set-register', offset: 24, value: site - 1n }],
    ['adrp x30, .+4096', 0xb000_001e, { op: 'set-register', offset: 240, value: 0x5555_5555_2000n }],
    ['adr xzr', 0x1000_001f, { op: 'next' }],
    ['adrp xzr', 0x9000_001f, { op: 'next' }],
    ['ldr x7', 0x5800_0047, { op: 'load', offset: 56, address: site + 8n, lengthBytes: 8, isSigned: false }],
    ['ldr w7', 0x18ff_ffe7, { op: 'load', offset: 56, address: site - 4n, lengthBytes: 4, isSigned: false }],
    ['ldrsw x7', 0x9800_0047, { op: 'load', offset: 56, address: site + 8n, lengthBytes: 4, isSigned: true }],
    ['prfm', 0xd800_0040, { op: 'next' }],
    ['nop', 0xd503_201f, { op: 'next' }],
    ['bti c', 0xd503_245f, { op: 'next' }],
    [
      'br x3',
      0xd61f_0060,
      { ...jumpRegister, op: 'jump-register', offset: 24, linkOffset: undefined, branchType: 1n << 10n },
    ],
    [
      'blr x30',
      0xd63f_03c0,
      { ...jumpRegister, op: 'jump-register', offset: 240, linkOffset, branchType: 2n << 10n },
    ],
  ];
  for (const [name, word, effect] of effects) it(name, () => assert.deepEqual(effectOf(word), effect));

  it('a jump out of guarded memory says so, but for those of veneers', () => {
    for (const [register, type] of [
      [3, 3n],
      [15, 3n],
      [16, 1n],
      [17, 1n],
    ] as const) {
      const effect = effectOf(0xd61f_0000 | (register << 5), { isGuarded: true });
      assert.ok(effect.op === 'jump-register');
      assert.equal(effect.branchType, type << 10n);
    }
    const made = planOf(0xd61f_0060, { isGuarded: true });
    assert.ok(made.kind === 'emulate' && made.slot === undefined);
  });
});

describe('aarch64 plans: instructions in a slot', () => {
  it('run unchanged, and a jump back follows', () => {
    // add x0, x1, x2; b
    const { bytes, instructionBytes, entryOffset, parts } = codeOf(0x8b02_0020);
    assert.deepEqual(wordsOf(bytes), ['8b020020', '17f80000']);
    assert.deepEqual(
      { instructionBytes, entryOffset, parts },
      { instructionBytes: 4, entryOffset: 0, parts: [] },
    );
  });

  it('are in reach of the jump back', () => {
    const made = planOf(0x8b02_0020);
    assert.ok(made.kind === 'slot');
    const { codeAt } = made.slot;
    assert.notEqual(codeAt(site + 0x800_0000n), undefined);
    assert.equal(codeAt(site + 0x800_0004n), undefined);
    assert.notEqual(codeAt(site - 0x7ff_fffcn), undefined);
    assert.equal(codeAt(site - 0x800_0000n), undefined);
  });

  it('that make system calls are known', () => {
    for (const word of [0xd400_0001, 0xd400_0021]) {
      const made = planOf(word);
      assert.ok(made.kind === 'slot' && made.slot.makesSystemCall);
    }
    const other = planOf(0xd420_0000);
    assert.ok(other.kind === 'slot' && !other.slot.makesSystemCall);
  });

  it('load their literal from where it is', () => {
    const made = planOf(0x9c00_0041);
    assert.ok(made.kind === 'slot');
    assert.equal(made.operandAddress, site + 8n);
    assert.equal(made.operandBytes, 16);
    assert.deepEqual(wordsOf(made.slot.codeAt(site + 0x100n)?.bytes ?? bytesOf()), ['9cfff841', '17ffffc0']);
    assert.equal(made.slot.codeAt(site + 0x20_0000n), undefined);
  });

  it('leave the original return address after an authenticated call', () => {
    // blraa x0, x1
    const made = planOf(0xd73f_0801);
    assert.ok(made.kind === 'slot');
    assert.deepEqual(made.slot.fixups, ['link']);
  });

  it('compare and branch to either place', () => {
    // cbgt w7, w0, .+180
    const { bytes, parts } = codeOf(0x7400_05a7);
    assert.deepEqual(wordsOf(bytes), ['74000047', '17f80000', '17f8002b']);
    assert.deepEqual(parts, [{ offset: 8, address: site + 180n }]);
  });

  it('branch with a hint to either place', () => {
    // bc.ne .+32
    const { bytes, parts } = codeOf(0x5400_0111);
    assert.deepEqual(wordsOf(bytes), ['54000051', '17f80000', '17f80006']);
    assert.deepEqual(parts, [{ offset: 8, address: site + 32n }]);
  });

  it('of a memory operation stand behind those that the kernel may go back to', () => {
    const [prologue, main, epilogue] = [0x1901_0440, 0x1941_0440, 0x1981_0440];
    assert.deepEqual(wordsOf(codeOf(prologue).bytes), ['19010440', '17f80000']);
    const inMain = codeOf(main, { before: [prologue] });
    assert.deepEqual(wordsOf(inMain.bytes), ['19010440', '19410440', '17f7ffff']);
    assert.equal(inMain.entryOffset, 4);
    assert.equal(inMain.instructionBytes, 8);
    assert.deepEqual(inMain.parts, [
      { offset: 0, address: site - 4n },
      { offset: 4, address: site },
    ]);
    const inEpilogue = codeOf(epilogue, { before: [prologue, main] });
    assert.equal(inEpilogue.entryOffset, 8);
    assert.deepEqual(inEpilogue.parts, [
      { offset: 0, address: site - 8n },
      { offset: 4, address: site - 4n },
      { offset: 8, address: site },
    ]);
    assert.equal(planOf(main).kind, 'refuse');
    assert.equal(planOf(epilogue, { before: [main] }).kind, 'refuse');
  });

  it('go with the prefix in front', () => {
    // movprfx z1, z0; add z1.b, p0/m, z1.b, z2.b
    const { bytes, parts } = codeOf(0x0420_bc01, { behind: [0x0400_0041] });
    assert.deepEqual(wordsOf(bytes), ['420bc01', '4000041', '17f80000']);
    assert.deepEqual(parts, [
      { offset: 4, address: site + 4n },
      { offset: 8, address: site + 8n },
    ]);
  });
});

/** ldaxr w0, [x1]; cmp w0, w2; b.ne .+12; stlxr w3, w4, [x1]; cbnz w3, .-16 */
const compareAndSwap = [0x885f_fc20, 0x6b02_001f, 0x5400_0061, 0x8803_fc24, 0x35ff_ff83];

/** The plan of the instruction at an index of a sequence. */
function planInside(words: readonly number[], index: number): Plan {
  return planOf(words[index] ?? 0, { before: words.slice(0, index), behind: words.slice(index + 1) });
}

describe('aarch64 plans: exclusive sequences', () => {
  it('go on at their own place behind the load', () => {
    const made = planInside(compareAndSwap, 0);
    assert.ok(made.kind === 'slot');
    assert.deepEqual(made.sequence, { start: site, end: site + 16n });
    assert.deepEqual(wordsOf(made.slot.codeAt(near)?.bytes ?? bytesOf()), ['885ffc20', '17f80000']);
  });

  it('begin anew from inside', () => {
    const made = planInside(compareAndSwap, 3);
    assert.ok(made.kind === 'slot');
    assert.deepEqual(made.sequence, { start: site - 12n, end: site + 4n });
    const code = made.slot.codeAt(near);
    assert.deepEqual(wordsOf(code?.bytes ?? bytesOf()), [
      ...['885ffc20', '6b02001f', '54000061', '8803fc24'],
      ...['17f7fffd', '17f7fffd'],
    ]);
    assert.equal(code?.instructionBytes, 16);
    assert.deepEqual(code?.parts, [{ offset: 20, address: site + 8n }]);
  });

  it('branches inside are part of them', () => {
    const made = planInside(compareAndSwap, 2);
    assert.ok(made.kind === 'slot');
    assert.deepEqual(made.slot.codeAt(near)?.parts, [{ offset: 16, address: site + 12n }]);
  });

  it('end with the store', () => {
    const made = planInside(compareAndSwap, 4);
    assert.ok(made.kind === 'emulate' && made.sequence === undefined);
  });

  const once: readonly (readonly [string, readonly number[]])[] = [
    // ldxr x0, [x1]; add x2, x2, #1; stxr w3, x2, [x1]
    ['that count in a register', [0xc85f_7c20, 0x9100_0442, 0xc803_7c22]],
    // ldxr x0, [x0]; stxr w3, x2, [x0]
    ['that load over their address', [0xc85f_7c00, 0xc803_7c02]],
    // ldxr x0, [x1]; adc x2, x0, x4; cmp x0, x2; stxr w3, x2, [x1]
    ['that use flags which they change', [0xc85f_7c20, 0x9a04_0002, 0xeb02_001f, 0xc803_7c22]],
    // ldxr x0, [x1]; str x0, [x4], #8; stxr w3, x2, [x1]
    ['that store elsewhere', [0xc85f_7c20, 0xf800_8480, 0xc803_7c22]],
  ];
  for (const [name, words] of once) {
    it(`${name} cannot begin anew`, () => {
      assert.equal(planInside(words, words.length - 1).kind, 'refuse');
      assert.equal(planInside(words, 0).kind, 'slot');
    });
  }

  const again: readonly (readonly [string, readonly number[]])[] = [
    // ldxr x0, [x1]; add x2, x0, #1; stxr w3, x2, [x1]
    ['that count in memory', [0xc85f_7c20, 0x9100_0402, 0xc803_7c22]],
    // ldaxp x0, x5, [x1]; cmp x0, x2; cset x6, ne; cmp x5, x3; cinc x6, x6, ne; cbz x6, .+8; stlxp w7, x2, x3, [x1]
    ['of pairs', [0xc87f_9420, 0xeb02_001f, 0x9a9f_07e6, 0xeb03_00bf, 0x9a86_04c6, 0xb500_0066, 0xc827_8c22]],
  ];
  for (const [name, words] of again) {
    it(`${name} can`, () => {
      for (let index = 0; index < words.length; index++) {
        const made = planInside(words, index);
        assert.ok(made.kind === 'slot' && made.sequence !== undefined, `${index}: ${made.kind}`);
        const code = made.slot.codeAt(near);
        assert.ok(code !== undefined && code.bytes.length <= slotBytes);
      }
    });
  }

  it('without a store are none', () => {
    // ldaxr w0, [x1]; cbz w0, .-4; ret
    const made = planInside([0x885f_fc20, 0x34ff_ffe0, 0xd65f_03c0], 0);
    assert.ok(made.kind === 'slot' && made.sequence === undefined);
  });
});

describe('aarch64 plans: refusals', () => {
  const refused: readonly (readonly [string, number, Around?])[] = [
    ['paciasppc', 0xdac1_a3fe],
    ['autiasppc', 0xf380_003f],
    ['retaasppc', 0x5500_003f],
    ['pacm', 0xd503_24ff],
    ['paciasp behind pacm', 0xd503_233f, { before: [0xd503_24ff] }],
    ['tstart', 0xd523_3060],
    ['an unknown branch', 0xd7ff_ffff],
    ['braa out of guarded memory', 0xd71f_0801, { isGuarded: true }],
    ['movprfx at the end', 0x0420_bc01],
  ];
  for (const [name, word, around] of refused) {
    it(name, () => {
      const made = planOf(word, around);
      assert.ok(made.kind === 'refuse', made.kind);
      assert.match(made.reason, /\w/);
    });
  }

  it('no instruction, half of one, one between two', () => {
    assert.equal(plan(new Uint8Array(), site).kind, 'refuse');
    assert.equal(plan(Uint8Array.of(0x1f, 0x20, 3), site).kind, 'refuse');
    assert.equal(plan(bytesOf(0xd503_201f), site + 2n).kind, 'refuse');
  });
});

describe('aarch64 plans: branch targets', () => {
  const barred = (word: number, isGuarded = true): number => {
    const made = planOf(word, { isGuarded });
    assert.ok(made.kind !== 'refuse');
    return made.barredBranchTypes;
  };

  const rows: readonly (readonly [string, number, number])[] = [
    ['add', 0x8b02_0020, 0b1110],
    ['nop', 0xd503_201f, 0b1110],
    ['bl', 0x9400_0004, 0b1110],
    ['bti', 0xd503_241f, 0b1110],
    ['bti c', 0xd503_245f, 0b1000],
    ['bti j', 0xd503_249f, 0b0100],
    ['bti jc', 0xd503_24df, 0],
    ['paciasp', 0xd503_233f, 0b1000],
    ['pacibsp', 0xd503_237f, 0b1000],
    ['brk', 0xd420_0000, 0],
    ['hlt', 0xd440_0020, 0],
    ['svc', 0xd400_0001, 0b1110],
  ];
  for (const [name, word, types] of rows) {
    it(`${name} in guarded memory, and elsewhere`, () => {
      assert.equal(barred(word), types);
      assert.equal(barred(word, false), 0);
    });
  }
});

describe('aarch64 plans against a disassembler', () => {
  const words = corpus(new Random(43), 3000);

  it('branch, load and compute addresses as it says', function () {
    this.timeout(60_000);
    let known = 0;
    for (const one of disassemble(words, site)) {
      if (one === undefined) continue;
      const made = plan(bytesOf(one.word), one.address);
      if (made.kind !== 'emulate') continue;
      const { effect } = made;
      const named = /0x[0-9a-f]+$/.exec(one.operands)?.[0] ?? '';
      if ('target' in effect) assert.equal(effect.target, BigInt(named), one.mnemonic);
      if (effect.op === 'load') assert.equal(effect.address, BigInt(named));
      if (effect.op === 'set-register') assert.equal(effect.value, BigInt(named));
      known += 1;
    }
    assert.ok(known > 10_000, `${known}`);
  });

  it('do the same in a slot', function () {
    this.timeout(60_000);
    const slot = site + 0x8_0000n;
    const moved: number[] = [];
    const expected: string[] = [];
    for (const one of disassemble(words, site)) {
      if (one === undefined) continue;
      const made = plan(bytesOf(one.word), one.address);
      if (made.kind === 'refuse' || /^(movprfx|bc\.)/.test(one.mnemonic)) continue;
      const code = made.slot?.codeAt(slot + BigInt(moved.length * 4));
      const word = wordAt(code?.bytes ?? bytesOf(), 0);
      if (word === undefined) continue;
      moved.push(word);
      expected.push(`${one.mnemonic} ${one.operands}`);
    }
    const actual = disassemble(moved, slot).map((one) => `${one?.mnemonic} ${one?.operands}`);
    const differences = actual.flatMap((text, index) =>
      text === expected[index] ? [] : [`${text}, not ${expected[index]}`],
    );
    assert.deepEqual(differences.slice(0, 20), []);
    assert.ok(moved.length > 30_000, `${moved.length}`);
  });

  it('need no more text than they ask for', () => {
    assert.ok(planReach.beforeBytes % 4 === 0 && planReach.fromBytes % 4 === 0);
  });
});
