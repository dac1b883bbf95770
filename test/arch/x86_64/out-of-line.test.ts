import assert from 'node:assert/strict';
import { Code } from 'iced-x86';
import { describe, it } from 'mocha';
import type { Effect, FlagCondition, Plan } from '../../../arch/plan.js';
import { plan } from '../../../arch/x86_64/out-of-line.js';
import { Random } from '../../support/random.js';
import { ReferenceDecoder, type ReferenceFacts, randomInstruction } from '../x86/decode-reference.js';
import { flowDifferences } from '../x86/flow-of-control.js';

const site = 0x5555_5555_1000n;

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

function hex(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function planOf(text: string): Plan {
  return plan(fromHex(text), site);
}

function effectOf(text: string): Effect {
  const made = planOf(text);
  assert.ok(made.kind === 'emulate', `${text}: ${made.kind}`);
  return made.effect;
}

interface SlotFacts {
  readonly fixups: readonly string[];
  readonly lengthBytes: number;
  readonly operandAddress: bigint | undefined;
  readonly relocate: (slot: bigint) => Uint8Array | undefined;
}

/** What is done in a slot, be it that the instruction always runs there or where it cannot be emulated. */
function slotOf(text: string, address = site): SlotFacts {
  const made = plan(fromHex(text), address);
  assert.ok(made.kind !== 'refuse' && made.slot !== undefined, `${text}: ${made.kind}`);
  const { fixups, codeAt } = made.slot;
  const { lengthBytes, operandAddress } = made;
  const relocate = (slot: bigint): Uint8Array | undefined => {
    const code = codeAt(slot);
    return code?.bytes.slice(0, code.instructionBytes);
  };
  return { fixups, lengthBytes, operandAddress, relocate };
}

function isTaken({ anySet, anyClear, differ, negate }: FlagCondition, flags: bigint): boolean {
  const isDifferent = differ !== undefined && ((flags & differ[0]) !== 0n) !== ((flags & differ[1]) !== 0n);
  return ((flags & anySet) !== 0n || (~flags & anyClear) !== 0n || isDifferent) !== negate;
}

interface Flags {
  readonly c: boolean;
  readonly p: boolean;
  readonly z: boolean;
  readonly s: boolean;
  readonly o: boolean;
}

/** With the bits that are always or usually 1. */
function flagsWord({ c, p, z, s, o }: Flags): bigint {
  return 0x202n | (c ? 1n : 0n) | (p ? 4n : 0n) | (z ? 0x40n : 0n) | (s ? 0x80n : 0n) | (o ? 0x800n : 0n);
}

/** Intel SDM volume 1 appendix B: conditions in the order of their codes. */
const conditions: readonly (readonly [string, (flags: Flags) => boolean])[] = [
  ['o', ({ o }) => o],
  ['no', ({ o }) => !o],
  ['b', ({ c }) => c],
  ['ae', ({ c }) => !c],
  ['e', ({ z }) => z],
  ['ne', ({ z }) => !z],
  ['be', ({ c, z }) => c || z],
  ['a', ({ c, z }) => !c && !z],
  ['s', ({ s }) => s],
  ['ns', ({ s }) => !s],
  ['p', ({ p }) => p],
  ['np', ({ p }) => !p],
  ['l', ({ s, o }) => s !== o],
  ['ge', ({ s, o }) => s === o],
  ['le', ({ z, s, o }) => z || s !== o],
  ['g', ({ z, s, o }) => !z && s === o],
];

describe('x86_64 plans: emulated instructions', () => {
  for (const [code, [name, predicate]] of conditions.entries()) {
    it(`j${name}, short and near`, () => {
      const short = effectOf(`${(0x70 + code).toString(16)} f0`);
      const near = effectOf(`0f ${(0x80 + code).toString(16)} 00 01 00 00`);
      assert.ok(short.op === 'branch' && near.op === 'branch');
      assert.equal(short.target, site + 2n - 16n);
      assert.equal(near.target, site + 6n + 256n);
      assert.equal(short.condition.flagsOffset, 144);
      for (let set = 0; set < 32; set++) {
        const bit = (index: number): boolean => ((set >> index) & 1) === 1;
        const flags: Flags = { c: bit(0), p: bit(1), z: bit(2), s: bit(3), o: bit(4) };
        const word = flagsWord(flags);
        const expected = predicate(flags);
        assert.equal(isTaken(short.condition, word), expected, `flags ${word.toString(16)}`);
        assert.equal(isTaken(near.condition, word), expected, `flags ${word.toString(16)}`);
      }
    });
  }

  const branches: readonly (readonly [string, Effect])[] = [
    ['eb fe', { op: 'jump', target: site }],
    ['e9 00 00 00 80', { op: 'jump', target: site + 5n - 0x8000_0000n }],
    ['f2 e9 01 00 00 00', { op: 'jump', target: site + 7n }],
    ['e8 00 00 00 00', { op: 'call', target: site + 5n }],
    ['e8 fb ff ff ff', { op: 'call', target: site }],
    ['48 e8 10 00 00 00', { op: 'call', target: site + 0x16n }],
    ['50', { op: 'push-register', offset: 80 }],
    ['54', { op: 'push-register', offset: 152 }],
    ['41 57', { op: 'push-register', offset: 0 }],
    ['41 54', { op: 'push-register', offset: 24 }],
    ['6a ff', { op: 'push-value', value: 2n ** 64n - 1n }],
    ['68 78 56 34 12', { op: 'push-value', value: 0x12345678n }],
    ['68 00 00 00 80', { op: 'push-value', value: 0xffff_ffff_8000_0000n }],
    ['90', { op: 'next' }],
    ['66 90', { op: 'next' }],
    ['48 90', { op: 'next' }],
    ['0f 1f 84 00 00 00 00 00', { op: 'next' }],
    ['66 2e 0f 1f 84 00 00 00 00 00', { op: 'next' }],
    ['0f 1f 05 00 00 00 00', { op: 'next' }],
    ['f3 0f 1e fa', { op: 'next' }],
  ];
  for (const [text, effect] of branches) {
    it(text, () => {
      const made = planOf(text);
      assert.ok(made.kind === 'emulate');
      assert.equal(made.lengthBytes, fromHex(text).length);
      assert.deepEqual(made.effect, effect);
    });
  }

  const counters: readonly (readonly [string, object])[] = [
    ['e0 10', { counterBits: 64, decrement: true, jumpWhen: 'non-zero', zeroFlag: 'clear' }],
    ['e1 10', { counterBits: 64, decrement: true, jumpWhen: 'non-zero', zeroFlag: 'set' }],
    ['e2 10', { counterBits: 64, decrement: true, jumpWhen: 'non-zero', zeroFlag: 'any' }],
    ['e3 10', { counterBits: 64, decrement: false, jumpWhen: 'zero', zeroFlag: 'any' }],
    ['67 e2 0f', { counterBits: 32, decrement: true, jumpWhen: 'non-zero', zeroFlag: 'any' }],
    ['67 e3 0f', { counterBits: 32, decrement: false, jumpWhen: 'zero', zeroFlag: 'any' }],
  ];
  for (const [text, expected] of counters) {
    it(text, () => {
      const rest = {
        op: 'count-branch',
        target: site + 0x12n,
        counterOffset: 88,
        flagsOffset: 144,
        zeroFlagMask: 64n,
      };
      assert.deepEqual(effectOf(text), { ...rest, ...expected });
    });
  }
});

describe('x86_64 plans: instructions in a slot', () => {
  const slots: readonly (readonly [string, readonly string[]])[] = [
    ['48 89 e5', []],
    ['f3 90', []],
    ['41 90', []],
    ['66 50', []],
    ['66 68 34 12', []],
    ['0f a0', []],
    ['0f a8', []],
    ['ff 30', []],
    ['c3', []],
    ['c2 08 00', []],
    ['f3 c3', []],
    ['66 c3', []],
    ['ff e0', []],
    ['66 ff e0', []],
    ['ff d0', ['return-address']],
    ['41 ff 54 24 08', ['return-address']],
    ['ff d4', ['return-address']],
    ['0f 05', ['syscall-registers']],
    ['f3 0f 05', ['syscall-registers']],
    ['9c', ['pushed-flags']],
    ['66 9c', ['pushed-flags']],
    ['f3 a4', []],
    ['8e d0', []],
    ['0f 0b', []],
    ['cd 80', []],
    ['0f 74 c1', []],
    ['c5 f9 74 c1', []],
    ['c5 f9 eb c1', []],
    ['c5 f9 e8 c1', []],
    ['c5 f8 c2 c1 02', []],
    ['c5 f8 77', []],
    ['62 f1 7d 08 70 c1 01', []],
    ['c7 00 01 00 00 00', []],
    ['c6 f8 01', []],
    ['0f 01 f9', []],
    ['0f 01 98 be 64 29 d7', []],
    ['f3 0f 1e c8', []],
    ['ff 28', []],
    ['f0 90', []],
    ['f3 0f 01 ec', []],
    ['0f 07', []],
    ['0f 35', []],
    ['0f 34', []],
    ['9d', []],
    ['cd 21', []],
    ['cd 03', []],
    ['cc', []],
    ['48 cf', []],
    ['ca 08 00', []],
    ['cb', []],
  ];
  for (const [text, fixups] of slots) {
    it(`${text} runs unchanged`, () => {
      const made = slotOf(text);
      assert.deepEqual(made.fixups, fixups);
      assert.equal(made.operandAddress, undefined);
      assert.equal(made.lengthBytes, fromHex(text).length);
      assert.equal(hex(made.relocate(0x1234_5678_9000n)), text);
    });
  }

  it('copies exactly the instruction', () => {
    const made = slotOf('48 89 e5 48 83 ec 10 90 90 90 90 90 90 90 90');
    assert.equal(hex(made.relocate(0n)), '48 89 e5');
  });

  it('rewrites the displacement of a RIP-relative operand', () => {
    const made = slotOf('48 8b 05 00 10 00 00');
    assert.equal(made.operandAddress, site + 7n + 0x1000n);
    assert.equal(hex(made.relocate(site + 0x100n)), '48 8b 05 00 0f 00 00');
    assert.equal(hex(made.relocate(site - 0x100n)), '48 8b 05 00 11 00 00');
  });

  it('counts the immediate into the base', () => {
    const made = slotOf('81 3d 00 00 00 00 78 56 34 12');
    assert.equal(made.operandAddress, site + 10n);
    assert.equal(hex(made.relocate(site + 1n)), '81 3d ff ff ff ff 78 56 34 12');
  });

  it('rewrites the operand of an indirect call and jump', () => {
    const call = slotOf('ff 15 00 01 00 00');
    assert.deepEqual(call.fixups, ['return-address']);
    assert.equal(hex(call.relocate(site + 0x10n)), 'ff 15 f0 00 00 00');
    const jumpThrough = slotOf('ff 25 00 01 00 00');
    assert.deepEqual(jumpThrough.fixups, []);
    assert.equal(hex(jumpThrough.relocate(site + 0x10n)), 'ff 25 f0 00 00 00');
  });

  it('reaches exactly the signed 32-bit displacements', () => {
    const made = slotOf('8b 05 00 00 00 00');
    assert.equal(hex(made.relocate(site - 0x7fff_ffffn)), '8b 05 ff ff ff 7f');
    assert.equal(made.relocate(site - 0x8000_0000n), undefined);
    assert.equal(hex(made.relocate(site + 0x8000_0000n)), '8b 05 00 00 00 80');
    assert.equal(made.relocate(site + 0x8000_0001n), undefined);
  });

  it('keeps an EIP-relative operand modulo 2^32, from anywhere', () => {
    const made = slotOf('67 8b 05 f0 ff ff ff');
    assert.equal(made.operandAddress, undefined);
    const relocated = made.relocate(0x7fff_0000_0000n);
    const operand = (site + 7n - 16n) & 0xffff_ffffn;
    const view = new DataView(Uint8Array.from(relocated ?? []).buffer);
    assert.equal(BigInt.asUintN(32, 0x7fff_0000_0000n + 7n + BigInt(view.getInt32(3, true))), operand);
  });

  it('takes an absolute address in a SIB form for no RIP-relative one', () => {
    assert.equal(slotOf('8b 04 25 00 10 00 00').operandAddress, undefined);
  });

  it('wraps around the address space', () => {
    const made = slotOf('8b 05 00 10 00 00', 2n ** 64n - 0x100n);
    assert.equal(made.operandAddress, 0xf06n);
    assert.equal(hex(made.relocate(2n ** 64n - 0x80n)), '8b 05 80 0f 00 00');
  });
});

describe('x86_64 plans: refusals', () => {
  const refused = [
    '66 e8 00 00 00 00',
    '66 e9 00 00 00 00',
    '66 eb 00',
    '66 74 00',
    '66 0f 84 00 00 00 00',
    '66 e2 00',
    'f3 e0 00',
    'f2 e1 00',
    '66 ff d0',
    'ff 18',
    'f1',
    '0f 01 d7',
    '06',
    'd5 00 a1 00 00 00 00 00 00 00 00',
    '48 8b 05 00 10',
    '66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90',
  ];
  for (const text of refused) {
    it(text, () => {
      const made = planOf(text);
      assert.ok(made.kind === 'refuse', made.kind);
      assert.match(made.reason, /\w/);
    });
  }

  it('no bytes at all', () => {
    assert.equal(plan(new Uint8Array(), site).kind, 'refuse');
  });
});

describe('x86_64 jump back', () => {
  const nextTo = (text: string, slot: bigint, address: bigint): string => {
    const made = plan(fromHex(text), address);
    assert.ok(made.kind === 'slot');
    const code = made.slot.codeAt(slot);
    return hex(code?.bytes.subarray(code.instructionBytes));
  };

  it('is relative where that reaches', () => {
    assert.equal(nextTo('fc', 0x1000n, 0x1005n), 'e9 00 00 00 00');
    assert.equal(nextTo('fc', 0x1000n, 0xfffn), 'e9 fa ff ff ff');
    assert.equal(nextTo('fc', 0n, 0x8000_0004n), 'e9 ff ff ff 7f');
    assert.equal(
      nextTo('fc', 0x7fff_fffan, 0x7fff_ffff_ffff_ffffn),
      'ff 25 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80',
    );
  });

  it('goes through memory where it does not', () => {
    assert.equal(nextTo('fc', 0n, 0x8000_0005n), 'ff 25 01 00 00 00 00 06 00 00 80 00 00 00 00');
  });

  it('of a system call follows the repair of rcx', () => {
    assert.equal(nextTo('0f 05', 0x1000n, 0x2000n), '48 b9 02 20 00 00 00 00 00 00 e9 f1 0f 00 00');
  });
});

function addressesOf({ instruction }: ReferenceFacts): string {
  const target = instruction.isIpRelMemoryOperand ? instruction.ipRelMemoryAddress : 0n;
  return `${Code[instruction.code]} length ${instruction.length} operand ${target.toString(16)}`;
}

describe('x86_64 plans against an independent decoder', () => {
  const reference = new ReferenceDecoder();

  it('does for every instruction what its flow of control demands', () => {
    assert.deepEqual(flowDifferences(plan, 64, site).slice(0, 40), []);
  });

  it('keeps the operand and all else of RIP-relative instructions in a slot', () => {
    const random = new Random(14);
    let count = 0;
    for (let attempt = 0; attempt < 200_000; attempt++) {
      const bytes = randomInstruction(random, (random.below(8) << 3) | 5);
      const before = reference.decode(bytes, site, 64);
      if (before?.instruction.isIpRelMemoryOperand !== true) continue;
      const expected = addressesOf(before);
      const { displacementOffset, displacementBytes } = before;
      const exact = bytes.slice(0, before.instruction.length);
      const made = plan(bytes, site);
      if (made.kind === 'refuse' || made.slot === undefined) continue;
      const slot = site + BigInt(random.below(0x2000_0000)) - 0x1000_0000n;
      const code = made.slot.codeAt(slot);
      const relocated = code?.bytes.slice(0, code.instructionBytes);
      const reach = BigInt.asIntN(64, (made.operandAddress ?? slot) - slot - BigInt(exact.length));
      if (relocated === undefined) {
        assert.ok(reach !== BigInt.asIntN(32, reach), hex(exact));
        continue;
      }
      const after = reference.decode(relocated, slot, 64);
      assert.ok(after !== undefined, hex(relocated));
      assert.equal(addressesOf(after), expected, hex(exact));
      exact.fill(0, displacementOffset, displacementOffset + displacementBytes);
      relocated.fill(0, displacementOffset, displacementOffset + displacementBytes);
      assert.equal(hex(relocated), hex(exact));
      count++;
    }
    assert.ok(count > 10_000, `${count} instructions`);
  });
});
