import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { auxvLengthBytes, auxvTypes, auxvValue, parseAuxv } from '../../../src/core/program/index.js';

function vector(...words: readonly bigint[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(words).buffer);
}

describe('auxiliary vector', () => {
  it('ends at AT_NULL', () => {
    const bytes = vector(3n, 0x400040n, 5n, 13n, 0n, 0n, 9n, 1n);
    const entries = parseAuxv(bytes, 8);
    assert.equal(auxvValue(entries, auxvTypes.phnum), 13n);
    assert.equal(auxvValue(entries, auxvTypes.entry), undefined);
    assert.equal(auxvLengthBytes(bytes, 8), 48);
  });

  it('reads words of four bytes', () => {
    const bytes = new Uint8Array(new Uint32Array([3, 0x8048034, 0, 0]).buffer);
    assert.deepEqual(parseAuxv(bytes, 4), [{ type: 3n, value: 0x8048034n }]);
  });

  it('gives what is whole of a vector that is cut', () => {
    const bytes = vector(3n, 1n, 5n);
    assert.deepEqual(parseAuxv(bytes, 8), [{ type: 3n, value: 1n }]);
    assert.equal(auxvLengthBytes(bytes, 8), 24);
  });
});
