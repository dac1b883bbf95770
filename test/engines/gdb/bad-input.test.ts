import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { asciiBytes } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { packetSizeBytes } from '../../../src/engines/gdb/features.js';
import { packets } from '../../../src/engines/gdb/packets/index.js';
import { malformed, malformedTracing, structuredPackets } from './malformed-packets.js';
import { withSession } from './traced-session.js';

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

  it('in non-stop mode stops and resumes nothing either', () =>
    withSession('stepping', {}, async ({ client }) => {
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.match(await client.request('?'), /^T05/);
      assert.equal(await client.request('vStopped'), 'OK');
      for (const packet of malformed) {
        assert.match(await client.request(packet), /^(E([0-9a-f]{2}|\..+)|)$/, packet);
        assert.match(await client.request('g'), /^[0-9a-f]{100}/, packet);
      }
      assert.deepEqual([client.unread, client.unreadNotifications], [[], []]);
    }));

  it('about tracing changes nothing that is defined', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const at = symbol('twice');
      for (const packet of ['QTinit', `QTDP:1:${at}:E:0:0-`, `QTDP:-1:${at}:R03`])
        assert.equal(await client.request(packet), 'OK');
      const defined = async () => {
        const replies: string[] = [];
        for (const packet of ['qTStatus', 'qTfP', 'qTsP', 'qTsP', 'qTfV', 'qTsV', 'g'])
          replies.push(await client.request(packet));
        return replies;
      };
      const before = await defined();
      assert.match(before[1] ?? '', /^T1:/);
      for (const packet of malformedTracing(at)) {
        assert.match(await client.request(packet), /^E([0-9a-f]{2}|\..+)$/, packet);
        assert.deepEqual(await defined(), before, packet);
      }
      assert.deepEqual(client.unread, []);
    }));

  it('too long for the buffer is refused as a whole', () =>
    withSession('stepping', {}, async ({ client }) => {
      const lengthBytes = packetSizeBytes / 2;
      const bytes = '00'.repeat(lengthBytes);
      client.sendRaw(asciiBytes(`$M400000,${lengthBytes.toString(16)}:${bytes}#00`));
      assert.match(await client.reply(), /^E/);
      assert.match(await client.request('?'), /^T05/);
    }));

  it('of a length of PacketSize as it is sent is the longest one', () =>
    withSession('stepping', { tokens: 'error-message+' }, async ({ client }) => {
      const write = (digits: number) => `M0,${(digits / 2).toString(16)}:${'0'.repeat(digits)}`;
      const longest = write(packetSizeBytes - 'M0,1ffffb:'.length);
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
        // The attaching ones that wait are answered when there is such a process.
        .filter((name) => !/^(vCont|[cCsSkDR]|vKill|vRun|vAttach|vAttachWait|vAttachOrWait)$/.test(name));
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

  it('of damaged packets gets one reply each, in both modes', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const damage = fc.record({
        at: fc.nat(60),
        removed: fc.nat(3),
        inserted: fc.array(fc.constantFrom(...':;,.-0123456789afXEDMp\0\xff', 'ffffffffffffffff'), {
          maxLength: 3,
        }),
      });
      const packet = fc.constantFrom(...structuredPackets(symbol('twice')));
      // Until a program has run the kernel shows 0 for its protection keys (pkru), whatever they will be: a packet for
      // which it makes a system call would be seen to change them.
      assert.match(await client.request('s'), /^T05/);
      for (const mode of ['QNonStop:0', 'QNonStop:1']) {
        assert.equal(await client.request(mode), 'OK');
        const registers = await client.request('g');
        await fc.assert(
          fc.asyncProperty(
            packet,
            fc.array(damage, { minLength: 1, maxLength: 3 }),
            async (whole, damages) => {
              const damaged = damages.reduce(
                (text, { at, removed, inserted }) =>
                  text.slice(0, at) + inserted.join('') + text.slice(at + removed),
                whole,
              );
              // What is left of a name may be a packet that lets the program run.
              fc.pre(damaged.startsWith(whole.slice(0, 3)) && /^[QqZzv]/.test(damaged));
              await client.request(damaged);
              assert.equal(await client.request('QTFrame:-1'), 'OK');
              assert.equal(await client.request('g'), registers);
            },
          ),
          { numRuns: 300 },
        );
        assert.deepEqual([client.unread, client.unreadNotifications], [[], []]);
      }
    }));
});
