import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { pointsHit } from '../../../arch/hardware-points.js';
import type { DebugImage, DebugStore, HardwarePoint } from '../../../arch/module.js';
import { debugRegisters as debugRegistersOf } from '../../../arch/x86/debug-registers.js';
import { compileFixture } from '../../support/fixture.js';

const control = 848 + 8 * 7;
const debugRegisters = debugRegistersOf();

function point(kind: HardwarePoint['kind'], address: bigint, lengthBytes: number): HardwarePoint {
  return { kind, address, lengthBytes };
}

function imageFor(...points: readonly HardwarePoint[]): DebugImage {
  const image = debugRegisters.allocate(points);
  assert.ok(image, 'the points do not fit');
  return image;
}

/** The stores as [offset, value]. */
function stores(image: DebugImage): [number, bigint][] {
  return wordsOf(debugRegisters.stores(debugRegisters.none, image));
}

function wordsOf(list: readonly DebugStore[]): [number, bigint][] {
  return list.map((store) => {
    assert.equal(store.kind, 'user');
    return store.kind === 'user' ? [store.offset, store.value] : [-1, 0n];
  });
}

interface Watched {
  readonly access: bigint;
  readonly start: bigint;
  readonly lengthBytes: bigint;
}

/** What the CPU watches with these stores made: DR7 taken to pieces as the manual says. */
function watchedBy(image: DebugImage): Watched[] {
  const words = new Map(stores(image));
  const dr7 = words.get(control) ?? 0n;
  const lengths = [1n, 2n, 8n, 4n];
  return [0, 1, 2, 3].flatMap((slot) => {
    if (((dr7 >> BigInt(2 * slot)) & 1n) === 0n) return [];
    const field = (dr7 >> BigInt(16 + 4 * slot)) & 0xfn;
    const start = words.get(848 + 8 * slot) ?? 0n;
    return [{ access: field & 3n, start, lengthBytes: lengths[Number(field >> 2n)] ?? 0n }];
  });
}

