import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { registerOffset } from '../../../arch/aarch64/general-offsets.js';
import { lastingSteps } from '../../../arch/aarch64/lasting-steps.js';
import { generalRegset } from '../../../arch/aarch64/regsets.js';
import { littleEndian } from '../../../src/base/byte-order.js';

const at = 0x5555_5555_1000n;

function exitsOf(word: number, number = 0n) {
  const general = new Uint8Array(generalRegset.sizeBytes);
  general.set(littleEndian(number, 8), registerOffset(8));
  return lastingSteps.exits(Uint8Array.from(littleEndian(BigInt(word), 4)), at, general);
}

function target(address: bigint, branch?: bigint) {
  return { kind: 'target', address, branch };
}

describe('one instruction of aarch64 that is run instead of stepped', () => {
  it('comes to the next one', () => {
    // add x0, x0, #1
    assert.deepEqual(exitsOf(0x9100_0400), [target(at + 4n)]);
  });

  it('that branches on a condition comes to either place', () => {
    // b.eq at + 0x40
    assert.deepEqual(exitsOf(0x5400_0200), [target(at + 0x40n, at), target(at + 4n)]);
  });

  it('that always branches is watched itself', () => {
    // b at + 0x40; ret
    for (const word of [0x1400_0010, 0xd65f_03c0])
      assert.deepEqual(exitsOf(word), [{ kind: 'instruction', address: at }]);
  });

  it('that makes a system call comes to the next one, but from rt_sigreturn', () => {
    assert.deepEqual(exitsOf(0xd400_0001, 63n), [target(at + 4n)]);
    // The kernel looks at the lower half.
    assert.equal(exitsOf(0xd400_0001, (1n << 32n) + 139n), undefined);
  });

  it('is stepped where it may stay, where it begins a sequence, and where there is none', () => {
    // b at; cbz x0, at; ldxr x0, [x1]
    for (const word of [0x1400_0000, 0xb400_0000, 0xc85f_7c20]) assert.equal(exitsOf(word), undefined);
    assert.equal(
      lastingSteps.exits(new Uint8Array(2), at, new Uint8Array(generalRegset.sizeBytes)),
      undefined,
    );
  });
});
