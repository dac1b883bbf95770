import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  ClientFeatures,
  expandDisabledPackets,
  featureAnswer,
  packetSizeBytes,
} from '../../../src/engines/gdb/features.js';
import { packets } from '../../../src/engines/gdb/packets/index.js';
import { gdbTokens, lldbTokens } from './wire-client.js';

describe('features', () => {
  it('take a client that reads GDB’s words of errors for no LLDB, whatever else it asks', () => {
    const other = new ClientFeatures();
    other.notePacket('qSupported');
    other.negotiate('multiprocess+;error-message+;xmlRegisters=i386');
    other.notePacket('QEnableErrorStrings');
    assert.equal(other.kind, 'unknown');
    const lldb = new ClientFeatures();
    lldb.notePacket('qSupported');
    lldb.negotiate('multiprocess+');
    lldb.notePacket('QEnableErrorStrings');
    assert.equal(lldb.kind, 'lldb');
  });

  it('are those of the last qSupported', () => {
    const features = new ClientFeatures();
    features.negotiate(gdbTokens);
    assert.ok(features.has('multiprocess') && features.has('swbreak') && features.has('execEvents'));
    assert.ok(!features.has('errorMessage'));
    features.negotiate('swbreak-;hwbreak+;something=1;unknown?;;error-message+');
    assert.ok(!features.has('multiprocess') && !features.has('swbreak'));
    assert.ok(features.has('hwbreak') && features.has('errorMessage'));
  });

  it('tell GDB from LLDB', () => {
    const byTokens = (tokens: string) => {
      const features = new ClientFeatures();
      features.notePacket('qSupported');
      features.negotiate(tokens);
      return features.kind;
    };
    assert.equal(byTokens(gdbTokens), 'gdb');
    assert.equal(byTokens(lldbTokens), 'lldb');
    assert.equal(byTokens('multiprocess+'), 'unknown');
    const first = new ClientFeatures();
    first.notePacket('QStartNoAckMode');
    assert.equal(first.kind, 'lldb');
    const later = new ClientFeatures();
    later.notePacket('qSupported');
    later.notePacket('QStartNoAckMode');
    assert.equal(later.kind, 'unknown');
    later.notePacket('qHostInfo');
    assert.equal(later.kind, 'lldb');
  });

  it('announced are well formed, each once', () => {
    const tokens = featureAnswer(packets, new Set()).split(';');
    assert.ok(tokens.includes(`PacketSize=${packetSizeBytes.toString(16)}`));
    assert.ok(packetSizeBytes >= 128 * 1024);
    for (const token of tokens)
      assert.match(token, /^[A-Za-z:-]+(\d-)?[A-Za-z0-9:-]*([+-]|=[0-9a-z]+)$/, token);
    assert.equal(new Set(tokens.map((token) => token.replace(/[+=].*$/, ''))).size, tokens.length);
  });

  it('of a disabled packet are not announced', () => {
    assert.ok(featureAnswer(packets, new Set()).includes('QPassSignals+'));
    assert.ok(!featureAnswer(packets, new Set(['QPassSignals'])).includes('QPassSignals'));
  });

  it('disabled as a group are the group', () => {
    const names = expandDisabledPackets(new Set(['threads']));
    for (const name of ['vCont', 'vCont?', 'Tthread', 'qC', 'qfThreadInfo', 'qsThreadInfo'])
      assert.ok(names.has(name));
    assert.ok(!names.has('T'));
  });
});
