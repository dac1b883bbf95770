import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asciiBytes } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { featureAnswer } from '../../../src/engines/gdb/features.js';
import { findPacket, packets } from '../../../src/engines/gdb/packets/index.js';
import { projectRoot } from '../../support/project-paths.js';

/** Tokens that stand for the form of stop replies and ids rather than for a packet. */
const withoutPacket = new Set([
  'PacketSize',
  'multiprocess',
  'swbreak',
  'hwbreak',
  'fork-events',
  'vfork-events',
  'exec-events',
  'no-resumed',
  'ConditionalBreakpoints',
  'BreakpointCommands',
]);
/** Tokens whose packet has another name. */
const otherNames: Readonly<Record<string, string>> = {
  vContSupported: 'vCont?',
  'binary-upload': 'x',
  'memory-tagging': 'qMemTags',
  'augmented-libraries-svr4-read': 'qXfer',
  ConditionalTracepoints: 'QTDP',
  InstallInTrace: 'QTDP',
  tracenz: 'QTDP',
  TracepointSource: 'QTDPsrc',
  EnableDisableTracepoints: 'QTEnable',
  TraceStateVariables: 'QTDV',
  DisconnectedTracing: 'QTDisconnected',
};

function find(packet: string): string | undefined {
  return findPacket(asciiBytes(packet), new Set())?.name;
}

describe('packet table', () => {
  it('has each name once', () => {
    const names = packets.map((entry) => entry.name);
    assert.deepEqual([...new Set(names)].sort(), [...names].sort());
  });

  it('has a row for every announced token', () => {
    const names = new Set(packets.map((entry) => entry.name));
    for (const token of featureAnswer(packets, new Set()).split(';')) {
      const name = token.replace(/[+=].*$/, '');
      if (withoutPacket.has(name)) continue;
      assert.ok(names.has(otherNames[name] ?? name.replace(/:.*$/, '')), token);
    }
  });

  it('is matched by whole names', () => {
    assert.equal(find('qC'), 'qC');
    assert.equal(find('qCRCX:0,1'), undefined);
    assert.equal(find('vCont?'), 'vCont?');
    assert.equal(find('vCont;c'), 'vCont');
    assert.equal(find('vContX;c'), undefined);
    assert.equal(find('vMustReplyEmpty'), undefined);
    assert.equal(find('m4000,10'), 'm');
    assert.equal(find('Z0,4000,1'), 'Z0');
    assert.equal(find('Z5,4000,1'), undefined);
    assert.equal(find('Hg0'), 'H');
    assert.equal(find('?'), '?');
    assert.equal(find('!'), '!');
    assert.equal(find('qThreadExtraInfo,1'), 'qThreadExtraInfo');
    assert.equal(find('QPassSignals:'), 'QPassSignals');
    assert.equal(find('QThreadEventsX'), undefined);
    assert.equal(find(''), undefined);
  });

  it('is tested row by row: each name stands in some test as a packet', () => {
    const folder = resolve(projectRoot, 'test');
    const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts') && !path.endsWith('packet-table.test.ts'))
      .map((path) => readFileSync(join(folder, path), 'utf8'))
      .join('\n');
    const untested = packets
      .map((entry) => entry.name)
      .filter((name) => !new RegExp(`['"\`\\$]${name.replace(/[?!]/g, '\\$&')}(?![A-Z_a-z]{2})`).test(texts));
    assert.deepEqual(untested, []);
  });
});
