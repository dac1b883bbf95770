import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { projectRoot } from '../support/project-paths.js';

const coreModule = pathToFileURL(resolve(projectRoot, 'dist/src/core/index.js')).href;

describe('a launched program', () => {
  const script = (program: string): string => `
    import process from 'node:process';
    import { Tracer } from ${JSON.stringify(coreModule)};
    process.stdin; process.stdout; process.stderr;
    const tracer = new Tracer();
    const engine = { name: 'test', mask: new Set(), onEvent: () => 'pass' };
    const attachment = await tracer.launch({ program: ${JSON.stringify(program)}, args: [], environment: {},
      disableRandomization: true, startWithShell: false, redirectStdio: false }, engine);
    attachment.resume([...attachment.process.threads.values()].map((thread) => ({ thread, action: { kind: 'continue' } })));`;

  it('gets from its starter what a shell would have given it', async () => {
    const program = await compileFixture('inherited');
    const limited = (command: readonly string[]) =>
      spawnSync('/bin/sh', ['-c', 'ulimit -S -n 777; "$@"; exit $?', 'sh', ...command], {
        encoding: 'utf8',
        timeout: 20_000,
      });
    const traced = limited([process.execPath, '--input-type=module', '-e', script(program)]);
    const plain = limited([program]);
    assert.match(plain.stdout, /open files 777\n/);
    assert.equal(traced.stdout, plain.stdout, traced.stderr);
  });

  it('on a terminal, too', async () => {
    const program = await compileFixture('inherited');
    const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const file = resolve(folder, 'launch.mjs');
    writeFileSync(file, script(program));
    const onTerminal = (command: string) =>
      spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', timeout: 20_000 }).stdout;
    const plain = onTerminal(`sh -c 'ulimit -S -n 777; ${program}'`);
    assert.match(plain, /descriptor 0 open\r\n/);
    assert.equal(onTerminal(`sh -c 'ulimit -S -n 777; ${process.execPath} ${file}; exit $?'`), plain);
    rmSync(folder, { recursive: true });
  });
});
