import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectStepStop } from '../support/expectations.js';

describe('gdb: threads come and go', () => {
  it('next past pthread_create and pthread_join', async () => {
    await debugFixture('thread-end', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`tbreak ${at('create')}`);
      await gdb.run('continue');
      for (let round = 1; round <= 3; round++) {
        expectStepStop(await gdb.run('next'), { line: line('join') });
        expectStepStop(await gdb.run('next'), { function: 'main' });
        assert.equal(await gdb.evaluate('value'), String(round));
        if ((await gdb.evaluate('$_thread')) !== '1') assert.fail('the step changed the thread');
        expectStepStop(await gdb.run('next'), { line: line('create') });
      }
    });
  });

  it('stepi through the creation of a thread stays in the thread that creates', async () => {
    await debugFixture('thread-end', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`tbreak ${at('create')}`);
      await gdb.run('continue');
      // Through the system call that creates the thread, whatever the library calls around it: the thread counts.
      for (let steps = 0; (await gdb.evaluate('value')) === '0'; steps += 50) {
        assert.ok(steps < 10_000, 'no thread ran');
        const stop = await gdb.run('stepi 50');
        assert.deepEqual([stop.reason, stop.thread], ['end-stepping-range', 1]);
      }
      await gdb.execute(`tbreak ${at('join')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('join') });
    });
  });

  it("a breakpoint in each thread's function stops in each", async () => {
    await debugFixture('thread-end', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('thread-start')}`);
      const threads = new Set<number | undefined>();
      for (let round = 0; round < 5; round++) {
        const stop = await gdb.run('continue');
        expectBreakpointStop(stop, { function: 'short_life', line: line('thread-start') });
        threads.add(stop.thread);
        assert.equal((await gdb.execute('info threads')).match(/Thread \d/g)?.length, 2);
      }
      assert.equal(threads.size, 5);
      expectExit(await gdb.run('continue'), 5);
    });
  });

  it('a thread that ends while it is stepped does not hang gdb', async () => {
    await debugFixture('thread-end', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`tbreak ${at('thread-return')}`);
      await gdb.run('continue');
      await gdb.execute(`tbreak ${at('create')}`);
      // The steps lead out of the function and into the end of the thread.
      let stop = await gdb.run('next');
      for (let steps = 0; steps < 100 && stop.function !== 'main'; steps++) stop = await gdb.run('next');
      assert.deepEqual([stop.function, stop.line], ['main', line('create')]);
    });
  });

  it("the first thread ends before the others; the last one's exit is the program's", async () => {
    await debugFixture('thread-end', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('exit')}`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'last_one', line: line('exit') });
      assert.match(await gdb.execute('info threads'), /last_one/);
      expectExit(await gdb.run('continue'), 5);
    });
  });

  it('scheduler-locking lets one thread run alone', async () => {
    await debugFixture('busy', { args: ['threads'] }, async ({ gdb, at }) => {
      await gdb.execute(`break ${at('spin')}`);
      const first = await gdb.run('continue');
      expectBreakpointStop(first, { function: 'spin' });
      await gdb.execute('delete');
      await gdb.execute('set scheduler-locking on');
      const before = Number(await gdb.evaluate('turns'));
      for (let round = 0; round < 5; round++) {
        const stop = await gdb.run('stepi');
        assert.deepEqual([stop.reason, stop.thread], ['end-stepping-range', first.thread]);
      }
      // One thread took five instructions: no other one counted meanwhile.
      assert.ok(Number(await gdb.evaluate('turns')) - before <= 2);
    });
  });
});
