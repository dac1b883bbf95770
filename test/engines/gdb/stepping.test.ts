import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { breakpointKind, registerOfRole } from '../../support/machine-registers.js';
import { bigintOfHex, stopKeys, withSession } from './traced-session.js';

describe('gdb session: stepping and continuing', () => {
  it('reports the first stop, steps one instruction, and runs to the end', () =>
    withSession('stepping', {}, async ({ client, pid, symbol, register }) => {
      const thread = `p${pid.toString(16)}.${pid.toString(16)}`;
      const first = stopKeys(await client.request('?'));
      assert.equal(first.get('thread'), thread);
      await client.runTo(symbol('main'));
      const before = await register('pc');
      const step = await client.request(`vCont;s:${thread}`);
      assert.equal(step.slice(0, 3), 'T05');
      assert.equal(stopKeys(step).get('thread'), thread);
      const after = await register('pc');
      assert.notEqual(after, before);
      assert.equal(
        bigintOfHex(stopKeys(step).get(registerOfRole('pc').number.toString(16)) ?? ''),
        after,
        'the pc is sent along',
      );
      assert.equal(await client.request('vCont;c'), `W00;process:${pid.toString(16)}`);
      assert.equal(await client.request('?'), `W00;process:${pid.toString(16)}`);
    }));

  it('answers a step with one write of one packet', () =>
    withSession('stepping', {}, async ({ client, pid }) => {
      await client.request('?');
      const before = client.writes.length;
      for (let step = 0; step < 20; step++) await client.request(`vCont;s:p${pid.toString(16)}.-1`);
      assert.equal(client.writes.length - before, 20);
    }));

  it('understands the old packets s, c and S, C', () =>
    withSession('stepping', {}, async ({ client, symbol, register }) => {
      await client.runTo(symbol('main'));
      assert.equal(await client.request('Hc0'), 'OK');
      const before = await register('pc');
      assert.equal((await client.request('s')).slice(0, 3), 'T05');
      assert.notEqual(await register('pc'), before);
      assert.equal((await client.request(`s${before.toString(16)}`)).slice(0, 3), 'T05');
      assert.equal((await client.request('S00')).slice(0, 3), 'T05');
      assert.match(await client.request('Cff'), /^E/);
    }));

  it('runs to the end with the old packet c', () =>
    withSession('stepping', {}, async ({ client }) => {
      assert.equal(await client.request('Hc-1'), 'OK');
      assert.match(await client.request('c'), /^W00/);
    }));

  it('steps within a range and stops behind it', () =>
    withSession('stepping', {}, async ({ client, symbol, register, pid }) => {
      await client.request('?');
      const start = symbol('sum');
      assert.equal(await client.request(`Z0,${start},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05.*swbreak:;/);
      const end = (BigInt(`0x${start}`) + 12n).toString(16);
      const stop = await client.request(`vCont;r${start},${end}:p${pid.toString(16)}.-1`);
      assert.equal(stop.slice(0, 3), 'T05');
      assert.ok(!stop.includes('swbreak'), stop);
      assert.ok((await register('pc')) >= BigInt(`0x${end}`));
    }));

  it('stops a running program at an interrupt', () =>
    withSession('hot-threads', { args: ['3', '100000000'] }, async ({ client, symbol, pid }) => {
      await client.request('?');
      // All threads are there when one of them is in its loop.
      assert.equal(await client.request(`Z0,${symbol('hot')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      assert.equal(await client.request(`z0,${symbol('hot')},${breakpointKind}`), 'OK');
      client.send('vCont;c');
      client.interrupt();
      const stop = await client.reply();
      assert.equal(stop.slice(0, 3), 'T02');
      const ids = (await client.request('qfThreadInfo')).slice(1).split(',');
      assert.equal(await client.request('qsThreadInfo'), 'l');
      assert.equal(ids.length, 4);
      assert.ok(ids.every((id) => id.startsWith(`p${pid.toString(16)}.`)));
      assert.ok(ids.includes(stopKeys(stop).get('thread') ?? ''));
      for (const id of ids) assert.equal(await client.request(`T${id}`), 'OK');
      assert.equal(await client.request(`vKill;${pid.toString(16)}`), 'OK');
    }));

  it('keeps an interrupt that comes while nothing runs for the next resume', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      await client.runTo(symbol('main'));
      client.interrupt();
      assert.match(await client.request('qC'), /^QC/, 'it has no reply of its own');
      assert.match(await client.request('vCont;c'), /^T02/);
      assert.match(await client.request('vCont;c'), /^W00/);
      assert.deepEqual(client.unread, []);
    }));

  it('lets only the threads run that are named', () =>
    withSession('hot-threads', { args: ['2', '200'] }, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal(await client.request(`Z0,${symbol('hot')},${breakpointKind}`), 'OK');
      const hit = stopKeys(await client.request('vCont;c')).get('thread') ?? '';
      for (let count = 0; count < 20; count++) {
        const stop = stopKeys(await client.request(`vCont;c:${hit}`));
        assert.equal(stop.get('thread'), hit);
      }
      assert.equal(await client.request(`Hc${hit}`), 'OK');
      assert.equal(stopKeys(await client.request('c')).get('thread'), hit);
    }));

  it('says N when the only thread that was let run has ended', () =>
    withSession('hot-threads', { args: ['2', '1'] }, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal(await client.request(`Z0,${symbol('hot')},${breakpointKind}`), 'OK');
      const hit = stopKeys(await client.request('vCont;c')).get('thread') ?? '';
      assert.equal(await client.request(`z0,${symbol('hot')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`vCont;c:${hit}`), 'N');
      assert.match(await client.request(`T${hit}`), /^E/);
      assert.match(await client.request(`vCont;c:${hit}`), /^(N|E)/);
    }));

  it('says N when that was the leader, which is there until the others have ended', () =>
    withSession('leader-end', {}, async ({ client, pid, symbol }) => {
      await client.request('?');
      await client.runTo(symbol('leave'));
      const leader = `p${pid.toString(16)}.${pid.toString(16)}`;
      assert.equal(await client.request('qC'), `QC${leader}`);
      assert.equal(await client.request(`vCont;c:${leader}`), 'N');
      assert.match(await client.request(`T${leader}`), /^E/);
      assert.equal(await client.request('vCont;c'), `W05;process:${pid.toString(16)}`);
    }));
});
