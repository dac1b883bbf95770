/** The command as one executable file, where there is no Node. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';
import { checkLaunch, checkRepair, compilePrograms, type ServerCommand } from './session.js';
import { buildSingle } from './tarballs.js';

const run = promisify(execFile);
const executable = resolve(projectRoot, 'dist/outstep');

describe('single executable', function () {
  this.timeout(900_000);
  const folder = mkdtempSync(join(tmpdir(), 'outstep-single-'));
  const temporary = join(folder, 'temporary');
  const server: ServerCommand = {
    words: [executable],
    cwd: folder,
    env: { PATH: folder, TMPDIR: temporary, NODE_OPTIONS: '' },
  };

  before(async () => {
    mkdirSync(temporary);
    await buildSingle();
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says its version', async () => {
    const { stdout, stderr } = await run(executable, ['--version'], { env: { PATH: folder } });
    assert.deepEqual([stdout, stderr], ['outstep 0.1.0\n', '']);
  });

  it('serves a program from its launch to its exit', async () =>
    checkLaunch(server, await compilePrograms()));

  it('leaves nothing in a program when it is killed', async () =>
    checkRepair(server, await compilePrograms()));

  it('leaves no file behind, not even when it is killed', () => {
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('finds another folder where that for temporary files is of no use', async () => {
    const env = { PATH: '/bin', TMPDIR: join(folder, 'missing') };
    const { stdout } = await run(executable, ['--selftest'], { env });
    assert.match(stdout, /Ran 4 unit tests, 0 failed/);
  });

  it('says what it tried where no folder is of use', async () => {
    const without =
      'mount -t tmpfs -o ro none /dev/shm && mount -t tmpfs -o ro none /var/tmp && exec "$0" --selftest';
    const command = ['--map-root-user', '--mount', '/bin/sh', '-c', without, executable];
    const env = { PATH: '/bin:/usr/bin', TMPDIR: join(folder, 'missing') };
    await assert.rejects(run('unshare', command, { env }), ({ stdout }: { stdout: string }) => {
      assert.match(stdout, /Self test failed: cannot load the native addon: no folder takes a file/);
      assert.match(stdout, /\/missing: ENOENT[\s\S]*\/dev\/shm: EROFS[\s\S]*\/var\/tmp: EROFS/);
      return true;
    });
  });

  it('is not larger than Node itself', () => {
    assert.ok(statSync(executable).size < 130_000_000, `${statSync(executable).size} bytes`);
  });
});
