import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
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
});
