import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture, type Session } from '../support/debug-session.js';
import {
  expectBreakpointStop,
  expectExit,
  expectWatchScope,
  expectWatchStop,
} from '../support/expectations.js';

async function startOfMain({ gdb }: Session): Promise<void> {
  await gdb.execute('break main');
  await gdb.run('continue');
}

describe('gdb: watchpoints', () => {
  it('watch stops when a global variable changes, and only then', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line } = session;
      await startOfMain(session);
      assert.match(await gdb.execute('watch global'), /Hardware watchpoint/);
      // The pc is behind the store: the next line is shown.
      expectWatchStop(
        await gdb.run('continue'),
        'write',
        { old: '1', new: '2' },
        { line: line('same-value') },
      );
      expectWatchStop(
        await gdb.run('continue'),
        'write',
        { old: '2', new: '3' },
        { line: line('read-constant') },
      );
      await gdb.resume('continue');
      expectExit(await gdb.stopOfExit(), 0);
    });
  });

  it('rwatch stops at a read', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line } = session;
      await startOfMain(session);
      assert.match(await gdb.execute('rwatch constant'), /Hardware read watchpoint/);
      expectWatchStop(await gdb.run('continue'), 'read', { value: '7' }, { line: line('read-constant') });
    });
  });

  it('awatch stops at reads and at writes, also of the same value', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line } = session;
      await startOfMain(session);
      assert.match(await gdb.execute('awatch global'), /Hardware access/);
      expectWatchStop(
        await gdb.run('continue'),
        'access',
        { old: '1', new: '2' },
        { line: line('same-value') },
      );
      expectWatchStop(await gdb.run('continue'), 'access', { new: '2' }, { line: line('second-change') });
      expectWatchStop(await gdb.run('continue'), 'access', { old: '2', new: '3' });
      expectWatchStop(await gdb.run('continue'), 'access', { new: '3' }, { line: line('end') });
    });
  });

  it('watch of a local variable ends when its block is left', async () => {
    await debugFixture('watch', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('loop')}`);
      await gdb.run('continue');
      await gdb.execute('watch local');
      // Adding 0 changes nothing.
      for (const [before, after] of [
        ['10', '11'],
        ['11', '13'],
        ['13', '16'],
      ] as const) {
        expectWatchStop(
          await gdb.run('continue'),
          'write',
          { old: before, new: after },
          { line: line('loop') },
        );
      }
      expectWatchScope(await gdb.run('continue'));
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('watches one byte of many, and a long range', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line } = session;
      await startOfMain(session);
      await gdb.execute('watch bytes[4]');
      await gdb.execute('watch bytes[5]');
      // Sixteen bytes take two of the debug registers.
      await gdb.execute('watch bytes');
      const stop = await gdb.run('continue');
      assert.equal(stop.reason, 'watchpoint-trigger');
      assert.equal(stop.line, line('write-byte') + 1);
      const listing = await gdb.execute('info watchpoints');
      assert.match(
        listing,
        /bytes\[5\]\n\tbreakpoint already hit 1 time\n.* bytes\n\tbreakpoint already hit 1 time/,
      );
      assert.doesNotMatch(listing, /bytes\[4\]\n\tbreakpoint/);
    });
  });

  it('a condition on a watchpoint', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line } = session;
      await startOfMain(session);
      await gdb.execute('watch global if global == 3');
      expectWatchStop(
        await gdb.run('continue'),
        'write',
        { old: '2', new: '3' },
        { line: line('read-constant') },
      );
    });
  });

  it('breakpoints and watchpoints together', async () => {
    await debugFixture('watch', {}, async (session) => {
      const { gdb, line, at } = session;
      await startOfMain(session);
      await gdb.execute('watch global');
      await gdb.execute(`break ${at('same-value')}`);
      // The store's pc is where the breakpoint is: both are hit, the watchpoint is told first, and counts once.
      const stop = await gdb.run('continue');
      assert.equal(stop.line, line('same-value'));
      assert.match(
        await gdb.execute('info breakpoints'),
        /hw watchpoint .*\n\tbreakpoint already hit 1 time/,
      );
      await gdb.execute(`break ${at('write-constant')}`);
      expectWatchStop(await gdb.run('continue'), 'write', { old: '2', new: '3' });
      expectBreakpointStop(await gdb.run('continue'), { line: line('write-constant') });
    });
  });

  it('a watchpoint covers every thread, also those that start later', async () => {
    await debugFixture('hot-threads', { args: ['3', '1'] }, async ({ gdb }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      await gdb.execute('watch started');
      const threads = new Set<number | undefined>();
      for (const [before, after] of [
        ['0', '1'],
        ['1', '2'],
        ['2', '3'],
      ] as const) {
        const stop = await gdb.run('continue');
        expectWatchStop(stop, 'write', { old: before, new: after });
        threads.add(stop.thread);
      }
      assert.equal(threads.size, 3);
    });
  });
});
