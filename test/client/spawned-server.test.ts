/** Servers that the client starts, and how it fails when they do not come up. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'mocha';
import { RspClient } from '../../src/client/index.js';
import { compileFixture } from '../support/fixture.js';
import { eventually, processState } from '../support/proc-files.js';

const node = process.execPath;

describe('client: servers that it starts', function () {
  this.timeout(60_000);

  it('are reached by the port that they print, and end with the connection', async () => {
    const program = await compileFixture('counting-loop', { flags: ['-no-pie'] });
    const client = await RspClient.connect({
      command: '/usr/bin/gdbserver',
      args: ['--once', 'localhost:0', program, '0'],
      via: { printedPort: /Listening on port (\d+)/ },
    });
    const pid = client.currentThread?.pid;
    assert.ok(pid !== undefined);
    await client.close();
    // The program was traced with the order to end with its tracer; nobody may be there to reap it.
    await eventually('the program has ended', () => !existsSync(`/proc/${pid}`) || processState(pid) === 'Z');
    await client.close();
  });

  it('that are not there are an error with their name', async () => {
    for (const via of ['stdio', { path: '/nonexistent/socket' }, { printedPort: /(\d+)/ }] as const)
      await assert.rejects(RspClient.connect({ command: '/nonexistent/server', via }), {
        code: 'RSP_NO_SERVER',
        message: /\/nonexistent\/server: .*ENOENT/,
      });
    await assert.rejects(
      RspClient.connect({ command: '/nonexistent/server', via: 'reverse', args: (port) => [`${port}`] }),
      { code: 'RSP_NO_SERVER' },
    );
  });

  it('that end at once are an error with what they said', async () => {
    const args = ['-e', 'console.error("no licence"); process.exit(3)'];
    for (const via of [{ path: '/nonexistent/socket' }, { printedPort: /never/ }])
      await assert.rejects(RspClient.connect({ command: node, args, via }), {
        code: 'RSP_NO_SERVER',
        message: /it has ended with 3\nno licence/,
      });
  });

  it('that say nothing are given up when the time is over, or the caller has enough', async () => {
    const silent = {
      command: node,
      args: ['-e', 'setInterval(() => {}, 1000)'],
      via: { printedPort: /never/ },
    };
    await assert.rejects(RspClient.connect(silent, { timeoutMs: 200 }), { name: /Timeout|Abort/ });
    const abort = new AbortController();
    const connecting = RspClient.connect(silent, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(
      connecting,
      (error: Error) => error.name === 'AbortError' || error.message === 'enough',
    );
  });
});
