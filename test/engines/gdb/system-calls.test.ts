import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCalls } from '../../support/system-calls.js';
import { compileFixed, stopKeys, withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

const flags = ['-pthread'];
/** In hex. */
const [getppid, exitGroup, execve] = [systemCalls.getppid, systemCalls.exitGroup, systemCalls.execve].map(
  (number) => number.toString(16),
);

function callOf(reply: string): string {
  const keys = stopKeys(reply);
  assert.equal(reply.slice(0, 3), 'T05');
  if (keys.has('syscall_entry')) return `>${keys.get('syscall_entry')}`;
  return keys.has('syscall_return') ? `<${keys.get('syscall_return')}` : '';
}

describe('gdb session: system calls', () => {
  it('stops at both ends of those that QCatchSyscalls names, and at no others', () =>
    withSession('system-calls', { args: ['call', '1'], flags }, async ({ client }) => {
      assert.equal(await client.request(`QCatchSyscalls:1;${getppid};${exitGroup}`), 'OK');
      const heard: string[] = [];
      for (let stops = 0; stops < 3; stops++) heard.push(callOf(await client.request('vCont;c')));
      assert.deepEqual(heard, [`>${getppid}`, `<${getppid}`, `>${exitGroup}`]);
      assert.match(await client.request('vCont;c'), /^W00/);
    }));

  it('stops at every one without numbers, and at none after :0', () =>
    withSession('system-calls', { args: ['call', '1'], flags }, async ({ client }) => {
      assert.equal(await client.request('QCatchSyscalls:1'), 'OK');
      const entry = callOf(await client.request('vCont;c'));
      assert.match(entry, /^>/);
      assert.equal(callOf(await client.request('vCont;c')), entry.replace('>', '<'));
      assert.match(callOf(await client.request('vCont;c')), /^>/);
      assert.equal(await client.request('QCatchSyscalls:0'), 'OK');
      assert.match(await client.request('vCont;c'), /^W00/);
    }));

  it('announces it, refuses what is malformed, and goes on as before', () =>
    withSession('system-calls', { args: ['call', '1'], flags, tokens: 'none' }, async ({ client }) => {
      assert.match(await client.greet(), /(^|;)QCatchSyscalls\+(;|$)/);
      assert.equal(await client.request(`QCatchSyscalls:1;${getppid}`), 'OK');
      for (const bad of ['', ':', ':2', ':0;1', ':1;', ':1;x', ':1,2', ':1;1;']) {
        assert.match(await client.request(`QCatchSyscalls${bad}`), /^E/, bad);
      }
      assert.equal(callOf(await client.request('vCont;c')), `>${getppid}`);
    }));

  it('keeps them over an exec', async () => {
    const path = await compileFixed('system-calls', flags);
    await withSession('exec', { args: ['first', path, 'call', '1'] }, async ({ client }) => {
      assert.equal(await client.request(`QCatchSyscalls:1;${getppid};${execve}`), 'OK');
      assert.equal(callOf(await client.request('vCont;c')), `>${execve}`);
      assert.ok(stopKeys(await client.request('vCont;c')).has('exec'));
      assert.equal(callOf(await client.request('vCont;c')), `<${execve}`);
      assert.equal(callOf(await client.request('vCont;c')), `>${getppid}`);
    });
  });

  it('tells of the call that a step goes into', () =>
    withSession('system-calls', { args: ['call', '1'], flags }, async ({ client, symbol }) => {
      await client.runTo(symbol('call_instruction'));
      assert.equal(await client.request(`QCatchSyscalls:1;${getppid}`), 'OK');
      assert.equal(callOf(await client.request('vCont;s')), `>${getppid}`);
      assert.equal(callOf(await client.request('vCont;s')), `<${getppid}`);
      assert.equal(callOf(await client.request('vCont;s')), '');
    }));

  it('keeps one thread’s stop for later, unless it is wanted no more', async () => {
    for (const isKept of [true, false]) {
      await withSession('system-calls', { args: ['threads', '40'], flags }, async ({ client }) => {
        assert.equal(await client.request(`QCatchSyscalls:1;${getppid}`), 'OK');
        let heard = 0;
        while (heard < 20 && /syscall_/.test(await client.request('vCont;c'))) heard += 1;
        assert.equal(heard, 20);
        if (!isKept) assert.equal(await client.request('QCatchSyscalls:0'), 'OK');
        let reply = await client.request('vCont;c');
        for (; /syscall_/.test(reply); reply = await client.request('vCont;c')) heard += 1;
        assert.match(reply, /^W00/);
        assert.equal(heard, isKept ? 160 : 20);
      });
    }
  });

  it('forgets them with the client', () =>
    withSession('system-calls', { args: ['call', '3'], flags }, async ({ client, server }) => {
      assert.equal(await client.request('QCatchSyscalls:1'), 'OK');
      await client.request('vCont;c');
      client.session.closed();
      const next = new WireClient(server);
      await next.greet();
      assert.match(await next.request('vCont;c'), /^W00/);
    }));
});
