import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { plan } from '../../../arch/i386/out-of-line.js';
import type { Effect, Plan } from '../../../arch/plan.js';
import { flowDifferences } from '../x86/flow-of-control.js';

const site = 0x5655_6000n;

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

function hex(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function planOf(text: string, address = site): Plan {
  return plan(fromHex(text), address);
}

describe('i386 plans: emulated instructions', () => {
  const effects: readonly (readonly [string, Effect])[] = [
    ['eb fe', { op: 'jump', target: site }],
    ['e9 00 00 00 80', { op: 'jump', target: 0xd655_6005n }],
    ['e9 00 00 00 40', { op: 'jump', target: site + 0x4000_0005n }],
    ['e8 00 00 00 00', { op: 'call', target: site + 5n }],
    ['50', { op: 'push-register', offset: 24 }],
    ['53', { op: 'push-register', offset: 0 }],
    ['54', { op: 'push-register', offset: 60 }],
    ['57', { op: 'push-register', offset: 16 }],
    ['6a ff', { op: 'push-value', value: 0xffff_ffffn }],
    ['68 00 00 00 80', { op: 'push-value', value: 0x8000_0000n }],
    ['90', { op: 'next' }],
    ['f3 0f 1e fb', { op: 'next' }],
  ];
  for (const [text, effect] of effects) {
    it(text, () => {
      const made = planOf(text);
      assert.ok(made.kind === 'emulate');
      assert.equal(made.lengthBytes, fromHex(text).length);
      assert.deepEqual(made.effect, effect);
    });
  }

  it('conditions look at the flags of the 32-bit regset', () => {
    const made = planOf('74 f0');
    assert.ok(made.kind === 'emulate' && made.effect.op === 'branch');
    assert.equal(made.effect.target, site - 14n);
    assert.equal(made.effect.condition.flagsOffset, 56);
    assert.equal(made.effect.condition.anySet, 0x40n);
  });

  it('loops count in ecx', () => {
    const made = planOf('e2 10');
    assert.ok(made.kind === 'emulate' && made.effect.op === 'count-branch');
    const { counterOffset, counterBits, target, flagsOffset } = made.effect;
    assert.deepEqual([counterOffset, counterBits, target, flagsOffset], [4, 32, site + 0x12n, 56]);
  });

  it('loops with 16-bit addresses count in cx', () => {
    const made = planOf('67 e2 0f');
    assert.ok(made.kind === 'emulate' && made.effect.op === 'count-branch');
    assert.equal(made.effect.counterBits, 16);
  });

  it('addresses wrap at 4 GiB', () => {
    const made = planOf('eb 10', 0xffff_fff8n);
    assert.ok(made.kind === 'emulate' && made.effect.op === 'jump');
    assert.equal(made.effect.target, 0xan);
  });
});

describe('i386 plans: instructions in a slot', () => {
  const slots: readonly (readonly [string, readonly string[]])[] = [
    ['40', []],
    ['4f', []],
    ['06', []],
    ['17', []],
    ['60', []],
    ['66 50', []],
    ['8b 05 00 10 00 00', []],
    ['67 8b 46 01', []],
    ['c3', []],
    ['ff e0', []],
    ['66 ff e0', []],
    ['ff d0', ['return-address']],
    ['ff 15 00 10 00 00', ['return-address']],
    ['9c', ['pushed-flags']],
    ['cd 80', []],
    ['0f 34', []],
    ['0f 05', []],
    ['65 ff 15 10 00 00 00', ['return-address']],
    ['c4 00', []],
    ['62 00', []],
    ['c5 f8 77', []],
    ['ff 28', []],
    ['f0 90', []],
    ['0f 35', []],
    ['9d', []],
    ['ce', []],
    ['cd 03', []],
    ['cc', []],
    ['cf', []],
    ['cb', []],
    ['ea 00 00 00 00 33 00', []],
  ];
  for (const [text, fixups] of slots) {
    it(`${text} runs unchanged`, () => {
      const made = planOf(text);
      assert.ok(made.kind !== 'refuse' && made.slot !== undefined, made.kind);
      assert.deepEqual(made.slot.fixups, fixups);
      assert.equal(made.operandAddress, undefined);
      const code = made.slot.codeAt(0x1234_5000n);
      assert.equal(hex(code?.bytes.subarray(0, code.instructionBytes)), text);
    });
  }
});

describe('i386 plans: refusals', () => {
  const refused = [
    '66 e8 00 00',
    '66 eb 00',
    '66 0f 84 00 00',
    'f3 e0 00',
    '66 ff d0',
    '9a 00 00 00 00 23 00',
    'ff 18',
    'f1',
  ];
  for (const text of refused) {
    it(text, () => {
      assert.equal(planOf(text).kind, 'refuse');
    });
  }
});

describe('i386 plans against an independent decoder', () => {
  it('do for every instruction what its flow of control demands', () => {
    assert.deepEqual(flowDifferences(plan, 32, site).slice(0, 40), []);
  });
});

describe('i386 jump back', () => {
  it('reaches everything', () => {
    const nextTo = (slot: bigint, address: bigint): string => {
      const made = planOf('fc', address);
      assert.ok(made.kind === 'slot');
      const code = made.slot.codeAt(slot);
      return hex(code?.bytes.subarray(code.instructionBytes));
    };
    assert.equal(nextTo(0xfffn, 0x1004n), 'e9 00 00 00 00');
    assert.equal(nextTo(0xfffn, 0xefff_ffffn), 'e9 fb ef ff ef');
    assert.equal(nextTo(0xffff_ffefn, 0xfn), 'e9 1b 00 00 00');
  });
});
