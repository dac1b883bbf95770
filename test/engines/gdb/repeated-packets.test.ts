/** What a session has repeated without being asked, and when. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { asciiText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import type { PacketRepeater, StopForm } from '../../../src/core/index.js';
import { describeOn } from '../../support/machine.js';
import {
  breakpointKind,
  expeditedGeneral,
  expeditedRegisters,
  registerOfRole,
} from '../../support/machine-registers.js';
import { systemCalls } from '../../support/system-calls.js';
import { type TracedSession, withSession } from './traced-session.js';
import { gdbTokens, WireClient } from './wire-client.js';

/** What was learned, by packet. */
class RecordingRepeater implements PacketRepeater {
  readonly sites = new Map<string, boolean>();
  readonly runs = new Map<string, Omit<StopForm, 'tail' | 'tailWhile'>[]>();
  /** The ends of replies, each with whether it is bound to something. */
  readonly tails = new Map<string, boolean>();

  learnSite(packet: Uint8Array, _space: number, _address: bigint, isInserted: boolean): void {
    this.sites.set(asciiText(packet), isInserted);
  }

  learnRun(packet: Uint8Array, _tid: number, _mode: 'step' | 'continue', form: StopForm): void {
    const key = asciiText(packet);
    const { tail, tailWhile, ...rest } = form;
    this.runs.set(key, [...(this.runs.get(key) ?? []), rest]);
    this.tails.set(tail, tailWhile.length > 0);
  }

  forget(): void {
    this.sites.clear();
    this.runs.clear();
  }
}

type Test = (session: TracedSession, client: WireClient, repeater: RecordingRepeater) => Promise<void>;

const turnsToSettle = 20;

/** When what was begun is done. */
async function mayRepeat(client: WireClient): Promise<boolean> {
  for (let turn = 0; turn < turnsToSettle; turn++) await setImmediate();
  return client.session.mayRepeat;
}

function withRepeater(test: Test, args: readonly string[] = ['0'], tokens = gdbTokens): Promise<void> {
  return withSession('counting-loop', { args, tokens: 'none' }, async (session) => {
    session.client.disconnect();
    const repeater = new RecordingRepeater();
    const client = new WireClient(session.server, repeater);
    await client.greet(tokens);
    await test(session, client, repeater);
  });
}

const { getppid } = systemCalls;
const pcNumber = registerOfRole('pc').number.toString(16);

/** A client that is told of forks, of a program that makes 16 children at once. */
function withForks(test: Test): Promise<void> {
  return withSession(
    'storms',
    { args: ['fork', '1'], flags: ['-pthread'], tokens: 'none' },
    async (session) => {
      session.client.disconnect();
      const repeater = new RecordingRepeater();
      const client = new WireClient(session.server, repeater);
      await client.greet(`${gdbTokens};fork-events+`);
      await client.request('QPassSignals:14');
      await client.request(`Z0,${session.symbol('work')},${breakpointKind}`);
      repeater.forget();
      await test(session, client, repeater);
    },
  );
}

/** @returns the child's id in hex. */
async function toFork(client: WireClient): Promise<string> {
  const stop = await client.request('vCont;c');
  const child = /;fork:p([0-9a-f]+)\./.exec(stop)?.[1];
  assert.ok(child, stop);
  return child;
}

