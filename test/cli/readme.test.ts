/** The programs that the README shows, as a reader would run them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';

const run = promisify(execFile);

/** By the file name that the text in front of a program gives it. */
const printed: Readonly<Record<string, RegExp>> = {
  'look.mjs': /^0x[0-9a-f]+ {2}\S.*\n(?:0x.*\n){4}[1-9]\d* calls/m,
  'watch.mjs': /^signal 10 in thread \d+\nstill here\n\{ kind: 'exited', code: 0 \}$/m,
};

function programs(): ReadonlyMap<string, string> {
  const text = readFileSync(resolve(projectRoot, 'README.md'), 'utf8');
  const found = text.matchAll(/`node (\S+\.mjs)`[^`]*(?:`[^`\n]*`[^`]*)*```js\n([\s\S]*?)```/g);
  return new Map([...found].map(([, name = '', code = '']) => [name, code]));
}

describe('the README', () => {
  it('shows these programs', () => {
    assert.deepEqual([...programs().keys()].sort(), Object.keys(printed).sort());
  });

  for (const [name, pattern] of Object.entries(printed))
    it(`is right about ${name}`, async () => {
      // Packages are found from the folder where the program lies.
      const file = resolve(projectRoot, 'dist', `readme-${process.pid}-${name}`);
      writeFileSync(file, programs().get(name) ?? '');
      try {
        const { stdout } = await run(process.execPath, [file], { cwd: projectRoot });
        assert.match(stdout, pattern);
      } finally {
        rmSync(file);
      }
    });
});
