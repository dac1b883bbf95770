import assert from 'node:assert/strict';
import { asciiBytes, bytesOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { address } from '../../../src/base/ids.js';
import { crc32, indexOfBytes, searchMemory } from '../../../src/engines/gdb/packets/search.js';
import { withSession } from './traced-session.js';

/** Memory that begins at `base` and ends with its bytes. */
function memoryOf(base: bigint, bytes: Uint8Array): { read(at: bigint, lengthBytes: number): Uint8Array } {
  return {
    read: (at, lengthBytes) => {
      const start = Number(at - base);
      return start < 0 || start > bytes.length ? new Uint8Array() : bytes.slice(start, start + lengthBytes);
    },
  };
}

describe('qSearch', () => {
  it('finds a pattern that lies across two pieces', async () => {
    const bytes = new Uint8Array(0x30000);
    bytes.set([7, 8, 9], 0xffff);
    const request = { at: address(0x1000), lengthBytes: 0x30000n, pattern: Uint8Array.of(7, 8, 9) };
    assert.deepEqual(await searchMemory(memoryOf(0x1000n, bytes), request), {
      kind: 'found',
      at: address(0x1000 + 0xffff),
    });
  });

  it('does not find what lies half outside', async () => {
    const memory = memoryOf(0x1000n, Uint8Array.of(1, 2, 3, 4));
    const search = (lengthBytes: bigint): Promise<unknown> =>
      searchMemory(memory, { at: address(0x1000), lengthBytes, pattern: Uint8Array.of(3, 4) });
    assert.deepEqual(await search(3n), { kind: 'absent' });
    assert.deepEqual(await search(4n), { kind: 'found', at: address(0x1002) });
    assert.deepEqual(await search(1n), { kind: 'absent' });
  });

  it('says where memory ends', async () => {
    const memory = memoryOf(0x1000n, new Uint8Array(16));
    const request = { at: address(0x1000), lengthBytes: 0x100n, pattern: Uint8Array.of(1) };
    assert.deepEqual(await searchMemory(memory, request), { kind: 'unreadable', at: address(0x1010) });
  });

  it('takes candidates that fail for what they are', () => {
    assert.equal(indexOfBytes(Uint8Array.of(1, 1, 1, 2), Uint8Array.of(1, 1, 2)), 1);
    assert.equal(indexOfBytes(Uint8Array.of(1, 1, 1), Uint8Array.of(1, 2)), -1);
    assert.equal(indexOfBytes(Uint8Array.of(1), Uint8Array.of(1, 2)), -1);
  });

  it('searches memory of the program for binary bytes', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const main = symbol('main');
      const text = await client.request(`m${main},10`);
      const pattern = bytesOfHex(text).subarray(0, 16);
      const packet = new Uint8Array([...asciiBytes(`qSearch:memory:${main};100;`), ...pattern]);
      assert.equal(await client.request(packet), `1,${main}`);
      assert.equal(await client.request('qSearch:memory:10;100;a'), 'E0e');
      assert.equal(await client.request(`qSearch:memory:${main};100;`), 'E16');
      assert.equal(await client.request('qSearch:other:1;2;3'), '');
    }));
});

describe('qCRC', () => {
  it('is the CRC-32 without reflection and inversion', () => {
    // The check value of CRC-32/MPEG-2.
    assert.equal(crc32(new TextEncoder().encode('123456789')), 0x0376e6e7);
  });

  it('covers memory of the program', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const main = symbol('main');
      const bytes = bytesOfHex(await client.request(`m${main},40`));
      assert.equal(await client.request(`qCRC:${main},40`), `C${crc32(bytes).toString(16)}`);
      assert.equal(await client.request('qCRC:10,4'), 'E0e');
      assert.equal(await client.request('qCRC:10'), 'E16');
    }));
});
