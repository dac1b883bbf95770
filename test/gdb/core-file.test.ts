import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { debugFixture, withGdb } from '../support/debug-session.js';

/** Kernel's ids of the threads that gdb lists, `Thread PID.TID` of a live program or `LWP TID` of a core file. */
function threadIds(listing: string): readonly number[] {
  const ids = [...listing.matchAll(/^[* ] +\d+ +.*?(?:Thread \d+\.|LWP )(\d+)/gm)].map(([, id]) =>
    Number(id),
  );
  return ids.sort((left, right) => left - right);
}

describe('gdb: gcore', () => {
  it('saves a core that gdb opens: threads, registers, memory', async () => {
    await debugFixture('thread-locals', { logsPackets: false }, async ({ gdb, program }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      const core = join(gdb.folder, 'core');
      assert.match(await gdb.execute(`gcore ${core}`, 60_000), /Saved corefile/);
      const live = {
        trace: await gdb.execute('backtrace'),
        pc: await gdb.evaluate('$pc'),
        fs: await gdb.evaluate('$fs_base'),
      };
      const threads = threadIds(await gdb.execute('info threads'));
      assert.ok(threads.length > 1);
      await withGdb([`file ${program}`, `core-file ${core}`], async (opened) => {
        assert.equal(await opened.execute('backtrace'), live.trace);
        assert.equal(await opened.evaluate('$pc'), live.pc);
        assert.equal(await opened.evaluate('$fs_base'), live.fs);
        assert.deepEqual(threadIds(await opened.execute('info threads')), threads);
        assert.match(
          await opened.execute('thread apply all -q backtrace'),
          /run \(argument=.*pthread_barrier_wait|barrier/s,
        );
        await opened.execute('frame function main');
        assert.equal(await opened.evaluate('numbers'), '{11, 22, 33}');
        assert.match(await opened.execute('info auxv'), /AT_ENTRY/);
        assert.match(await opened.execute('info sharedlibrary'), /libc\.so\.6/);
      });
      assert.equal((await gdb.run('continue')).reason, 'exited-normally');
    });
  });

  it('of a program that stopped by a signal says which', async () => {
    await debugFixture('signals', { args: ['segv'], logsPackets: false }, async ({ gdb, program, line }) => {
      await gdb.run('continue');
      const core = join(gdb.folder, 'core');
      await gdb.execute(`gcore ${core}`, 60_000);
      await withGdb([`file ${program}`], async (opened) => {
        const said = await opened.execute(`core-file ${core}`);
        assert.match(said, /terminated with signal SIGSEGV/);
        assert.ok(said.includes(`:${line('fault')}`), said);
      });
    });
  });
});
