import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { serverCommand, skipOnGnuServer } from '../support/debug-server.js';
import { withGdb } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';

const server = serverCommand.join(' ');

describe('gdb: transports', () => {
  for (const place of ['stdio', '-']) {
    it(`a pipe: ${place}`, async () => {
      const program = await compileFixture('exit');
      await withGdb([`file ${program}`], async (gdb) => {
        await gdb.execute(`target remote | ${server} --once ${place} ${program} 9`);
        await gdb.execute('break main');
        expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
        expectExit(await gdb.run('continue'), 9);
        // The program has no way to write into the protocol: its output went to the server's stderr, which is gdb's.
        await gdb.waitForOutput(/to stdout/);
      });
    });
  }

  it('a pipe, extended-remote: run twice', async () => {
    const program = await compileFixture('stepping');
    await withGdb([`file ${program}`], async (gdb) => {
      await gdb.execute(`target extended-remote | ${server} --once --multi stdio`);
      await gdb.execute(`set remote exec-file ${program}`);
      await gdb.execute('break main');
      for (let round = 0; round < 2; round++) {
        expectBreakpointStop(await gdb.run('run'), { function: 'main' });
        expectExit(await gdb.run('continue'), 0);
      }
    });
  });

  it('a Unix domain socket', async function () {
    skipOnGnuServer(this, 'it has none');
    const program = await compileFixture('stepping');
    const folder = await mkdtemp(join(tmpdir(), 'outstep-socket-'));
    try {
      const path = join(folder, 'socket');
      await using listening = await TestProcess.start('server', [
        ...serverCommand,
        '--once',
        `unix:${path}`,
        program,
      ]);
      await listening.output.match(/Listening on/);
      await withGdb([`file ${program}`], async (gdb) => {
        await gdb.execute(`target remote ${path}`);
        await gdb.execute('break twice');
        expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('a second client waits or is refused, and does not disturb the first', async () => {
    const program = await compileFixture('stepping');
    await using listening = await TestProcess.start('server', [
      ...serverCommand,
      '--once',
      'localhost:0',
      program,
    ]);
    const [, port] = await listening.output.match(/Listening on port (\d+)/);
    await withGdb([`file ${program}`], async (gdb) => {
      await gdb.execute(`target remote localhost:${port}`);
      await withGdb(['set tcp connect-timeout 1', 'set remotetimeout 1'], async (second) => {
        await assert.rejects(second.execute(`target remote localhost:${port}`));
      });
      await gdb.execute('break twice');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
    });
  });
});
