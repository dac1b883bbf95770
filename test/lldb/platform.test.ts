/** lldb's platform, and lldb with this server in the place of its own. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { newestLldb, runLldb } from '../support/lldb.js';
import { LldbPlatform, lldbServerCommand } from '../support/lldb-server.js';

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'outstep-platform-'));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('lldb: the platform', () => {
  it('runs commands and moves files', () =>
    inFolder(async (folder) => {
      await using platform = await LldbPlatform.start();
      const file = join(folder, 'file');
      await writeFile(file, 'contents');
      const outputs = await runLldb([
        'platform select remote-linux',
        platform.connect,
        'platform shell echo from the shell',
        `platform put-file ${file} ${join(folder, 'put')}`,
        `platform get-file ${join(folder, 'put')} ${join(folder, 'got')}`,
        `platform file-exists ${join(folder, 'nowhere')}`,
        `platform get-size ${file}`,
        `platform mkdir ${join(folder, 'made')}`,
        `platform process info ${platform.process.pid}`,
      ]);
      assert.match(outputs[1] ?? '', /Connected: yes/);
      assert.match(outputs[2] ?? '', /from the shell/);
      assert.equal(await readFile(join(folder, 'got'), 'utf8'), 'contents');
      assert.match(outputs[5] ?? '', /does not exist/);
      assert.match(outputs[6] ?? '', /8/);
      assert.match(outputs[8] ?? '', new RegExp(`pid = ${platform.process.pid}\\b`));
    }));

  it('starts programs, which are debugged through the same port', () =>
    inFolder(async (folder) => {
      const path = await compileFixture('sample');
      const work = join(folder, 'work');
      await mkdir(work);
      await using platform = await LldbPlatform.start();
      const outputs = await runLldb([
        'platform select remote-linux',
        platform.connect,
        `platform settings -w ${work}`,
        `file ${path}`,
        'breakpoint set --name deposit',
        'process launch',
        'thread backtrace',
        'breakpoint delete 1',
        'continue',
      ]);
      assert.match(outputs[5] ?? '', /stop reason = breakpoint 1\.1/);
      assert.match(outputs[6] ?? '', /deposit[\s\S]*work/);
      assert.match(outputs[8] ?? '', /12 deposited[\s\S]*exited with status = 12/);
      assert.deepEqual(await readFile(join(work, 'sample')), await readFile(path));
    }));
});

describe('lldb: on this machine', () => {
  it('starts programs with this server in the place of its own', () =>
    inFolder(async (folder) => {
      const server = join(folder, 'server');
      await writeFile(server, `#!/bin/sh\nexec ${lldbServerCommand.join(' ')} "$@"\n`);
      await chmod(server, 0o755);
      const path = await compileFixture('sample');
      const outputs = await runLldb(
        [
          `file ${path}`,
          'breakpoint set --name deposit',
          'run',
          'thread backtrace',
          'breakpoint delete 1',
          'continue',
        ],
        { ...newestLldb, env: { LLDB_DEBUGSERVER_PATH: server } },
      );
      assert.match(outputs[2] ?? '', /stop reason = breakpoint 1\.1/);
      assert.match(outputs[3] ?? '', /deposit[\s\S]*work/);
      assert.match(outputs[5] ?? '', /12 deposited[\s\S]*exited with status = 12/);
    }));
});
