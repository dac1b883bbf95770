/** The command in one file, with and without what was compiled of it before. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { bounded } from '../support/bounded.js';
import { projectRoot } from '../support/project-paths.js';
import { RawClient } from '../support/raw-client.js';

const command = resolve(projectRoot, 'dist/outstep.cjs');
const cache = resolve(projectRoot, 'dist/outstep.cache');
const run = promisify(execFile);

async function firstStop(): Promise<string> {
  const child = spawn(process.execPath, [command, '-', '/bin/true'], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const reply = await new RawClient(child.stdout, child.stdin).request('?');
    const exited = once(child, 'exit');
    child.stdin.end();
    await bounded(exited, 10_000, () => 'the end of the server');
    return reply;
  } finally {
    child.kill('SIGKILL');
  }
}

describe('cli: bundle', () => {
  before(() => run(process.execPath, [resolve(projectRoot, 'src/cli/bundle/bundle.mjs')]));

  it('says its version and serves a program, from the cache', async () => {
    const { stdout } = await run(process.execPath, [command, '--version']);
    const { version } = JSON.parse(readFileSync(resolve(projectRoot, 'package.json'), 'utf8'));
    assert.equal(stdout, `outstep ${version}\n`);
    assert.match(await firstStop(), /^T05/);
  });

  it('is compiled afresh where the cache is missing, or not of this Node', async () => {
    const whole = readFileSync(cache);
    try {
      // The header holds a hash of the engine's version.
      writeFileSync(
        cache,
        whole.map((byte, index) => (index >= 4 && index < 8 ? byte ^ 0xff : byte)),
      );
      assert.match(await firstStop(), /^T05/);
      rmSync(cache);
      assert.match(await firstStop(), /^T05/);
    } finally {
      writeFileSync(cache, whole);
    }
  });

  it('fails on a mistake in the command line as the plain program does', async () => {
    const failing = run(process.execPath, [command, '--bogus', ':1', 'p']);
    await assert.rejects(failing, { code: 1 });
  });
});
