import assert from 'node:assert/strict';
import { bytesOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { modulesOn } from '../../../arch/index.js';
import { numberOf } from '../../../src/base/byte-order.js';
import { nativeBinding } from '../../../src/native/binding.js';
import { withSession } from './traced-session.js';

const facts = nativeBinding().machineFacts();
const hasTags = modulesOn(facts.machine).some((module) => module.taggedMemory(facts) !== undefined);
const compile = { flags: ['-no-pie', '-march=armv8.5-a+sve+memtag'] };

describe('tags of memory', () => {
  if (!hasTags) {
    it('are unknown to clients where the machine has none', () =>
      withSession('stepping', {}, async ({ client }) => {
        assert.doesNotMatch(await client.request('qSupported:memory-tagging+'), /memory-tagging/);
        assert.equal(await client.request('qMemTags:4000,10:1'), '');
        assert.equal(await client.request('QMemTags:4000,10:1:00'), '');
        assert.equal(await client.request('qIsAddressTagged:4000'), '');
      }));
    return;
  }

  it('are read and written by granule', () =>
    withSession('aarch64-state', { ...compile, args: ['tags'] }, async ({ client, symbol }) => {
      assert.match(await client.request('qSupported:memory-tagging+'), /;memory-tagging\+/);
      assert.equal(await client.request(`Z0,${symbol('stop')},4`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      const at = numberOf(bytesOfHex(await client.request(`m${symbol('tagged')},8`)));
      const plain = at & 0xff_ffff_ffff_ffffn;
      for (const address of [at, plain]) {
        assert.equal(await client.request(`qMemTags:${address.toString(16)},20:1`), 'm0903');
        assert.equal(await client.request(`qIsAddressTagged:${address.toString(16)}`), '01');
      }
      assert.equal(await client.request(`QMemTags:${at.toString(16)},40:1:0102`), 'OK');
      assert.equal(await client.request(`qMemTags:${at.toString(16)},40:1`), 'm01020102');
      assert.equal(await client.request(`qMemTags:${at.toString(16)},0:1`), 'm01');
      assert.equal(await client.request(`qIsAddressTagged:${symbol('tagged')}`), '00');
      assert.match(await client.request(`qMemTags:${symbol('tagged')},10:1`), /^E/);
      for (const malformed of [
        'qMemTags',
        'qMemTags:1',
        'qMemTags:1,1',
        'qMemTags:1,1:2',
        'QMemTags:1,1:1:',
        'qIsAddressTagged',
      ])
        assert.match(await client.request(malformed), /^E/, malformed);
    }));
});
