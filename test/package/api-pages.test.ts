import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';

const folder = resolve(projectRoot, '.typedoc');
const typedoc = resolve(folder, 'node_modules/typedoc/bin/typedoc');

describe('the pages of the library', () => {
  it('are made from the code without a warning', function () {
    // `npm run setup:test` installs it.
    if (!existsSync(typedoc)) this.skip();
    const out = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [typedoc, '--out', out], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    for (const [page, name] of Object.entries({ index: /ScriptedEngine/, client: /RspClient/ }))
      assert.match(readFileSync(resolve(out, page, 'README.md'), 'utf8'), name);
    rmSync(out, { recursive: true });
  });
});
