import assert from 'node:assert/strict';
import { asciiBytes, bytesOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { crc32 } from '../../../src/engines/gdb/packets/search.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { type TracedSession, withSession } from './traced-session.js';

/** Stopped where its memory is as it describes it. */
function withReadyMemory(test: (session: TracedSession) => Promise<void>): Promise<void> {
  return withSession('large-memory', {}, async (session) => {
    const ready = session.symbol('ready');
    assert.equal(await session.client.request(`Z0,${ready},${breakpointKind}`), 'OK');
    assert.match(await session.client.request('vCont;c'), /^T05/);
    assert.equal(await session.client.request(`z0,${ready},${breakpointKind}`), 'OK');
    await test(session);
  });
}

/** Escaped by the client where a packet needs it. */
function searchPacket(at: bigint, lengthBytes: number, pattern: Uint8Array): Uint8Array {
  return new Uint8Array([
    ...asciiBytes(`qSearch:memory:${at.toString(16)};${lengthBytes.toString(16)};`),
    ...pattern,
  ]);
}

const needle = asciiBytes('needle');

describe('qSearch', () => {
  it('finds what lies across two pieces, and nothing that lies half outside', () =>
    withReadyMemory(async ({ client, symbol }) => {
      const area = BigInt(`0x${symbol('area')}`);
      const found = `1,${(area + 0x1ffffn).toString(16)}`;
      assert.equal(await client.request(searchPacket(area, 1 << 20, needle)), found);
      assert.equal(await client.request(searchPacket(area, 0x1ffff + 6, needle)), found);
      assert.equal(await client.request(searchPacket(area, 0x1ffff + 5, needle)), '0');
      assert.equal(await client.request(searchPacket(area + 0x20000n, 0xe0000, needle)), '0');
      assert.equal(await client.request(searchPacket(area, 3, needle)), '0');
    }));

  it('finds patterns of one byte and of more than a piece, at every place of a block', () =>
    withReadyMemory(async ({ client, symbol }) => {
      const area = BigInt(`0x${symbol('area')}`);
      for (let index = 0; index < 40; index += 1) {
        const one = searchPacket(area, 251, Uint8Array.of(index));
        assert.equal(await client.request(one), `1,${(area + BigInt(index)).toString(16)}`);
        const few = searchPacket(
          area + 251n,
          251,
          Uint8Array.from([0, 1, 2, 3], (byte) => byte + index),
        );
        assert.equal(await client.request(few), `1,${(area + BigInt(251 + index)).toString(16)}`);
      }
      const long = Uint8Array.from({ length: 0x8000 }, (_, index) => (index + 100) % 251);
      assert.equal(
        await client.request(searchPacket(area, 1 << 20, long)),
        `1,${(area + 100n).toString(16)}`,
      );
    }));

  it('says that memory ends, and finds what lies before', () =>
    withReadyMemory(async ({ client, symbol }) => {
      const fence = BigInt(`0x${symbol('fence')}`);
      assert.equal(await client.request(`M${(fence + 0x3ffen).toString(16)},2:4142`), 'OK');
      assert.equal(
        await client.request(searchPacket(fence, 0x8000, asciiBytes('AB'))),
        `1,${(fence + 0x3ffen).toString(16)}`,
      );
      assert.equal(await client.request('qSearch:memory:10;100;a'), 'E0e');
    }));

  it('sees the program as it is under breakpoints', () =>
    withReadyMemory(async ({ client, symbol }) => {
      const main = symbol('main');
      const text = bytesOfHex(await client.request(`m${main},10`));
      assert.equal(await client.request(`Z0,${main},${breakpointKind}`), 'OK');
      assert.equal(await client.request(searchPacket(BigInt(`0x${main}`), 0x100, text)), `1,${main}`);
    }));

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
