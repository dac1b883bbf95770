import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { thisMachine } from '../../support/machine.js';
import { breakpointKind, registerOfRole, thisModule } from '../../support/machine-registers.js';
import { stopKeys, withSession } from './traced-session.js';
import { gdbTokens, lldbTokens } from './wire-client.js';

/** As a stop reply names it. */
const pcNumber = registerOfRole('pc').number.toString(16);
const behindTrap = BigInt(thisModule.breakpoint.pcOffset);

describe('gdb session: breakpoints and watchpoints', () => {
  it('stops at Z0 once for each call, with the pc at it, and not after z0', () =>
    withSession('stepping', {}, async ({ client, symbol, register }) => {
      await client.request('?');
      const at = symbol('twice');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK', 'twice is once');
      for (let call = 0; call < 2; call++) {
        assert.match(await client.request('vCont;c'), /^T05.*swbreak:;/);
        assert.equal(await register('pc'), BigInt(`0x${at}`));
      }
      assert.equal(await client.request(`z0,${at},${breakpointKind}`), 'OK');
      assert.equal(
        await client.request(`z0,${at},${breakpointKind}`),
        'OK',
        'removing what is not there is harmless',
      );
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('is met again by a thread that GDB resumes at it', () =>
    withSession('stepping', { tokens: gdbTokens }, async ({ client, symbol, register }) => {
      await client.request('?');
      const at = symbol('twice');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      for (const action of ['c', 'c', 's', 'c']) {
        assert.match(await client.request(`vCont;${action}`), /^T05.*swbreak:;/);
        assert.equal(await register('pc'), BigInt(`0x${at}`));
      }
    }));

  it('leaves the pc behind the trap for a client without swbreak', () =>
    withSession('stepping', { tokens: 'multiprocess+' }, async ({ client, symbol, register }) => {
      await client.request('?');
      const at = symbol('twice');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      const stop = await client.request('vCont;c');
      assert.ok(!stop.includes('swbreak'), stop);
      assert.equal(await register('pc'), BigInt(`0x${at}`) + behindTrap);
    }));

  it('gives LLDB the corrected pc and a reason', () =>
    withSession('stepping', { tokens: lldbTokens }, async ({ client, symbol, register }) => {
      await client.request('?');
      const at = symbol('twice');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      const stop = stopKeys(await client.request('vCont;c'));
      assert.equal(stop.get('reason'), 'breakpoint');
      assert.ok(!stop.has('swbreak'));
      assert.equal(await register('pc'), BigInt(`0x${at}`));
      assert.ok(stop.has(pcNumber));
    }));

  it('reports what other threads ran into on the next resume, and drops it when the breakpoint is gone', () =>
    withSession('hot-threads', { args: ['4', '1'] }, async ({ client, symbol }) => {
      await client.request('?');
      const at = symbol('hot');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      const seen = new Set<string>();
      for (let hit = 0; hit < 4; hit++) {
        const stop = stopKeys(await client.request('vCont;c'));
        assert.ok(stop.has('swbreak'));
        seen.add(stop.get('thread') ?? '');
      }
      assert.equal(seen.size, 4, 'each thread is reported once');
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('tells no stop of a breakpoint that was removed meanwhile', () =>
    withSession('hot-threads', { args: ['4', '1'] }, async ({ client, symbol }) => {
      await client.request('?');
      const at = symbol('hot');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      assert.equal(await client.request(`z0,${at},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('stops at a hardware breakpoint', () =>
    withSession('stepping', {}, async ({ client, symbol, register }) => {
      await client.request('?');
      const at = symbol('twice');
      assert.equal(await client.request(`Z1,${at},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05.*hwbreak:;/);
      assert.equal(await register('pc'), BigInt(`0x${at}`));
      assert.equal(await client.request(`z1,${at},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  /** x86 has none that stop at reads alone; aarch64 stops before what it is told of. */
  const answerToReads = thisMachine === 'aarch64' ? 'OK' : '';
  const valueWhenTold = thisMachine === 'aarch64' ? '01000000' : '02000000';

  it('stops at writes with Z2 and at reads with Z4, and has Z3 where the machine does', () =>
    withSession('watch', {}, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal(await client.request(`Z3,${symbol('constant')},4`), answerToReads);
      assert.equal(await client.request(`z3,${symbol('constant')},4`), answerToReads);
      assert.equal(await client.request(`Z2,${symbol('global')},4`), 'OK');
      const written = stopKeys(await client.request('vCont;c'));
      assert.equal(BigInt(`0x${written.get('watch')}`), BigInt(`0x${symbol('global')}`));
      assert.equal(await client.request(`m${symbol('global')},4`), valueWhenTold);
      assert.equal(await client.request(`z2,${symbol('global')},4`), 'OK');
      assert.equal(await client.request(`Z4,${symbol('constant')},4`), 'OK');
      const read = stopKeys(await client.request('vCont;c'));
      assert.equal(BigInt(`0x${read.get('awatch')}`), BigInt(`0x${symbol('constant')}`));
      assert.equal(await client.request(`z4,${symbol('constant')},4`), 'OK');
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('answers E when the debug registers are used up, and for kinds that do not exist', () =>
    withSession('watch', {}, async ({ client, symbol }) => {
      await client.request('?');
      const start = BigInt(`0x${symbol('bytes')}`);
      const replies: string[] = [];
      for (let index = 0n; index < 5n; index++) {
        replies.push(await client.request(`Z2,${(start + index * 0x40n).toString(16)},8`));
      }
      assert.deepEqual(replies.slice(0, 4), ['OK', 'OK', 'OK', 'OK']);
      assert.match(replies[4] ?? '', /^E/);
      assert.match(await client.request(`Z2,${symbol('global')},0`), /^E/);
      assert.match(await client.request(`Z0,${symbol('main')},7`), /^E/);
      assert.match(await client.request('Z0,0,1'), /^E/);
    }));

  it('tells one access that several watchpoints saw once, by the address that all of them contain', () =>
    withSession('watch', {}, async ({ client, symbol }) => {
      await client.request('?');
      const start = BigInt(`0x${symbol('bytes')}`);
      assert.equal(await client.request(`Z2,${start.toString(16)},10`), 'OK');
      assert.equal(await client.request(`Z2,${(start + 5n).toString(16)},1`), 'OK');
      const stop = stopKeys(await client.request('vCont;c'));
      assert.equal(BigInt(`0x${stop.get('watch')}`), start + 5n);
      assert.match(await client.request('vCont;c'), /^W00/);
    }));
});
