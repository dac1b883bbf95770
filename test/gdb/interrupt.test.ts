import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectExit, expectSignalStop } from '../support/expectations.js';
import { eventually, processState, threadsOf } from '../support/proc-files.js';

describe('gdb: interrupt', () => {
  for (const [mode, state] of [
    ['spin', 'R'],
    ['sleep', 'S'],
    ['threads', 'S'],
  ] as const) {
    it(`Ctrl-C stops a program that does: ${mode}`, async () => {
      await debugFixture('busy', { args: [mode] }, async ({ gdb }) => {
        await gdb.execute('tbreak started');
        await gdb.run('continue');
        const pid = Number(await gdb.evaluate('(int) getpid()'));
        for (let round = 0; round < 3; round++) {
          await gdb.resume('continue');
          await eventually('the program runs', () => processState(pid) === state);
          gdb.interrupt();
          expectSignalStop(await gdb.nextStop(), 'SIGINT');
          for (const tid of threadsOf(pid)) assert.equal(processState(tid), 't', 'every thread is stopped');
        }
        await gdb.execute('set var leave = 1');
        if (mode === 'spin') expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('Ctrl-C while gdb is about to let the program run is not lost', async () => {
    await debugFixture('busy', { args: ['sleep'] }, async ({ gdb }) => {
      await gdb.execute('tbreak started');
      await gdb.run('continue');
      for (let round = 0; round < 5; round++) {
        // gdb says that it runs before it sends its last packets.
        await gdb.resume('continue');
        gdb.interrupt();
        expectSignalStop(await gdb.nextStop(), 'SIGINT');
      }
    });
  });

  it('-exec-interrupt stops it while gdb takes commands', async () => {
    await debugFixture('busy', { args: ['threads'], settings: ['set mi-async on'] }, async ({ gdb }) => {
      await gdb.execute('tbreak started');
      await gdb.run('-exec-continue');
      for (let round = 0; round < 3; round++) {
        await gdb.resume('-exec-continue');
        await gdb.execute('-exec-interrupt');
        expectSignalStop(await gdb.nextStop(), 'SIGINT');
        assert.match(await gdb.execute('info threads'), /\* \d /);
      }
    });
  });

  it('Ctrl-C ends a step that does not end by itself', async () => {
    await debugFixture('busy', { args: ['spin'] }, async ({ gdb, line, at }) => {
      await gdb.execute(`tbreak ${at('spin')}`);
      await gdb.run('continue');
      for (let round = 0; round < 2; round++) {
        const before = await gdb.packets();
        await gdb.resume('next');
        await eventually('gdb steps', async () =>
          /w \$vCont;[rs]/.test((await gdb.packets()).slice(before.length)),
        );
        gdb.interrupt();
        expectSignalStop(await gdb.nextStop(), 'SIGINT', { line: line('spin') });
      }
    });
  });

  it('a stepped system call that blocks can be interrupted, and a signal wakes it', async () => {
    await debugFixture('busy', { args: ['sleep'] }, async ({ gdb }) => {
      await gdb.execute('tbreak wait_long');
      await gdb.run('continue');
      const pid = Number(await gdb.evaluate('(int) getpid()'));
      await gdb.resume('next 3');
      await eventually('the program sleeps', () => processState(pid) === 'S');
      gdb.interrupt();
      expectSignalStop(await gdb.nextStop(), 'SIGINT');
    });
  });
});
