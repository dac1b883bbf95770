import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { breakpointKind } from '../../support/machine-registers.js';
import { stopKeys, type TracedSession, withSession } from './traced-session.js';

const twoWorkers = { args: ['2'], flags: ['-pthread'] };

function leaderOf({ pid }: TracedSession): string {
  return `p${pid.toString(16)}.${pid.toString(16)}`;
}

/** Runs to where `main` is about to make threads. */
async function beforeThreads({ client, symbol }: TracedSession): Promise<void> {
  await client.runTo(symbol('main'));
}

/** Every worker leaves its loop as soon as it looks. */
async function letWorkersLeave({ client, symbol }: TracedSession): Promise<void> {
  assert.equal(await client.request(`M${symbol('leave')},8:${'01000000'.repeat(2)}`), 'OK');
}

describe('QThreadEvents', () => {
  it('reports the beginning and the end of each thread', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client } = session;
      await beforeThreads(session);
      await letWorkersLeave(session);
      assert.equal(await client.request('QThreadEvents:1'), 'OK');
      const created: (string | undefined)[] = [];
      const ended: string[] = [];
      for (;;) {
        const stop = await client.request('vCont;c');
        if (stop.startsWith('W')) break;
        if (stop.startsWith('w')) {
          ended.push(stop);
          continue;
        }
        assert.equal(stopKeys(stop).get('create'), '', stop);
        created.push(stopKeys(stop).get('thread'));
      }
      assert.equal(created.length, 2);
      assert.equal(new Set([...created, leaderOf(session)]).size, 3);
      // A thread that ends while its process does has the process's exit code, wait(2).
      assert.deepEqual(ended.map((stop) => stop.replace(/^w0[03];/, '')).sort(), [...created].sort());
    }));

  it('0 makes threads begin and end unseen again', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client } = session;
      await beforeThreads(session);
      await letWorkersLeave(session);
      assert.equal(await client.request('QThreadEvents:1'), 'OK');
      assert.equal(await client.request('QThreadEvents:0'), 'OK');
      assert.equal(await client.request('vCont;c'), `W03;process:${session.pid.toString(16)}`);
    }));

  it('takes 0 and 1', () =>
    withSession('workers', twoWorkers, async ({ client }) => {
      assert.match(await client.request('QThreadEvents'), /^E/);
      assert.match(await client.request('QThreadEvents:2'), /^E/);
    }));

  it('in non-stop the new thread alone stops', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client } = session;
      await beforeThreads(session);
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.equal(await client.request('QThreadEvents:1'), 'OK');
      assert.equal(await client.request('vCont;c'), 'OK');
      const created = new Set<string | undefined>();
      while (created.size < 2) {
        for (const stop of await client.stops()) {
          assert.equal(stopKeys(stop).get('create'), '', stop);
          created.add(stopKeys(stop).get('thread'));
        }
      }
      assert.ok(!created.has(leaderOf(session)));
    }));
});

describe('QThreadOptions', () => {
  it('a thread with the clone option reports the threads that it makes, which are held', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client } = session;
      const leader = leaderOf(session);
      await beforeThreads(session);
      assert.equal(await client.request(`QThreadOptions;3:${leader}`), 'OK');
      const stop = await client.request('vCont;c');
      assert.equal(stopKeys(stop).get('thread'), leader);
      const child = stopKeys(stop).get('clone');
      assert.ok(child);
      assert.equal(await client.request('qfThreadInfo'), `m${leader},${child}`);
      // It runs alone, and its options are none: what it does is not reported.
      await letWorkersLeave(session);
      assert.equal(await client.request(`QThreadOptions;2:${child}`), 'OK');
      assert.equal(await client.request(`vCont;c:${child}`), `w00;${child}`);
    }));

  it('the last entry that names a thread counts, and 0 takes the options away', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client, pid } = session;
      const leader = leaderOf(session);
      await beforeThreads(session);
      await letWorkersLeave(session);
      assert.equal(await client.request(`QThreadOptions;1;0:${leader}`), 'OK');
      assert.equal(await client.request('vCont;c'), `W03;process:${pid.toString(16)}`);
    }));

  it('a clone in non-stop', () =>
    withSession('workers', twoWorkers, async (session) => {
      const { client, symbol } = session;
      const leader = leaderOf(session);
      await beforeThreads(session);
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.equal(await client.request(`Z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`QThreadOptions;1:${leader}`), 'OK');
      assert.equal(await client.request('vCont;c'), 'OK');
      const [stop = ''] = await client.stops();
      const child = stopKeys(stop).get('clone') ?? '';
      assert.equal(stopKeys(stop).get('thread'), leader);
      assert.equal(await client.request(`vCont;c:${child}`), 'OK');
      const [hit = ''] = await client.stops();
      assert.equal(stopKeys(hit).get('thread'), child);
    }));

  it('refuses options that it does not know, and none at all', () =>
    withSession('workers', twoWorkers, async ({ client }) => {
      assert.match(await client.request('QThreadOptions;4'), /^E/);
      assert.match(await client.request('QThreadOptions'), /^E/);
      assert.match(await client.request('QThreadOptions;'), /^E/);
    }));
});
