import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import { textField } from '../support/gdb.js';

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

  for (const kind of ['fork', 'vfork']) {
    it(`catch ${kind} stops the parent, which goes on with its breakpoints`, async () => {
      await debugFixture('children', { args: [kind] }, async ({ gdb, line }) => {
        await gdb.execute(`catch ${kind}`);
        const stop = await gdb.run('continue');
        assert.equal(stop.reason, kind);
        assert.match(textField(stop.fields, 'newpid') ?? '', /^\d+$/);
        await gdb.execute('tbreak visited');
        expectBreakpointStop(await gdb.run('continue'), { function: 'visited', line: line('visited') });
        assert.equal(await gdb.evaluate('visits'), kind === 'fork' ? '1' : '2');
        expectExit(await gdb.run('continue'), 0);
      });
    });

    it(`set follow-fork-mode child follows the child of a ${kind}; the parent runs on`, async () => {
      const settings = ['set follow-fork-mode child'];
      await debugFixture('children', { args: [kind], settings }, async ({ gdb }) => {
        await gdb.execute('tbreak main');
        expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
        const parent = await gdb.evaluate('(int) getpid()');
        await gdb.execute('tbreak visited');
        expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
        assert.equal(await gdb.evaluate('(int) getpid()'), parent);
        await gdb.execute('tbreak visited');
        expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
        assert.equal(await gdb.evaluate('(int) getppid()'), parent);
        expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('set detach-on-fork off debugs both, one after the other', async () => {
    const settings = ['set detach-on-fork off'];
    await debugFixture('children', { args: ['fork'], settings }, async ({ gdb }) => {
      await gdb.execute('break visited');
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      await gdb.execute('tbreak status_of');
      expectBreakpointStop(await gdb.run('continue'), { function: 'status_of' });
      assert.equal((await gdb.execute('info inferiors')).match(/process \d+/g)?.length, 2);
      await gdb.execute('inferior 2');
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      expectExit(await gdb.run('continue'), 0);
      await gdb.execute('inferior 1');
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('set schedule-multiple on lets both run at once', async () => {
    const settings = ['set detach-on-fork off', 'set schedule-multiple on'];
    await debugFixture('children', { args: ['fork'], settings }, async ({ gdb }) => {
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      await gdb.execute('break visited');
      expectBreakpointStop(await gdb.run('continue'), { function: 'visited' });
      const stop = await gdb.run('continue');
      expectBreakpointStop(stop, { function: 'visited' });
      assert.equal(await gdb.evaluate('$_inferior'), '2');
      // The end of the child wakes the parent, which then stands at the breakpoint.
      expectExit(await gdb.run('continue'), 0);
      await gdb.execute('inferior 1');
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