/** Makes the stores in a stopped child of a real kernel; the error numbers of all of them. */
async function storeForReal(lists: readonly [number, bigint][][]): Promise<number[]> {
  const child = spawn(await compileFixture('store-debug-registers'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.end(
    lists
      .flat()
      .map(([offset, value]) => `${offset} ${value}\n`)
      .join(''),
  );
  const output = await text(child.stdout);
  assert.deepEqual(await exited, [0, null]);
  return output.trim().split('\n').map(Number);
}

describe('debug registers of x86_64', () => {
  it('are all off in the image of no points', () => {
    assert.deepEqual(stores(debugRegisters.none), [[control, 0n]]);
    assert.deepEqual(debugRegisters.none.slots, [undefined, undefined, undefined, undefined]);
    assert.deepEqual(debugRegisters.allocate([]), debugRegisters.none);
  });

  it('are switched off before and on after the addresses', () => {
    const image = imageFor(point('write', 0x1000n, 4), point('execute', 0x401001n, 1));
    // Slot 0: L0, R/W 01, LEN 11. Slot 1: L1, R/W 00, LEN 00. LE.
    assert.deepEqual(stores(image), [
      [control, 0n],
      [848, 0x1000n],
      [856, 0x401001n],
      [control, 0x000d_0105n],
    ]);
  });

  it('encode what is trapped and how long it is', () => {
    const image = imageFor(
      point('write', 0x1000n, 1),
      point('access', 0x1002n, 2),
      point('access', 0x1008n, 8),
      point('execute', 0x2001n, 1),
    );
    assert.deepEqual(watchedBy(image), [
      { access: 1n, start: 0x1000n, lengthBytes: 1n },
      { access: 3n, start: 0x1002n, lengthBytes: 2n },
      { access: 3n, start: 0x1008n, lengthBytes: 8n },
      { access: 0n, start: 0x2001n, lengthBytes: 1n },
    ]);
  });

  it('know no read-only watchpoint', () => {
    assert.equal(debugRegisters.supports('read'), false);
    assert.ok(debugRegisters.supports('write') && debugRegisters.supports('access'));
    assert.ok(debugRegisters.supports('execute'));
    assert.equal(debugRegisters.allocate([point('read', 0x1000n, 4)]), undefined);
  });

  it('serve a range that is not aligned by several slots', () => {
    const image = imageFor(point('write', 0x1001n, 7));
    assert.deepEqual(
      watchedBy(image).map(({ start, lengthBytes }) => [start, lengthBytes]),
      [
        [0x1001n, 1n],
        [0x1002n, 2n],
        [0x1004n, 4n],
      ],
    );
    assert.equal(imageFor(point('write', 0x1000n, 32)).slots.filter(Boolean).length, 4);
  });

  it('share slots between equal points', () => {
    const five = Array.from({ length: 5 }, () => point('write', 0x1000n, 8));
    assert.deepEqual(imageFor(...five), imageFor(point('write', 0x1000n, 8)));
  });

  it('refuse what does not fit', () => {
    const four = [0n, 1n, 2n, 3n].map((index) => point('write', 0x1000n + 8n * index, 8));
    assert.ok(debugRegisters.allocate(four));
    assert.equal(debugRegisters.allocate([...four, point('execute', 0x2000n, 1)]), undefined);
    assert.equal(debugRegisters.allocate([point('write', 0x1000n, 33)]), undefined);
    assert.equal(debugRegisters.allocate([point('write', 0x1000n, 2 ** 50)]), undefined);
    assert.equal(debugRegisters.allocate([point('write', 0x1000n, 0)]), undefined);
  });

  it('cover exactly the bytes asked for, each piece aligned', () => {
    const addresses = fc.bigInt({ min: 0n, max: 2n ** 47n - 64n });
    fc.assert(
      fc.property(addresses, fc.integer({ min: 1, max: 32 }), (address, lengthBytes) => {
        const image = debugRegisters.allocate([point('access', address, lengthBytes)]);
        fc.pre(image !== undefined);
        let next = address;
        for (const { start, lengthBytes: pieceBytes } of watchedBy(image)) {
          assert.equal(start, next);
          assert.equal(start % pieceBytes, 0n);
          next += pieceBytes;
        }
        assert.equal(next, address + BigInt(lengthBytes));
      }),
    );
  });

  it('name the points that were hit, each once', () => {
    const long = point('write', 0x1000n, 16);
    const code = point('execute', 0x2000n, 1);
    const image = imageFor(long, code);
    assert.deepEqual(pointsHit(image, 0b0011n), [long]);
    assert.deepEqual(pointsHit(image, 0b0110n), [long, code]);
    assert.deepEqual(pointsHit(image, 0b1000n), []);
    // Bit 14 is the single step.
    assert.deepEqual(pointsHit(image, 0x4000n), []);
  });

  it('are stored in an order that the kernel takes, whatever was there before', async () => {
    const images = [
      imageFor(point('access', 0x500000n, 32)),
      imageFor(point('execute', 0x500003n, 1), point('write', 0x500001n, 7)),
      imageFor(point('write', 0x600008n, 8), point('write', 0x600001n, 1)),
      debugRegisters.none,
      imageFor(point('write', 0x600007n, 2)),
      debugRegisters.none,
    ];
    const lists = images.map(stores);
    const errors = await storeForReal(lists);
    assert.deepEqual(
      errors,
      lists.flat().map(() => 0),
    );
  });

  it('would be refused by the kernel in the order of an enabled slot', async () => {
    const eight = imageFor(point('write', 0x500000n, 8));
    const errors = await storeForReal([stores(eight), [[848, 0x500001n]]]);
    assert.deepEqual(errors.slice(0, 3), [0, 0, 0]);
    assert.notEqual(errors[3], 0);
  });
});
