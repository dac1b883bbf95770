import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { aarch64 } from '../../../arch/aarch64/index.js';
import { pointsHit } from '../../../arch/hardware-points.js';
import type { DebugImage, HardwarePoint } from '../../../arch/module.js';
import { machines } from './machines.js';

const debugRegisters = aarch64.debugRegisters(machines.plain);
const notes = { breakpoints: 0x402, watchpoints: 0x403 };

function point(kind: HardwarePoint['kind'], address: bigint, lengthBytes: number): HardwarePoint {
  return { kind, address, lengthBytes };
}

function imageFor(...points: readonly HardwarePoint[]): DebugImage {
  const image = debugRegisters.allocate(points);
  assert.ok(image, 'the points do not fit');
  return image;
}

interface Slot {
  readonly address: bigint;
  readonly control: number;
}

/** What is stored into a set, slot by slot. */
function slotsOf(noteType: number, to: DebugImage, from = debugRegisters.none): Slot[] {
  const stores = debugRegisters
    .stores(from, to)
    .filter((one) => one.kind === 'regset' && one.noteType === noteType);
  assert.ok(stores.length <= 1);
  const [store] = stores;
  if (store?.kind !== 'regset') return [];
  const view = new DataView(store.bytes.buffer);
  return Array.from({ length: (store.bytes.length - 8) / 16 }, (_, index) => ({
    address: view.getBigUint64(8 + 16 * index, true),
    control: view.getUint32(16 + 16 * index, true),
  }));
}

/** The bytes that the CPU watches: DBGWCR taken to pieces as the manual says. */
function bytesWatched(image: DebugImage): bigint[] {
  return slotsOf(notes.watchpoints, image).flatMap(({ address, control }) => {
    assert.equal(control & 7, 5, 'enabled for the program');
    assert.equal(address % 8n, 0n);
    const selected = (control >> 5) & 0xff;
    return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((byte) =>
      (selected >> byte) & 1 ? [address + BigInt(byte)] : [],
    );
  });
}

describe('debug registers of aarch64', () => {
  it('are left alone when nothing is watched', () => {
    assert.deepEqual(debugRegisters.stores(debugRegisters.none, debugRegisters.none), []);
    assert.deepEqual(debugRegisters.allocate([]), debugRegisters.none);
    assert.equal(debugRegisters.none.slots.length, 10);
  });

  it('stop at one instruction', () => {
    const image = imageFor(point('execute', 0x401004n, 1));
    assert.deepEqual(slotsOf(notes.breakpoints, image), [{ address: 0x401004n, control: 0x1e5 }]);
    assert.equal(debugRegisters.allocate([point('execute', 0x401002n, 1)]), undefined);
  });

  it('are switched off one by one', () => {
    const two = imageFor(point('write', 0x1000n, 8), point('read', 0x2000n, 4));
    const one = imageFor(point('write', 0x1000n, 8));
    assert.deepEqual(slotsOf(notes.watchpoints, one, two), [
      { address: 0x1000n, control: 0x1ff5 },
      { address: 0n, control: 0 },
    ]);
    assert.deepEqual(slotsOf(notes.watchpoints, debugRegisters.none, one), [{ address: 0n, control: 0 }]);
    assert.deepEqual(slotsOf(notes.breakpoints, debugRegisters.none, one), []);
  });

  it('tell reads from writes', () => {
    const kinds = ['read', 'write', 'access'] as const;
    const image = imageFor(...kinds.map((kind) => point(kind, 0x1000n, 1)));
    assert.deepEqual(
      slotsOf(notes.watchpoints, image).map(({ control }) => (control >> 3) & 3),
      [1, 2, 3],
    );
  });

  it('watch exactly the bytes asked for', () => {
    const addresses = fc.bigInt({ min: 0n, max: 2n ** 48n - 64n });
    fc.assert(
      fc.property(addresses, fc.integer({ min: 1, max: 32 }), (address, lengthBytes) => {
        const image = debugRegisters.allocate([point('access', address, lengthBytes)]);
        fc.pre(image !== undefined);
        assert.deepEqual(
          bytesWatched(image),
          Array.from({ length: lengthBytes }, (_, byte) => address + BigInt(byte)),
        );
      }),
    );
  });

  it('refuse what does not fit', () => {
    const four = [0n, 1n, 2n, 3n].map((index) => point('write', 0x1000n + 8n * index, 8));
    assert.ok(debugRegisters.allocate(four));
    assert.equal(debugRegisters.allocate([...four, point('read', 0x2000n, 1)]), undefined);
    assert.ok(debugRegisters.allocate([...four, point('execute', 0x2000n, 1)]));
    for (const lengthBytes of [33, 2 ** 50, 0])
      assert.equal(debugRegisters.allocate([point('write', 0x1000n, lengthBytes)]), undefined);
    assert.ok(debugRegisters.allocate([point('write', 0x1001n, 31)]));
    assert.equal(debugRegisters.allocate([point('write', 0x1001n, 32)]), undefined);
  });

  it('name the points that were hit, each once', () => {
    const long = point('write', 0x1000n, 16);
    const code = point('execute', 0x2000n, 1);
    const image = imageFor(long, code);
    assert.deepEqual(pointsHit(image, 0b1n), [code]);
    assert.deepEqual(pointsHit(image, 0b11000000n), [long]);
    assert.deepEqual(pointsHit(image, 0n), []);
  });

  it('have no slots where the kernel gives none', () => {
    const none = aarch64.debugRegisters({ ...machines.plain, breakpointSlots: 0, watchpointSlots: 0 });
    assert.equal(none.supports('execute') || none.supports('write'), false);
    assert.equal(none.allocate([point('execute', 0x2000n, 1)]), undefined);
  });
});
