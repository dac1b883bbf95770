import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture, type Session, type SessionOptions } from '../support/debug-session.js';
import {
  expectBreakpointStop,
  expectExit,
  expectSignalStop,
  expectStepStop,
} from '../support/expectations.js';
import type { Stop } from '../support/gdb.js';

const threeWorkers = { args: ['3'], compile: { flags: ['-pthread'] } };
const allStopOverNonStop: SessionOptions = {
  ...threeWorkers,
  settings: ['maint set target-non-stop on', 'set print repeats 0'],
};
const nonStop: SessionOptions = { ...threeWorkers, settings: ['set mi-async on', 'set non-stop on'] };

/** How many threads `info threads` shows as running, and as not running. */
async function countThreads({
  gdb,
}: Session): Promise<{ readonly running: number; readonly stopped: number }> {
  const lines = (await gdb.execute('info threads')).split('\n').filter((line) => /^[* ]\s+\d/.test(line));
  const running = lines.filter((line) => line.includes('(running)')).length;
  return { running, stopped: lines.length - running };
}

/** Stops of different threads, by gdb's number of the thread. */
async function stopsOf({ gdb }: Session, count: number): Promise<ReadonlyMap<number, Stop>> {
  const stops = new Map<number, Stop>();
  while (stops.size < count) {
    const stop = await gdb.nextStop();
    assert.ok(stop.thread !== undefined && !stops.has(stop.thread), `thread ${stop.thread} stops twice`);
    stops.set(stop.thread, stop);
  }
  return stops;
}

describe('gdb: all-stop over non-stop', () => {
  it('a breakpoint that several threads hit stops all of them', async () => {
    await debugFixture('workers', allStopOverNonStop, async (session) => {
      const { gdb, line } = session;
      await gdb.execute('break work');
      const threads = new Set<number | undefined>();
      for (let round = 0; round < 12; round++) {
        const stop = await gdb.run('continue');
        expectBreakpointStop(stop, { function: 'work', line: line('work') });
        threads.add(stop.thread);
        assert.equal((await countThreads(session)).running, 0);
      }
      assert.deepEqual([...threads].sort(), [2, 3, 4]);
      await gdb.execute('delete');
      await gdb.execute('set var leave = {1, 1, 1}');
      expectExit(await gdb.run('continue'), 3);
    });
  });

  it('next and finish in one thread while the others run', async () => {
    await debugFixture('workers', allStopOverNonStop, async ({ gdb, line }) => {
      await gdb.execute('tbreak work');
      const { thread } = await gdb.run('continue');
      for (let round = 0; round < 3; round++) {
        await gdb.run('finish');
        const stop = await gdb.run('next');
        expectStepStop(stop, { function: 'worker' });
        assert.equal(stop.thread, thread);
        await gdb.execute(`tbreak work thread ${thread}`);
        const hit = await gdb.run('continue');
        expectBreakpointStop(hit, { function: 'work', line: line('work') });
        assert.equal(hit.thread, thread);
      }
    });
  });

  it('Ctrl-C', async () => {
    await debugFixture('workers', allStopOverNonStop, async (session) => {
      const { gdb } = session;
      await gdb.execute('tbreak started');
      await gdb.run('continue');
      for (let round = 0; round < 3; round++) {
        await gdb.resume('continue');
        gdb.interrupt();
        expectSignalStop(await gdb.nextStop(), 'SIGINT');
        assert.deepEqual(await countThreads(session), { running: 0, stopped: 4 });
      }
    });
  });

  it('a call in a thread while the others stand', async () => {
    await debugFixture('workers', allStopOverNonStop, async ({ gdb }) => {
      await gdb.execute('tbreak started');
      await gdb.run('continue');
      const before = Number(await gdb.evaluate('counts[9]'));
      await gdb.execute('call work(9)');
      assert.equal(Number(await gdb.evaluate('counts[9]')), before + 1);
    });
  });

  for (const mode of ['on', 'step']) {
    it(`scheduler-locking ${mode} lets one thread step alone`, async () => {
      await debugFixture('workers', allStopOverNonStop, async ({ gdb }) => {
        await gdb.execute('tbreak work');
        const { thread } = await gdb.run('continue');
        await gdb.execute(`set scheduler-locking ${mode}`);
        const index = Number(await gdb.evaluate('index'));
        const counts = async () => (await gdb.evaluate('counts')).match(/\d+/g) ?? [];
        const others = async () => (await counts()).slice(0, 3).filter((_count, at) => at !== index);
        const before = await others();
        for (let round = 0; round < 3; round++) {
          const stop = await gdb.run('next');
          expectStepStop(stop);
          assert.equal(stop.thread, thread);
        }
        assert.deepEqual(await others(), before);
      });
    });
  }
});

