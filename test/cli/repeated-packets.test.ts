/** Packets that come again are answered in native code: nobody can tell it from the answers. */

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { symbolValue } from '../core/traced-program.js';
import { DebugServer } from '../support/debug-server.js';
import { compileFixture } from '../support/fixture.js';
import { breakpointKind } from '../support/machine-registers.js';
import { connectRaw } from '../support/raw-client.js';
import { systemCalls } from '../support/system-calls.js';
import { features, PlainClient } from './plain-client.js';

/** Numbers below a bound, the same ones for a seed. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % bound;
  };
}

/** Groups of packets; each group is what one decision of a client comes to. */
function script(seed: number, place: (name: string, offset: number) => string): readonly string[][] {
  const below = numbers(seed);
  const [hot, inside] = [place('count', 0), place('count', 1)];
  const past = [`z0,${hot},${breakpointKind}`, 'vCont;s:THREAD', `Z0,${hot},${breakpointKind}`];
  const groups: string[][] = [[`Z0,${hot},${breakpointKind}`, 'vCont;c']];
  for (let step = 0; step < 40; step++) {
    const kinds: readonly (() => string[])[] = [
      () => Array.from({ length: 1 + below(6) }, () => [...past, 'vCont;c']).flat(),
      () => [
        `z0,${hot},${breakpointKind}`,
        ...Array.from({ length: 1 + below(9) }, () => 'vCont;s:THREAD'),
        `Z0,${hot},${breakpointKind}`,
      ],
      () => [
        `z0,${hot},${breakpointKind}`,
        `Z0,${inside},${breakpointKind}`,
        'vCont;c',
        'p10',
        `z0,${inside},${breakpointKind}`,
        `Z0,${hot},${breakpointKind}`,
        'vCont;c',
      ],
      () => [`m${hot},10`, `m${place('counter', 0)},8`, 'p10', 'p7', '?'],
      () => [`Z2,${place('counter', 0)},8`, 'vCont;c', 'vCont;c', `z2,${place('counter', 0)},8`],
      () => [`M${place('table', below(64))},2:beef`, `m${place('table', 0)},40`, 'Hg0'],
      () => [`Z0,${hot},${breakpointKind};X3,220127`, 'vCont;c', `Z0,${hot},${breakpointKind}`],
      () => ['vCont;s', 'vCont;c', 'QPassSignals:e', 'qC'],
    ];
    groups.push(kinds[below(kinds.length)]?.() ?? []);
  }
  return groups;
}

describe('cli: repeated packets', () => {
  for (const seed of [1, 2]) {
    it(`are answered as each for itself is (seed ${seed})`, async () => {
      const path = await compileFixture('counting-loop', { flags: ['-no-pie'] });
      const place = (name: string, offset: number): string =>
        (symbolValue(path, name) + BigInt(offset)).toString(16);
      const below = numbers(seed);
      await using reference = await DebugServer.start(['localhost:0', path]);
      await using server = await DebugServer.start(['localhost:0', path]);
      using slow = await connectRaw({ port: reference.port, host: '127.0.0.1' });
      using fast = await connectRaw({ port: server.port, host: '127.0.0.1' });
      await slow.client.request(features);
      await fast.client.request(features);
      const ids = [await slow.client.request('?'), await fast.client.request('?')].map(
        (stop) => /thread:p([0-9a-f]+)\./.exec(stop)?.[1] ?? '',
      );
      await fast.client.request('QStartNoAckMode');
      const client = new PlainClient(fast);
      for (const group of script(seed, place)) {
        const expected: string[] = [];
        const packetsFor = (id: string | undefined): string[] =>
          group.map((packet) => packet.replace('THREAD', `p${id}.${id}`));
        // With acknowledgements every packet goes through the session.
        for (const packet of packetsFor(ids[0])) expected.push(await slow.client.request(packet));
        const told: string[] = [];
        const packets = packetsFor(ids[1]);
        while (packets.length > 0) {
          told.push(...(await client.ask(packets.splice(0, below(8) === 0 ? 2 : 1))));
          if (below(10) === 0) await delay(8);
        }
        const withoutIds = (replies: readonly string[], id = ''): readonly string[] =>
          replies.map((reply) => reply.replaceAll(`p${id}.${id}`, 'THREAD'));
        assert.deepEqual(withoutIds(told, ids[1]), withoutIds(expected, ids[0]), group.join(' '));
      }
    });
  }

  it('tell of each system call that is caught, at both ends', async () => {
    const calls = 300;
    const number = systemCalls.getppid.toString(16);
    const path = await compileFixture('system-calls', { flags: ['-pthread'] });
    await using server = await DebugServer.start(['localhost:0', path, 'call', String(calls)]);
    using connection = await connectRaw({ port: server.port, host: '127.0.0.1' });
    await connection.client.request(features);
    await connection.client.request(`QCatchSyscalls:1;${number}`);
    await connection.client.request('QStartNoAckMode');
    const client = new PlainClient(connection);
    for (let end = 0; end < 2 * calls; end++) {
      const [stop = ''] = await client.ask(['vCont;c']);
      assert.ok(
        stop.includes(`syscall_${end % 2 === 0 ? 'entry' : 'return'}:${number};`),
        `end ${end}: ${stop}`,
      );
      if (end % 50 === 0) await delay(8);
    }
    const [, end = ''] = await client.ask(['QCatchSyscalls:0', 'vCont;c']);
    assert.match(end, /^W00/);
  });
});
