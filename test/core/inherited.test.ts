import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { projectRoot } from '../support/project-paths.js';

const coreModule = pathToFileURL(resolve(projectRoot, 'dist/src/core/index.js')).href;

describe('a launched program', () => {
  it('gets from its starter what a shell would have given it', async () => {
    const program = await compileFixture('inherited');
    const script = `
      import { Tracer } from ${JSON.stringify(coreModule)};
      const tracer = new Tracer();
      const engine = { name: 'test', mask: new Set(), onEvent: () => 'pass' };
      const attachment = await tracer.launch({ program: ${JSON.stringify(program)}, args: [], environment: {},
        disableRandomization: true, startWithShell: false, redirectStdio: false }, engine);
      attachment.resume([...attachment.process.threads.values()].map((thread) => ({ thread, action: { kind: 'continue' } })));`;
    const limited = (command: readonly string[]) =>
      spawnSync('/bin/sh', ['-c', 'ulimit -S -n 777; "$@"; exit $?', 'sh', ...command], {
        encoding: 'utf8',
        timeout: 20_000,
      });
    const traced = limited([process.execPath, '--input-type=module', '-e', script]);
    const plain = limited([program]);
    assert.match(plain.stdout, /open files 777\n/);
    assert.equal(traced.stdout, plain.stdout, traced.stderr);
  });
});
