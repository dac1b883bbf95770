/** Documents and records that servers send, as values. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseAuxiliaryVector } from '../../src/client/auxiliary-vector.js';
import { plainLibraries, svr4Libraries } from '../../src/client/libraries.js';
import { parseMaps } from '../../src/client/memory-regions.js';
import { documentValue } from '../../src/client/objects.js';
import { parseSignalInfo } from '../../src/client/signal-info.js';

describe('client: objects', () => {
  it('are libraries of both kinds', () => {
    const svr4 =
      '<library-list-svr4 version="1.0" main-lm="0x1"><library name="/a" lm="0x10" l_addr="0x20" l_ld="0x30" lmid="0x40"/></library-list-svr4>';
    assert.deepEqual(svr4Libraries(svr4), [
      { kind: 'svr4', name: '/a', linkMap: 16n, bias: 32n, dynamicSection: 48n, namespace: 64n },
    ]);
    const plain = '<library-list><library name="b"><segment address="0x1000"/></library></library-list>';
    assert.deepEqual(plainLibraries(plain), [
      { kind: 'plain', name: 'b', unit: 'segment', addresses: [0x1000n] },
    ]);
    assert.throws(() => documentValue(svr4Libraries, '<l><library name="a"/></l>'), {
      code: 'RSP_BAD_OBJECT',
      message: '<library> has no attribute lm',
    });
  });

  it('are maps of the memory of a process', () => {
    const maps =
      '00400000-00401000 r-xp 00000000 fe:00 21468   /a b\n7fff0000-7fff1000 rw-p 00000000 00:00 0 \n\n';
    assert.deepEqual(parseMaps(maps), [
      { start: 0x400000n, lengthBytes: 0x1000n, permissions: 'rx', name: '/a b' },
      { start: 0x7fff0000n, lengthBytes: 0x1000n, permissions: 'rw', name: '' },
    ]);
  });

  it('are auxiliary vectors of either width', () => {
    const entries = [
      { type: 6, name: 'PAGESZ', value: 4096n },
      { type: 77, name: undefined, value: 1n },
    ];
    for (const pointerBytes of [4, 8]) {
      const bytes = new Uint8Array(6 * pointerBytes);
      const view = new DataView(bytes.buffer);
      for (const [index, value] of [6, 4096, 77, 1, 0, 9].entries())
        view.setUint32(index * pointerBytes, value, true);
      assert.deepEqual(parseAuxiliaryVector(bytes, pointerBytes, 'little'), entries);
    }
  });

  it('are what the kernel says of signals', () => {
    const bytes = new Uint8Array(128);
    const view = new DataView(bytes.buffer);
    const write = (...words: readonly (readonly [at: number, value: number])[]): void => {
      bytes.fill(0);
      for (const [at, value] of words) view.setInt32(at, value, true);
    };
    write([0, 11], [8, 1], [16, 0x1000], [20, 0x7f]);
    assert.equal(parseSignalInfo(bytes, 8, 'little').address, 0x7f_0000_1000n);
    write([0, 11], [8, 1], [12, 0x1000]);
    assert.equal(parseSignalInfo(bytes, 4, 'little').address, 0x1000n);
    write([0, 17], [8, 1], [16, 77], [20, 1000], [24, 3]);
    const { pid, uid, status } = parseSignalInfo(bytes, 8, 'little');
    assert.deepEqual([pid, uid, status], [77, 1000, 3]);
    write([0, 10], [8, 0], [16, 78]);
    assert.equal(parseSignalInfo(bytes, 8, 'little').pid, 78);
  });
});
