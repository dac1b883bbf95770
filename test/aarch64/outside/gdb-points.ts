/** gdb of an x86_64 machine on the server of an aarch64 one: the CPU's own breakpoints and watchpoints. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { expectBreakpointStop, expectExit, expectWatchStop } from '../../support/expectations.js';
import type { Gdb } from '../../support/gdb.js';
import { debugInGuest } from './guest-session.js';

async function untilMain(gdb: Gdb): Promise<void> {
  await gdb.execute('tbreak main');
  await gdb.run('continue');
}

describe('aarch64 from outside: hardware points', () => {
  it('stops at a hardware breakpoint each time, and not in between', () =>
    debugInGuest('stepping', {}, async ({ gdb, line }) => {
      await untilMain(gdb);
      assert.match(await gdb.execute('hbreak twice'), /Hardware assisted breakpoint/);
      for (const value of ['3', '6']) {
        expectBreakpointStop(await gdb.run('continue'), { function: 'twice', line: line('in-twice') });
        assert.equal(await gdb.evaluate('value'), value);
      }
      expectExit(await gdb.run('continue'), 0);
    }));

  it('stops where a watched variable changes', () =>
    debugInGuest('stepping', {}, async ({ gdb }) => {
      await untilMain(gdb);
      assert.match(await gdb.execute('watch total'), /Hardware watchpoint/);
      expectWatchStop(await gdb.run('continue'), 'write', { old: '0', new: '6' }, { function: 'main' });
      expectWatchStop(await gdb.run('continue'), 'write', { old: '6', new: '12' }, { function: 'main' });
    }));

  it('stops at reads, and at every access', () =>
    debugInGuest('watch', {}, async ({ gdb, line }) => {
      await untilMain(gdb);
      assert.match(await gdb.execute('rwatch constant'), /Hardware read watchpoint/);
      expectWatchStop(await gdb.run('continue'), 'read', { value: '7' }, { line: line('read-constant') });
      await gdb.execute('delete');
      assert.match(await gdb.execute('awatch constant'), /Hardware access/);
      expectWatchStop(await gdb.run('continue'), 'access', { old: '7', new: '8' });
    }));

  it('watches one byte of many, and a range that takes two registers', () =>
    debugInGuest('watch', {}, async ({ gdb, line }) => {
      await untilMain(gdb);
      for (const watched of ['bytes[4]', 'bytes[5]', 'bytes']) await gdb.execute(`watch ${watched}`);
      const stop = await gdb.run('continue');
      assert.equal(stop.reason, 'watchpoint-trigger');
      assert.equal(stop.line, line('write-byte') + 1);
      const listing = await gdb.execute('info watchpoints');
      assert.match(
        listing,
        /bytes\[5\]\n\tbreakpoint already hit 1 time\n.* bytes\n\tbreakpoint already hit 1 time/,
      );
      assert.doesNotMatch(listing, /bytes\[4\]\n\tbreakpoint/);
    }));

  it('refuses more than the CPU has, and takes what fits', () =>
    debugInGuest('watch', {}, async ({ gdb }) => {
      await untilMain(gdb);
      // 16 registers are the most that the architecture allows, of 8 bytes each.
      await gdb.execute('set can-use-hw-watchpoints 1');
      await gdb.execute('watch *(char (*)[256])bytes');
      await assert.rejects(gdb.run('continue'), /Could not insert hardware watchpoint|too many/i);
      await gdb.execute('delete');
      await gdb.execute('watch global');
      expectWatchStop(await gdb.run('continue'), 'write', { old: '1', new: '2' });
    }));
});
