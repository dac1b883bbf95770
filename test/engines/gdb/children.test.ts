import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'mocha';
import { breakpointKind } from '../../support/machine-registers.js';
import { eventually, processState } from '../../support/proc-files.js';
import { stopKeys, type TracedSession, withSession } from './traced-session.js';
import { gdbTokens, WireClient } from './wire-client.js';

const timeoutMs = 10_000;
const tokens = `${gdbTokens};fork-events+;vfork-events+`;

interface Forked extends TracedSession {
  readonly parent: string;
  /** `pPID.TID` of the child that the stop told of. */
  readonly child: string;
  readonly childPid: string;
}

/** SIGCHLD, 20 in GDB's numbering, is not reported. */
async function passSigchld(client: WireClient): Promise<void> {
  assert.equal(await client.request('QPassSignals:14;'), 'OK');
}

/** Runs the fixture to the event of its child. */
async function atFork(kind: 'fork' | 'vfork', test: (session: Forked) => Promise<void>): Promise<void> {
  await withSession('children', { args: [kind], tokens }, async (session) => {
    const { client, pid } = session;
    await passSigchld(client);
    const stop = stopKeys(await client.request('vCont;c'));
    const parent = `p${pid.toString(16)}.${pid.toString(16)}`;
    assert.equal(stop.get('thread'), parent);
    const child = stop.get(kind) ?? '';
    const childPid = /^p([0-9a-f]+)\.\1$/.exec(child)?.[1] ?? '';
    assert.notEqual(childPid, '', child);
    await test({ ...session, parent, child, childPid });
  });
}

function processOf(id: string): string {
  return id.slice(1, id.indexOf('.'));
}

