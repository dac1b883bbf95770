import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isGnuServer } from '../support/debug-server.js';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import type { Gdb } from '../support/gdb.js';

/** Value of an expression in each thread, in gdb's order. */
async function inEachThread(gdb: Gdb, expression: string): Promise<readonly string[]> {
  const text = await gdb.execute(`thread apply all -q -ascending print ${expression}`);
  return [...text.matchAll(/^\$\d+ = (.*)$/gm)].map((match) => match[1] ?? '');
}

describe('gdb: thread-local variables', () => {
  it('are shown for each thread', async () => {
    await debugFixture('thread-locals', {}, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      expectBreakpointStop(await gdb.run('continue'), { function: 'everyone_is_set' });
      assert.deepEqual(await inEachThread(gdb, 'own_number'), ['44', '11', '22', '33']);
      const texts = await inEachThread(gdb, 'own_text');
      assert.deepEqual(
        texts.map((text) => text.slice(1, 7)),
        ['none\\0', 'text 1', 'text 2', 'text 3'],
      );
      await gdb.execute('thread 1');
      await gdb.execute('set var own_number = 55');
      assert.deepEqual(await inEachThread(gdb, 'own_number'), ['55', '11', '22', '33']);
      expectExit(await gdb.run('continue'), 1);
    });
  });

  it('of a library opened at run time: where the thread has touched it', async () => {
    const library = await compileFixture('opened-thread-local', {
      flags: ['-shared', '-fPIC'],
      output: 'opened-thread-local.so',
    });
    await debugFixture('thread-locals', { args: [library] }, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      for (const [thread, value] of [
        [2, '1011'],
        [3, '1022'],
        [4, '1033'],
      ] as const) {
        await gdb.execute(`thread ${thread}`);
        assert.equal(await gdb.evaluate('of_library'), value);
      }
      await gdb.execute('thread 1');
      await assert.rejects(
        gdb.evaluate('of_library'),
        /not allocated|not been allocated|Cannot find thread-local/,
      );
    });
  });

  it('are turned off by a path without libthread_db, and on again', async () => {
    await debugFixture('thread-locals', {}, async ({ gdb }) => {
      await gdb.execute('monitor set libthread-db-search-path /nonexistent:/');
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      await assert.rejects(gdb.evaluate('own_number'), /Cannot find thread-local storage/);
      // Once it has found libthread_db, or not, GNU gdbserver does not look again.
      await gdb.execute('monitor set libthread-db-search-path');
      if (!isGnuServer) assert.equal(await gdb.evaluate('own_number'), '44');
    });
  });

  it('errno is found', async () => {
    await debugFixture('thread-locals', {}, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      assert.equal(await gdb.evaluate('*(int *)__errno_location()'), '0');
    });
  });

  it('info threads shows the names', async () => {
    await debugFixture('thread-locals', {}, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      const names = [...(await gdb.execute('info threads')).matchAll(/Thread \d+\.\d+ "(.*?)"/g)];
      assert.deepEqual(
        names.map((name) => name[1]),
        ['thread-locals', 'worker 11', 'worker 22', 'worker 33'],
      );
    });
  });
});
