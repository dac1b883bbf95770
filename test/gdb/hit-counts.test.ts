import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectExit } from '../support/expectations.js';

const threads = 32;
const calls = 30;

/** How often gdb says that its breakpoint was hit. */
function hits(listing: string): number {
  return Number(/already hit (\d+) time/.exec(listing)?.[1] ?? 0);
}

describe('gdb: many threads at one breakpoint', () => {
  it('every hit of 32 threads is counted while they are ignored', async () => {
    await debugFixture('hot-threads', { args: [String(threads), String(calls)] }, async ({ gdb, server }) => {
      await gdb.execute('break hot');
      await gdb.execute('ignore 1 1000000');
      expectExit(await gdb.run('continue', 60_000), 0);
      assert.equal(hits(await gdb.execute('info breakpoints')), threads * calls);
      await server.output.match(new RegExp(`^${threads * calls} calls$`, 'm'));
    });
  });

  it('commands that continue silently miss no hit', async () => {
    await debugFixture('hot-threads', { args: [String(threads), '10'] }, async ({ gdb }) => {
      await gdb.script([
        'set $hits = 0',
        'break hot',
        'commands',
        'silent',
        'set $hits = $hits + 1',
        'continue',
        'end',
      ]);
      await gdb.resume('continue');
      expectExit(await gdb.stopOfExit(), 0);
      assert.equal(await gdb.evaluate('$hits'), String(threads * 10));
      assert.equal(hits(await gdb.execute('info breakpoints')), threads * 10);
    });
  });

  it('a false condition stops no thread and slows none to death', async () => {
    await debugFixture('hot-threads', { args: ['8', '100'] }, async ({ gdb }) => {
      await gdb.execute('break hot if n == 1000000');
      expectExit(await gdb.run('continue', 60_000), 0);
    });
  });

  it('a breakpoint for one thread stops that thread only', async () => {
    await debugFixture('hot-threads', { args: ['4', '5'] }, async ({ gdb }) => {
      await gdb.execute('tbreak hot');
      const first = await gdb.run('continue');
      await gdb.execute(`break hot thread ${first.thread} if n == 4`);
      const second = await gdb.run('continue');
      assert.deepEqual([second.reason, second.thread], ['breakpoint-hit', first.thread]);
      assert.equal(await gdb.evaluate('n'), '4');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('info threads shows each thread once', async () => {
    await debugFixture('hot-threads', { args: [String(threads), '1'] }, async ({ gdb }) => {
      await gdb.execute('break hot');
      await gdb.run('continue');
      const ids = [...(await gdb.execute('info threads')).matchAll(/Thread \d+\.(\d+)/g)].map(
        (match) => match[1],
      );
      assert.equal(ids.length, threads + 1);
      assert.equal(new Set(ids).size, threads + 1);
    });
  });
});
