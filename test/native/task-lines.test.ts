import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { nativeBinding } from '../../src/native/binding.js';

const format = {
  beforeId: 'id ',
  beforeCpu: ', cpu ',
  beforeName: ', name ',
  beforePointer: ', at ',
  end: ';',
  pointerBytes: 4,
};

function commsOf(...names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.map((name) => name.padEnd(16, '\0')).join(''));
}

function linesOf(
  tids: Int32Array,
  comms: Uint8Array,
  pointers: BigUint64Array | undefined,
  nameText: (comm: Uint8Array) => string,
): string {
  const cpus = new Int32Array(tids.length).fill(12);
  return new TextDecoder().decode(nativeBinding().taskLines(format, tids, cpus, comms, pointers, nameText));
}

describe('lines of tasks', () => {
  it('have every field, the pointer in memory order where it is known', () => {
    const pointers = BigUint64Array.of(0x1122334455667788n, 0n);
    const text = linesOf(Int32Array.of(0x1f, 0x7fffffff), commsOf('first', ''), pointers, (comm) =>
      new TextDecoder().decode(comm).toUpperCase(),
    );
    assert.equal(text, 'id 1f, cpu 12, name FIRST, at 88776655;id 7fffffff, cpu 12, name ;');
  });

  it('have no pointer where none are given', () => {
    assert.equal(
      linesOf(Int32Array.of(1), commsOf('a'), undefined, () => '€'),
      'id 1, cpu 12, name €;',
    );
  });

  it('ask once for a name that several in a row have', () => {
    const asked: string[] = [];
    const comms = commsOf('same', 'same', 'fifteen letters', 'same');
    linesOf(Int32Array.of(1, 2, 3, 4), comms, undefined, (comm) => {
      asked.push(new TextDecoder().decode(comm));
      return '';
    });
    assert.deepEqual(asked, ['same', 'fifteen letters', 'same']);
  });

  it('are not made of columns of different lengths, nor of names that cannot be had', () => {
    const tids = Int32Array.of(1, 2);
    const none = (): string => '';
    assert.throws(() => linesOf(tids, commsOf('a'), undefined, none), RangeError);
    assert.throws(() => linesOf(tids, commsOf('a', 'b'), BigUint64Array.of(1n), none), RangeError);
    const failing = (): string => {
      throw new TypeError('no name');
    };
    assert.throws(() => linesOf(tids, commsOf('a', 'b'), undefined, failing), TypeError);
  });
});