describe('fork events', () => {
  it('are not told to a client that did not announce them', () =>
    withSession('children', { args: ['fork'] }, async ({ client, pid }) => {
      await passSigchld(client);
      assert.equal(await client.request('vCont;c'), `W00;process:${pid.toString(16)}`);
    }));

  it('the child is listed from then on, and runs when it is let run', () =>
    atFork('fork', async ({ client, parent, child, childPid }) => {
      assert.equal(await client.request('qfThreadInfo'), `m${parent},${child}`);
      assert.equal(await client.request(`T${child}`), 'OK');
      assert.equal(await client.request(`vCont;c:${child}`), `W00;process:${childPid}`);
      assert.equal(await client.request('vCont;c'), `W00;process:${processOf(parent)}`);
    }));

  it('the child has the breakpoints of its parent', () =>
    withSession('children', { args: ['fork'], tokens }, async ({ client, symbol }) => {
      await passSigchld(client);
      await client.runTo(symbol('visited'));
      assert.match(await client.request('vCont;s'), /^T05/);
      assert.equal(await client.request(`Z0,${symbol('visited')},${breakpointKind}`), 'OK');
      const child = stopKeys(await client.request('vCont;c')).get('fork') ?? '';
      const hit = await client.request(`vCont;c:${child}`);
      assert.equal(stopKeys(hit).get('thread'), child);
      assert.equal(stopKeys(hit).get('swbreak'), '');
      // They are the child's own: what is removed there stays in the parent.
      assert.equal(await client.request(`z0,${symbol('visited')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`vCont;c:${child}`), `W00;process:${processOf(child)}`);
      assert.equal(stopKeys(await client.request('vCont;c')).get('swbreak'), '');
    }));

  it('the child has the registers that its parent was described with', () =>
    withSession('children', { args: ['fork'], tokens }, async ({ client }) => {
      await passSigchld(client);
      assert.match(await client.request('qXfer:features:read:target.xml:0,ffff'), /^l/);
      const { length } = await client.request('g');
      const child = stopKeys(await client.request('vCont;c')).get('fork') ?? '';
      assert.equal(await client.request(`Hg${child}`), 'OK');
      assert.equal((await client.request('g')).length, length);
    }));

  it('D of the child lets it go, the parent goes on', () =>
    atFork('fork', async ({ client, childPid, parent }) => {
      assert.equal(await client.request(`D;${childPid}`), 'OK');
      assert.equal(await client.request('qfThreadInfo'), `m${parent}`);
      assert.equal(await client.request('vCont;c'), `W00;process:${processOf(parent)}`);
    }));

  it('D of a child that has just been killed lets it go, the parent goes on', () =>
    atFork('fork', async ({ client, childPid, parent }) => {
      const child = Number.parseInt(childPid, 16);
      process.kill(child, 'SIGKILL');
      // The core hears of it only in a later turn.
      const deadline = performance.now() + timeoutMs;
      while (processState(child) !== 'Z') assert.ok(performance.now() < deadline);
      assert.equal(await client.request(`D;${childPid}`), 'OK');
      assert.equal(await client.request('vCont;c'), `W6d;process:${processOf(parent)}`);
    }));

  it('D of the parent leaves the child', () =>
    atFork('fork', async ({ client, childPid, child, parent }) => {
      assert.equal(await client.request(`D;${processOf(parent)}`), 'OK');
      assert.equal(await client.request('qfThreadInfo'), `m${child}`);
      assert.equal(await client.request('vCont;c'), `W00;process:${childPid}`);
    }));

  it('vKill of the child; the parent hears of it from the kernel', () =>
    atFork('fork', async ({ client, childPid, parent }) => {
      assert.equal(await client.request(`vKill;${childPid}`), 'OK');
      // 100 and the signal.
      assert.equal(await client.request('vCont;c'), `W6d;process:${processOf(parent)}`);
    }));

  it('in non-stop the parent alone stops, and each goes on for itself', () =>
    withSession('children', { args: ['fork'], tokens }, async ({ client, pid }) => {
      assert.equal(await client.request('QNonStop:1'), 'OK');
      await passSigchld(client);
      assert.equal(await client.request('vCont;c'), 'OK');
      const stop = await client.stopNotification();
      const child = stopKeys(stop).get('fork') ?? '';
      // Until the stop is acknowledged the child is nobody's to resume.
      assert.equal(await client.request(`vCont;c:${child}`), 'OK');
      assert.equal(await client.request('vStopped'), 'OK');
      assert.deepEqual(client.unreadNotifications, []);
      assert.equal(await client.request('vCont;c'), 'OK');
      const ends = [...(await client.stops())];
      if (ends.length === 1) ends.push(...(await client.stops()));
      assert.deepEqual(ends, [`W00;process:${processOf(child)}`, `W00;process:${pid.toString(16)}`]);
    }));

  it('what a lost client had not heard of stays with the server, as its parent does', () =>
    atFork('fork', async ({ server, client, child, parent, lines }) => {
      client.disconnect();
      const next = new WireClient(server);
      await next.greet(tokens);
      assert.match(await next.request('?'), /^T05/);
      assert.deepEqual(
        (await next.request('qfThreadInfo')).slice(1).split(',').sort(),
        [child, parent].sort(),
      );
      assert.equal(await next.request(`vCont;c:${child}`), `W00;process:${processOf(child)}`);
      assert.ok(lines.includes('Child exited with status 0'));
    }));

  it('the end of the server ends the child', () =>
    atFork('fork', async ({ server, childPid }) => {
      await server.end();
      const pid = Number.parseInt(childPid, 16);
      await eventually(
        'the child is gone',
        () => !existsSync(`/proc/${pid}`) || ['Z', 'X'].includes(processState(pid)),
      );
    }));
});

describe('vfork events', () => {
  it('the parent tells of the child, and of its end by vforkdone', () =>
    atFork('vfork', async ({ client, childPid, parent }) => {
      assert.equal(await client.request(`D;${childPid}`), 'OK');
      const done = stopKeys(await client.request('vCont;c'));
      assert.equal(done.get('vforkdone'), '');
      assert.equal(done.get('thread'), parent);
      assert.equal(await client.request('vCont;c'), `W00;process:${processOf(parent)}`);
    }));
});
