/** Eclipse CDT's adapter as its users set it up: ways to the server, and modes of gdb, that the suites do not vary. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'mocha';
import { DebugServer, serverCommand } from '../support/debug-server.js';
import { cdtAdapter } from './adapters.js';
import { compileProgram, Debugging } from './debugging.js';

describe('dap: Eclipse CDT’s adapter', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'outstep-cdt-'));
  /** One word, as `server` is. */
  const server = join(folder, 'outstep-gdbserver');
  let program = '';

  before(async () => {
    program = await compileProgram();
    const words = serverCommand.map((word) => `'${word}'`).join(' ');
    writeFileSync(server, `#!/bin/sh\nexec ${words} "$@"\n`);
    chmodSync(server, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function expectSession(request: 'launch' | 'attach', entry: object): Promise<void> {
    await using debugging = await Debugging.begin(
      {
        adapter: { command: [process.execPath, cdtAdapter] },
        request,
        entry: { program, gdb: 'gdb', preConnectCommands: ['set debuginfod enabled off'], ...entry },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
      { lines: [{ mark: 'change' }] },
    );
    const { threadId } = await debugging.stoppedAt('change', 'add');
    assert.equal((await debugging.threads()).length, 2);
    await debugging.session.request('next', { threadId });
    await debugging.stoppedAt('return', 'add');
    await debugging.session.disconnect({ terminateDebuggee: true });
  }

  it('starts a server of which it knows nothing but the name', () =>
    expectSession('launch', { target: { server } }));

  it('starts programs through a server for several', () =>
    expectSession('launch', {
      target: { type: 'extended-remote', server, serverParameters: ['--multi', ':0'] },
      initCommands: [`set remote exec-file ${program}`, 'starti'],
    }));

  it('connects to a server that is there', async () => {
    await using running = await DebugServer.start(['--once', 'localhost:0', program]);
    const [host, port] = running.address.split(':');
    await expectSession('attach', { target: { type: 'remote', host, port } });
  });

  for (const mode of [{ gdbNonStop: true }, { gdbAsync: false }, { hardwareBreakpoint: true }])
    it(`debugs with ${JSON.stringify(mode)}`, () => expectSession('launch', { target: { server }, ...mode }));
});
