import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'mocha';
import { serverCommand } from '../support/debug-server.js';
import { debugExtended, debugFixture, withGdb } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectKilledBy } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import { eventually } from '../support/proc-files.js';
import { TestProcess } from '../support/test-process.js';

describe('gdb: how programs end', () => {
  for (const status of [0, 1, 63, 255]) {
    it(`status ${status} reaches gdb and the server's terminal`, async () => {
      await debugFixture('exit', { args: [String(status)] }, async ({ gdb, server }) => {
        expectExit(await gdb.run('continue'), status);
        assert.equal(await gdb.evaluate('$_exitcode'), String(status));
        await server.output.match(new RegExp(`^Child exited with status ${status}$`, 'm'));
        assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
      });
    });
  }

  it("the program writes to the server's outputs", async () => {
    await debugFixture('exit', { args: ['0'] }, async ({ gdb, server }) => {
      expectExit(await gdb.run('continue'), 0);
      await server.output.match(/^to stdout$/m);
      await server.output.match(/^to stderr$/m);
    });
  });

  it('on a terminal the program has the terminal', async () => {
    const program = await compileFixture('exit');
    const command = [...serverCommand, '--once', 'localhost:0', program, '5']
      .map((word) => `'${word}'`)
      .join(' ');
    await using server = await TestProcess.start('server on a terminal', [
      'script',
      '-qefc',
      command,
      '/dev/null',
    ]);
    const [, port] = await server.output.match(/Listening on port (\d+)/);
    await withGdb([`file ${program}`], async (gdb) => {
      await gdb.execute(`target remote localhost:${port}`);
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'));
      assert.equal(await gdb.evaluate('(int) isatty(0) + (int) isatty(1) + (int) isatty(2)'), '3');
      expectExit(await gdb.run('continue'), 5);
    });
    await server.output.match(/to stdout\r\n/);
    await server.output.match(/to stderr\r\n/);
    await server.output.match(/Child exited with status 5/);
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('a signal that ends the program is told by name', async () => {
    await debugFixture('exit', { args: ['KILL'] }, async ({ gdb, server }) => {
      expectKilledBy(await gdb.run('continue'), 'SIGKILL');
      await server.output.match(/Child terminated with signal = 0x9 \(SIGKILL\)/);
    });
    await debugFixture('exit', { args: ['RTMAX'] }, async ({ gdb }) => {
      assert.equal((await gdb.run('continue')).fields['signal-name'], 'SIG64');
      expectKilledBy(await gdb.run('continue'), 'SIG64');
    });
  });

  it('kill ends the program, and with it a server of one program', async () => {
    await debugFixture('exit', { args: ['0'] }, async ({ gdb, server }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      const pid = Number(await gdb.evaluate('(int) getpid()'));
      await gdb.execute('kill');
      assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
      await eventually('the program is gone', () => !existsSync(`/proc/${pid}`));
    });
  });

  it('kill in extended-remote leaves the server to run another', async () => {
    await debugExtended('exit', {}, async ({ gdb }) => {
      await gdb.execute('set args 3');
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('run'), { function: 'main' });
      const pid = Number(await gdb.evaluate('(int) getpid()'));
      await gdb.execute('kill');
      await eventually('the program is gone', () => !existsSync(`/proc/${pid}`));
      expectBreakpointStop(await gdb.run('run'), { function: 'main' });
      expectExit(await gdb.run('continue'), 3);
    });
  });

  it('the end of gdb kills a program that it started', async () => {
    await debugExtended('exit', { args: ['0'] }, async ({ gdb, server }) => {
      await gdb.execute('break main');
      await gdb.run('run');
      const pid = Number(await gdb.evaluate('(int) getpid()'));
      await gdb.quit();
      await eventually('the program is gone', () => !existsSync(`/proc/${pid}`));
      assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
    });
  });

  it('monitor exit ends the server and its program', async () => {
    await debugExtended('exit', {}, async ({ gdb, server }) => {
      await gdb.execute('break main');
      await gdb.run('run');
      const pid = Number(await gdb.evaluate('(int) getpid()'));
      await gdb.execute('monitor exit').catch(() => 'the connection is closed before an answer');
      await server.process.waitForExit();
      await eventually('the program is gone', () => !existsSync(`/proc/${pid}`));
    });
  });
});
