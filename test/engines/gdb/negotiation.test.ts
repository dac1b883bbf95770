import assert from 'node:assert/strict';
import { asciiBytes, asciiText, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { packetSizeBytes } from '../../../src/engines/gdb/features.js';
import { registerOfRole } from '../../support/machine-registers.js';
import { stopKeys, withSession } from './traced-session.js';

describe('gdb session: negotiation', () => {
  it('announces and acknowledges, in one write with the reply', () =>
    withSession('stepping', { tokens: 'none' }, async ({ client }) => {
      const features = await client.request('qSupported:multiprocess+;swbreak+');
      for (const token of [
        `PacketSize=${packetSizeBytes.toString(16)}`,
        'multiprocess+',
        'QStartNoAckMode+',
        'vContSupported+',
      ]) {
        assert.ok(features.split(';').includes(token), token);
      }
      assert.equal(asciiText(client.writes[0] ?? new Uint8Array()).slice(0, 2), '+$');
      assert.equal(client.writes.length, 1);
      assert.equal(await client.request('vMustReplyEmpty'), '');
      assert.equal(await client.request('QStartNoAckMode'), 'OK');
      const before = client.writes.length;
      await client.request('qC');
      assert.equal(asciiText(client.writes[before] ?? new Uint8Array()).slice(0, 1), '$');
    }));

  it('asks again for a packet with a bad checksum, and repeats a reply on request', () =>
    withSession('stepping', { tokens: 'none' }, async ({ client }) => {
      const reply = await client.request('qC');
      client.sendRaw('$qC#00');
      assert.equal(asciiText(client.writes[1] ?? new Uint8Array()), '-');
      client.sendRaw('-');
      assert.equal(await client.reply(), reply);
    }));

  it('answers a packet once that was sent again before it could be acknowledged', () =>
    withSession('stepping', { tokens: 'none' }, async ({ client }) => {
      client.sendRaw('+$qC#b4$qC#b4');
      assert.match(await client.reply(), /^QC/);
      assert.equal(await client.request('vMustReplyEmpty'), '');
      client.sendRaw('$qC#b4');
      assert.match(await client.reply(), /^QC/);
      client.sendRaw('$qC#b4');
      assert.match(await client.reply(), /^QC/);
      assert.equal(await client.request('QStartNoAckMode'), 'OK');
      client.sendRaw('$qC#b4$qC#b4');
      assert.match(await client.reply(), /^QC/);
      assert.match(await client.reply(), /^QC/);
      assert.deepEqual(client.unread, []);
    }));

  it('takes a bad checksum for a good one when nothing is acknowledged', () =>
    withSession('stepping', {}, async ({ client }) => {
      client.sendRaw('$qC#00');
      assert.match(await client.reply(), /^QCp/);
    }));

  it('uses plain thread ids until multiprocess is agreed', () =>
    withSession('stepping', { tokens: 'swbreak+' }, async ({ client, pid }) => {
      const id = pid.toString(16);
      assert.equal(stopKeys(await client.request('?')).get('thread'), id);
      assert.equal(await client.request('qC'), `QC${id}`);
      assert.equal(await client.request(`Hg${id}`), 'OK');
      assert.equal(await client.request('Hc-1'), 'OK');
      assert.match(await client.request('vCont;c'), /^W00$/);
    }));

  it('answers the questions of a connecting GDB', () =>
    withSession('stepping', {}, async ({ client, pid }) => {
      assert.equal(await client.request('vCont?'), 'vCont;c;C;s;S;t;r');
      assert.equal(await client.request('Hgp0.0'), 'OK');
      assert.equal(await client.request('QNonStop:0'), 'OK');
      assert.equal(await client.request('qOffsets'), '');
      // Answered otherwise, GDB would offer symbols for each library.
      assert.equal(await client.request('qSymbol::'), '');
      assert.equal(await client.request('qAttached'), '0');
      assert.equal(
        await client.request(`qThreadExtraInfo,p${pid.toString(16)}.${pid.toString(16)}`),
        hexOfText('stepping'),
      );
      assert.match(await client.request(`qGetTLSAddr:p${pid.toString(16)}.${pid.toString(16)},0,0`), /^E/);
    }));

  it('leaves out what is disabled', async () => {
    const disabledPackets = new Set(['threads', 'T']);
    await withSession('stepping', { config: { disabledPackets } }, async ({ client, pid }) => {
      assert.equal(await client.request('?'), 'S05');
      const id = pid.toString(16);
      assert.equal(await client.request(`Tp${id}.${id}`), 'OK', 'the question has only its letter in common');
      for (const packet of ['vCont?', 'vCont;c', 'qC', 'qfThreadInfo', 'qsThreadInfo']) {
        assert.equal(await client.request(packet), '', packet);
      }
      assert.match(await client.request('c'), /^W0/);
    });
    await withSession(
      'stepping',
      { config: { disabledPackets: new Set(['Tthread']) } },
      async ({ client }) => {
        const stop = stopKeys(await client.request('?'));
        assert.ok(!stop.has('thread') && stop.has(registerOfRole('pc').number.toString(16)));
      },
    );
  });

  it('takes packets in any pieces', () =>
    withSession('stepping', {}, async ({ client }) => {
      for (const byte of asciiBytes('$qC#b4')) client.sendRaw(Uint8Array.of(byte));
      assert.match(await client.reply(), /^QC/);
      client.sendRaw('$qC#b4$?#3f$qOffsets#4b');
      assert.match(await client.reply(), /^QC/);
      assert.match(await client.reply(), /^T05/);
      assert.equal(await client.reply(), '');
    }));
});
