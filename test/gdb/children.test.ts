import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { skipUnlessAnnounced } from '../support/debug-server.js';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';

describe('gdb: children of the program', () => {
  for (const mode of ['fork', 'vfork']) {
    it(`a child of ${mode} runs through our breakpoint unharmed, and the parent still stops there`, async () => {
      await debugFixture('children', { args: [mode] }, async ({ gdb }) => {
        await gdb.execute('break visited');
        expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
        const pid = await gdb.evaluate('(int) getpid()');
        expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
        assert.equal(await gdb.evaluate('(int) getpid()'), pid);
        expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('a child of a breakpoint that gdb keeps inserted', async () => {
    const settings = ['set breakpoint always-inserted on'];
    await debugFixture('children', { args: ['fork'], settings }, async ({ gdb }) => {
      await gdb.execute('hbreak main');
      await gdb.execute('break visited');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('a spawned program is not disturbed', async () => {
    await debugFixture('children', { args: ['spawn'] }, async ({ gdb }) => {
      await gdb.execute('break visited');
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      expectExit(await gdb.run('continue'), 0);
    });
  });

  for (const mode of ['fork', 'vfork']) {
    it(`catch ${mode} stops`, async function () {
      await debugFixture('children', { args: [mode] }, async ({ gdb }) => {
        await skipUnlessAnnounced(this, gdb, `${mode}-events`);
        await gdb.execute(`catch ${mode}`);
        assert.equal((await gdb.run('continue')).reason, mode);
        expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('follow-fork-mode child debugs the child', async function () {
    await debugFixture('children', { args: ['fork'] }, async ({ gdb, at, line }) => {
      await skipUnlessAnnounced(this, gdb, 'fork-events');
      await gdb.execute(`tbreak ${at('parent-first')}`);
      await gdb.run('continue');
      const parent = await gdb.evaluate('(int) getpid()');
      await gdb.execute('set follow-fork-mode child');
      await gdb.execute(`break ${at('visited')} if visits == 1`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('visited') });
      assert.notEqual(await gdb.evaluate('(int) getpid()'), parent);
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('detach-on-fork off keeps both, and each can be run', async function () {
    await debugFixture('children', { args: ['fork'] }, async ({ gdb, at, line }) => {
      await skipUnlessAnnounced(this, gdb, 'fork-events');
      await gdb.execute('set detach-on-fork off');
      await gdb.execute(`break ${at('parent-waits')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('parent-waits') });
      assert.match(await gdb.execute('info inferiors'), /1 .*process \d+.*\n.*2 .*process \d+/);
      await gdb.execute('inferior 2');
      expectExit(await gdb.run('continue'), 0);
      await gdb.execute('inferior 1');
      expectExit(await gdb.run('continue'), 0);
    });
  });
});
