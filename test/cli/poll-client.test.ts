/** A client that is no Node program and waits for events as for any other descriptor: poll(2) on a Unix socket. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { symbolValue } from '../core/traced-program.js';
import { serverCommand } from '../support/debug-server.js';
import { compileFixture } from '../support/fixture.js';
import { breakpointKind } from '../support/machine-registers.js';
import { TestProcess } from '../support/test-process.js';

const threads = 8;
const rounds = 5;

describe('cli: a client in C', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outstep-poll-'));
  after(() => rmSync(folder, { recursive: true }));

  it('finds its socket readable when a thread has stopped, and at no other time', async () => {
    const program = await compileFixture('workers', { flags: ['-no-pie', '-pthread'] });
    const path = join(folder, 'socket');
    const command = [...serverCommand, '--once', `unix:${path}`, program, String(threads)];
    await using server = await TestProcess.start('server', command);
    await server.output.match(/^Listening on /m);
    await using client = await TestProcess.start('client', [
      await compileFixture('poll-client'),
      path,
      symbolValue(program, 'work').toString(16),
      String(breakpointKind),
      String(threads),
      String(rounds),
    ]);
    assert.deepEqual(await client.waitForEnd(60_000), { kind: 'exited', code: 0 }, client.output.text);
    assert.equal(client.output.text, `${threads * rounds} stops\n`);
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 0 });
  });
});