describe('gdb session: repeated packets', () => {
  it('are learned when they were answered: steps, and the way past a breakpoint', () =>
    withRepeater(async ({ symbol, pid }, client, repeater) => {
      const thread = `p${pid.toString(16)}.${pid.toString(16)}`;
      const hot = symbol('count');
      assert.equal(await mayRepeat(client), false, 'nothing is known yet');
      await client.request(`Z0,${hot},${breakpointKind}`);
      await client.request('vCont;c');
      await client.request(`z0,${hot},${breakpointKind}`);
      await client.request(`vCont;s:${thread}`);
      assert.deepEqual(
        [...repeater.sites],
        [
          [`Z0,${hot},${breakpointKind}`, true],
          [`z0,${hot},${breakpointKind}`, false],
        ],
      );
      assert.deepEqual(repeater.runs.get('vCont;c'), [
        {
          site: BigInt(`0x${hot}`),
          call: undefined,
          head: `T05thread:${thread};swbreak:;`,
          registers: expeditedGeneral,
          aboutChild: [],
        },
      ]);
      assert.deepEqual(repeater.runs.get(`vCont;s:${thread}`), [
        {
          site: 0n,
          call: undefined,
          head: `T05thread:${thread};`,
          registers: expeditedGeneral,
          aboutChild: [],
        },
      ]);
      assert.equal(await mayRepeat(client), true);
      const others = expeditedRegisters.slice(expeditedGeneral.length);
      const [[tail = '', isBound = false] = [], ...more] = repeater.tails;
      assert.deepEqual(more, []);
      assert.deepEqual(
        [...tail.matchAll(/([0-9a-f]{2}):[0-9a-f]+;/g)].map(([, number = '']) => Number.parseInt(number, 16)),
        others,
      );
      assert.equal(isBound, others.length > 0);
      await client.request(`m${hot},4`);
      assert.equal(await mayRepeat(client), true, 'reading changes nothing');
    }));

  it('are learned for the beginnings and ends of system calls', () =>
    withSession(
      'system-calls',
      { args: ['call', '2'], tokens: 'none' },
      async ({ client: first, server, pid }) => {
        first.disconnect();
        const repeater = new RecordingRepeater();
        const client = new WireClient(server, repeater);
        await client.greet(gdbTokens);
        const thread = `p${pid.toString(16)}.${pid.toString(16)}`;
        await client.request(`QCatchSyscalls:1;${getppid.toString(16)}`);
        await client.request('vCont;c');
        await client.request('vCont;c');
        assert.equal(await mayRepeat(client), true);
        assert.deepEqual(
          repeater.runs.get('vCont;c'),
          [true, false].map((isEntry) => {
            const key = isEntry ? 'syscall_entry' : 'syscall_return';
            const head = `T05thread:${thread};${key}:${getppid.toString(16)};`;
            return {
              site: 0n,
              call: { isEntry, number: getppid },
              head,
              registers: expeditedGeneral,
              aboutChild: [],
            };
          }),
        );
        await client.request('QCatchSyscalls:0');
        assert.equal(await mayRepeat(client), false);
      },
    ));

  it('are learned for forks, with all that the client says of the child until it lets it go', () =>
    withForks(async ({ symbol, pid }, client, repeater) => {
      const parent = pid.toString(16);
      const head = `T05thread:p${parent}.${parent};fork:p*.*;`;
      const form = { site: 0n, call: undefined, head, registers: expeditedGeneral };
      await client.request(`D;${await toFork(client)}`);
      assert.deepEqual(repeater.runs.get('vCont;c')?.pop(), { ...form, aboutChild: ['D;*'] });
      assert.equal(await mayRepeat(client), true);
      const child = await toFork(client);
      const remove = `z0,${symbol('work')},${breakpointKind}`;
      const about = [`Hgp${child}.${child}`, remove, `Hgp${parent}.${parent}`, `D;${child}`];
      for (const packet of about) assert.equal(await client.request(packet), 'OK');
      const aboutChild = ['Hgp*.*', remove, `Hgp${parent}.${parent}`, 'D;*'];
      assert.deepEqual(repeater.runs.get('vCont;c')?.pop(), { ...form, aboutChild });
      assert.equal(repeater.sites.has(remove), false, 'it was taken out of the child');
      assert.equal(await mayRepeat(client), true);
    }));

  it('are not learned for forks where something else is said than about the child', () =>
    withForks(async ({ symbol, pid }, client, repeater) => {
      const remove = `z0,${symbol('work')},${breakpointKind}`;
      const look = ['HgpCHILD.CHILD', `p${pcNumber}`, 'HgpPARENT.PARENT'];
      const cases = [['m400000,1'], look, [remove], ['Hg0', remove], ['?'], ['QPassSignals:14']];
      for (const said of cases) {
        const child = await toFork(client);
        for (const packet of [...said, 'D;CHILD'])
          await client.request(packet.replaceAll('CHILD', child).replaceAll('PARENT', pid.toString(16)));
        assert.deepEqual([...repeater.runs], [], said.join(' '));
      }
      await client.request(`D;${await toFork(client)}`);
      assert.equal(await mayRepeat(client), true);
    }));

  it('are answered once: the session is silent about those it hears of afterwards', () =>
    withRepeater(async (_session, client) => {
      await client.request('vCont;s');
      const before = client.writes.length;
      client.session.receive(new TextEncoder().encode('$vCont;s#b8$qC#b4'), 1);
      assert.match(await client.reply(), /^QC/);
      assert.equal(client.writes.length, before + 1);
    }));

  it('leave an interrupt behind them to the next resume', () =>
    withRepeater(async (_session, client) => {
      await client.request('vCont;s');
      client.session.receive(new TextEncoder().encode('$vCont;s#b8\x03'), 1);
      assert.match(await client.request('vCont;c'), /^T02/);
    }));

  it('are forgotten when something is changed that may decide about them', () =>
    withRepeater(async (_session, client, repeater) => {
      await client.request('vCont;s');
      assert.equal(await mayRepeat(client), true);
      await client.request('QPassSignals:e');
      assert.equal(await mayRepeat(client), false);
      assert.equal(repeater.runs.size, 0);
    }));

  it('are left to the session while a watchpoint is to be put in, and by a client that acknowledges', () =>
    withRepeater(async ({ symbol, server }, client) => {
      await client.request(`Z2,${symbol('counter')},8`);
      await client.request('vCont;s');
      assert.equal(await mayRepeat(client), true);
      await client.request(`z2,${symbol('counter')},8`);
      assert.equal(await mayRepeat(client), false);
      client.disconnect();
      const other = new WireClient(server, new RecordingRepeater());
      await other.request(`qSupported:${gdbTokens}`);
      await other.request('vCont;s');
      assert.equal(await mayRepeat(other), false);
    }));

  it('let no more than one thread run', () =>
    withRepeater(
      async ({ symbol, pid }, client, repeater) => {
        const hot = symbol('count');
        await client.runTo(hot);
        assert.equal(await mayRepeat(client), false);
        assert.equal(repeater.runs.size, 0);
        await client.request(`vCont;s:p${pid.toString(16)}.${pid.toString(16)}`);
        assert.equal(await mayRepeat(client), true);
      },
      ['0', '2'],
    ));
});

/** Where the pc is behind a trap, clients without `swbreak` move it. */
describeOn('x86_64', 'gdb session: repeated packets of a client that moves the pc', () => {
  it('are not learned with a pc that the session has moved', () =>
    withRepeater(
      async ({ symbol }, client, repeater) => {
        await client.runTo(symbol('count'));
        assert.deepEqual([...repeater.runs], []);
      },
      ['0'],
      gdbTokens.replace('swbreak+;', ''),
    ));
});