describe('gdb: non-stop', () => {
  it('each thread stops for itself, and the others run on', async () => {
    await debugFixture('workers', nonStop, async (session) => {
      const { gdb, line } = session;
      await gdb.execute('break work');
      await gdb.resume('-exec-continue');
      const stops = await stopsOf(session, 3);
      for (const stop of stops.values()) expectBreakpointStop(stop, { function: 'work', line: line('work') });
      assert.deepEqual(await countThreads(session), { running: 1, stopped: 3 });
    });
  });

  it('one thread steps and continues while others stand or run', async () => {
    await debugFixture('workers', nonStop, async (session) => {
      const { gdb } = session;
      await gdb.execute('break work');
      await gdb.resume('-exec-continue');
      const [first] = [...(await stopsOf(session, 3)).keys()];
      await gdb.execute(`thread ${first}`);
      const step = await gdb.run('-exec-finish');
      assert.equal(step.thread, first);
      const again = await gdb.run('-exec-continue');
      expectBreakpointStop(again, { function: 'work' });
      assert.equal(again.thread, first);
      await gdb.execute('delete');
      await gdb.resume('-exec-continue');
      assert.deepEqual(await countThreads(session), { running: 2, stopped: 2 });
      await gdb.execute('-exec-interrupt');
      const interrupted = await gdb.nextStop();
      assert.equal(interrupted.thread, first);
      assert.deepEqual(await countThreads(session), { running: 1, stopped: 3 });
    });
  });

  it('all threads are interrupted, and all let go, to the end', async () => {
    await debugFixture('workers', nonStop, async (session) => {
      const { gdb } = session;
      await gdb.execute('tbreak started');
      await gdb.run('-exec-continue');
      await gdb.resume('-exec-continue');
      await gdb.execute('-exec-interrupt --all');
      await stopsOf(session, 4);
      assert.deepEqual(await countThreads(session), { running: 0, stopped: 4 });
      await gdb.execute('set var leave = {1, 1, 1}');
      await gdb.resume('-exec-continue --all');
      expectExit(await gdb.stopOfExit(), 3);
    });
  });

  it('a breakpoint is inserted and memory is read while every thread runs', async () => {
    await debugFixture('workers', nonStop, async (session) => {
      const { gdb } = session;
      await gdb.execute('tbreak started');
      await gdb.run('-exec-continue');
      await gdb.resume('-exec-continue');
      assert.match(await gdb.evaluate('counts[0]'), /^\d+$/);
      await gdb.execute('break work if index == 1');
      const stop = await gdb.nextStop();
      expectBreakpointStop(stop, { function: 'work' });
      await gdb.execute(`thread ${stop.thread}`);
      assert.equal(await gdb.evaluate('index'), '1');
    });
  });

  it('kill and quit while threads run', async () => {
    await debugFixture('workers', nonStop, async ({ gdb, server }) => {
      await gdb.execute('tbreak started');
      await gdb.run('-exec-continue');
      await gdb.resume('-exec-continue');
      await gdb.quit();
      await server.process.waitForExit();
    });
  });
});
