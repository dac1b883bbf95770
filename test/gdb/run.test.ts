import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { skipOnGnuServer } from '../support/debug-server.js';
import { debugExtended, debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import type { Transcript } from '../support/transcript.js';

/** What the program printed about itself, once it has printed everything. */
async function printed(output: Transcript, runs = 1): Promise<readonly string[]> {
  await output.match(new RegExp(`(^folder \\[[^]*?){${runs}}`, 'm'));
  return output.text.split('\n').filter((line) => /^(argument|environment|folder) /.test(line));
}

describe('gdb: run', () => {
  it('passes arguments with spaces, quotes and none at all', async () => {
    await debugExtended('arguments', { cwd: '/' }, async ({ gdb, server }) => {
      await gdb.execute(`set args one "two words" '' "*" "\\$HOME" "back\\\\slash"`);
      expectExit(await gdb.run('run'), 0);
      assert.deepEqual(await printed(server.output), [
        'argument 1 [one]',
        'argument 2 [two words]',
        'argument 3 []',
        'argument 4 [*]',
        'argument 5 [$HOME]',
        'argument 6 [back\\slash]',
        'folder [/]',
      ]);
    });
  });

  it('passes quotes inside arguments', async function () {
    skipOnGnuServer(this, 'it passes a backslash as well');
    await debugExtended('arguments', { cwd: '/' }, async ({ gdb, server }) => {
      await gdb.execute(`set args "it's" 'say "so"'`);
      expectExit(await gdb.run('run'), 0);
      const expected = ["argument 1 [it's]", 'argument 2 [say "so"]', 'folder [/]'];
      assert.deepEqual(await printed(server.output), expected);
    });
  });

  it("passes arguments of the server's own command line unchanged", async () => {
    const args = ['one', 'two words', '', "it's", '*', '$HOME', 'back\\slash', '--once'];
    await debugFixture('arguments', { cwd: '/', args }, async ({ gdb, server }) => {
      expectExit(await gdb.run('continue'), 0);
      const expected = args.map((value, index) => `argument ${index + 1} [${value}]`);
      assert.deepEqual(await printed(server.output), [...expected, 'folder [/]']);
    });
  });

  it("set and unset environment change the program's environment, set cwd its folder", async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'outstep-folder-')));
    const env = { TEST_KEPT: 'of the server', TEST_REMOVED: 'x', TEST_CHANGED: 'before' };
    try {
      await debugExtended('arguments', { env, cwd: '/' }, async ({ gdb, server }) => {
        await gdb.execute('set environment TEST_CHANGED after = "all"');
        await gdb.execute('set environment TEST_EMPTY =');
        await gdb.execute('set environment TEST_NEW new value');
        await gdb.execute('unset environment TEST_REMOVED');
        await gdb.execute(`set cwd ${folder}`);
        expectExit(await gdb.run('run'), 0);
        assert.deepEqual([...(await printed(server.output))].sort(), [
          'environment [TEST_CHANGED=after = "all"]',
          'environment [TEST_EMPTY=]',
          'environment [TEST_KEPT=of the server]',
          'environment [TEST_NEW=new value]',
          `folder [${folder}]`,
        ]);
        // What gdb takes back is again as the server has it.
        await gdb.execute('unset environment TEST_NEW');
        await gdb.execute('set cwd');
        expectExit(await gdb.run('run'), 0);
        const second = (await printed(server.output, 2)).slice(5);
        assert.ok(second.includes('folder [/]'), second.join('\n'));
        assert.ok(!second.some((line) => line.includes('TEST_NEW')), second.join('\n'));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('twice, with the breakpoints still there', async () => {
    await debugExtended('arguments', {}, async ({ gdb, at }) => {
      await gdb.execute('break main');
      await gdb.execute(`hbreak ${at('end')}`);
      const pids = new Set<string>();
      for (let round = 0; round < 2; round++) {
        expectBreakpointStop(await gdb.run('run'), { function: 'main', number: 1 });
        pids.add(await gdb.evaluate('(int) getpid()'));
        expectBreakpointStop(await gdb.run('continue'), { number: 2 });
        expectExit(await gdb.run('continue'), 0);
      }
      assert.equal(pids.size, 2);
    });
  });

  it('again while it runs: the first program is killed', async () => {
    await debugExtended('arguments', {}, async ({ gdb }) => {
      await gdb.execute('break main');
      await gdb.run('run');
      const first = await gdb.evaluate('(int) getpid()');
      expectBreakpointStop(await gdb.run('run'), { function: 'main' });
      assert.notEqual(await gdb.evaluate('(int) getpid()'), first);
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('start stops in main, starti at the first instruction', async () => {
    await debugExtended('arguments', {}, async ({ gdb }) => {
      expectBreakpointStop(await gdb.run('start'), { function: 'main' });
      await gdb.execute('kill');
      const stop = await gdb.run('starti');
      assert.equal(stop.function, '_start');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('of a program that does not exist fails, and the next one works', async function () {
    skipOnGnuServer(this, 'it ends');
    await debugExtended('arguments', {}, async ({ gdb, program }) => {
      await gdb.execute('set remote exec-file /nonexistent/program');
      await assert.rejects(gdb.run('run'), /failed|exited|cannot/i);
      await gdb.execute(`set remote exec-file ${program}`);
      expectExit(await gdb.run('run'), 0);
    });
  });

  it('disable-randomization off lets addresses vary', async () => {
    await debugExtended('arguments', {}, async ({ gdb }) => {
      await gdb.execute('set disable-randomization off');
      const places = new Set<string>();
      for (let round = 0; round < 3; round++) {
        await gdb.run('start');
        places.add(await gdb.evaluate('$sp'));
      }
      assert.ok(places.size > 1);
      await gdb.execute('set disable-randomization on');
      await gdb.run('start');
      const fixed = await gdb.evaluate('$sp');
      await gdb.run('start');
      assert.equal(await gdb.evaluate('$sp'), fixed);
    });
  });
});
