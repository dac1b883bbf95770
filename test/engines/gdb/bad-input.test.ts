import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { asciiBytes } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { packetSizeBytes } from '../../../src/engines/gdb/features.js';
import { packets } from '../../../src/engines/gdb/packets/index.js';
import { withSession } from './traced-session.js';

const malformed = [
  'm',
  'm,',
  'm10',
  'm10,',
  'mzz,10',
  'm10,-10',
  'm-10,10',
  'm10,10junk',
  'm11112222333344445,1',
  'M10,4:0011',
  'M10,1:0',
  'M10,1:zz',
  'M10,1',
  'X10,4:ab',
  'X10,ffffffffffffffff:ab',
  'x10',
  'x10,10,10',
  'p',
  'pzz',
  'pffff',
  'p-1',
  'P0',
  'P0=',
  'P0=00',
  'P0=zzzzzzzzzzzzzzzz',
  'Pffff=00',
  'G00',
  'Gzz',
  'g0',
  'Hg',
  'Hgzz',
  'Hgp1.',
  'Hg7fffffff',
  'Hcp7fffffff.1',
  'T',
  'Tp7fffffff.1',
  'T7fffffff',
  'vCont',
  'vCont;',
  'vCont;z',
  'vCont;Czz',
  'vCont;Cff',
  'vCont;s:p1.2.3',
  'vCont;r1',
  'C',
  'Szz',
  'czz',
  'Z0',
  'Z0,',
  'Z0,0',
  'Z0,zz,1',
  'Z0,0,',
  'z0,0,zz',
  'Z1,-1,1',
  'Z2,0,ffffffffffff',
  'Z0,ffffffffffffffff,1',
  'qAttached:7fffffff',
  'qAttached:0',
  'qThreadExtraInfo',
  'qThreadExtraInfo,zz',
  'qThreadExtraInfo,7fffffff',
  'QPassSignals',
  'QPassSignals:zz',
  'QPassSignals:1;;',
  'QNonStop',
  'QNonStop:',
  'qGetTLSAddr:1',
  'qGetTLSAddr:7fffffff,0,0',
  'vKill;7fffffff',
  'vKill;0',
  'vKill',
  'vAttach;zz',
  'vAttach;',
  'D;7fffffff',
  'Dx',
  '?x',
  'qCx,',
  'vRun;0',
];

describe('gdb session: bad input', () => {
  it('costs one E reply, and the session goes on', () =>
    withSession('stepping', {}, async ({ client }) => {
      const state = await client.request('g');
      for (const packet of malformed) {
        const reply = await client.request(packet);
        assert.match(reply, /^(E([0-9a-f]{2}|\..+)|)$/, `${packet} -> ${reply}`);
        if (!/^(\?x|qCx,)$/.test(packet)) assert.notEqual(reply, '', packet);
        assert.equal(await client.request('g'), state, packet);
      }
      assert.deepEqual(client.unread, []);
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('too long for the buffer is refused as a whole', () =>
    withSession('stepping', {}, async ({ client }) => {
      client.sendRaw(asciiBytes(`$M400000,20000:${'00'.repeat(0x20000)}#00`));
      assert.match(await client.reply(), /^E/);
      assert.match(await client.request('?'), /^T05/);
    }));

  it('of a length of PacketSize as it is sent is the longest one', () =>
    withSession('stepping', { tokens: 'error-message+' }, async ({ client }) => {
      const write = (digits: number) => `M0,${(digits / 2).toString(16)}:${'0'.repeat(digits)}`;
      const longest = write(packetSizeBytes - 'M0,fffa:'.length);
      assert.equal(longest.length, packetSizeBytes);
      assert.match(await client.request(longest), /^E\..*0x0/);
      assert.match(await client.request(`${longest} `), /^E\..*too long/);
    }));

  it('of random bytes never ends the session', () =>
    withSession('stepping', {}, async ({ client }) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
          // A run-control request by accident would let the program go.
          client.sendRaw(bytes.map((byte) => (byte === 0x24 ? 0 : byte)));
          client.sendRaw(asciiBytes('#00'));
          assert.match(await client.request('qC'), /^QC/);
        }),
        { numRuns: 200 },
      );
    }));

  it('of known names with random arguments gets a reply each', () =>
    withSession('stepping', {}, async ({ client }) => {
      const names = packets
        .map((entry) => entry.name)
        .filter((name) => !/^(vCont|[cCsSkDR]|vKill|vRun|vAttach)$/.test(name));
      const argument = fc.array(fc.constantFrom(...':;,.0123456789abcdef-pXz=', 'read', 'ffffffffffffffff'), {
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...names), argument, async (name, parts) => {
          // What it writes to may be the program itself, or the selection: only that there is a reply is asked.
          client.send(name + parts.join(''));
          await client.reply();
          while (client.unread.length > 0) await client.reply();
        }),
        { numRuns: 600 },
      );
      assert.equal(await client.request('Hg0'), 'OK');
      assert.match(await client.request('qC'), /^QC/);
    }));
});
