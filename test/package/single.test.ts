/** The command as one executable file, where there is no Node. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, systemCallOf, threadsOf } from '../support/proc-files.js';
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

  it('says which Node it can be made of for another processor', async () => {
    const other = join(folder, 'node');
    const header = new Uint8Array(64);
    // e_machine, <elf.h>: EM_X86_64, EM_AARCH64.
    header[18] = process.arch === 'arm64' ? 62 : 183;
    writeFileSync(other, header);
    const maker = resolve(projectRoot, 'src/cli/bundle/single.mjs');
    await assert.rejects(run(process.execPath, [maker, other]), ({ stderr }: { stderr: string }) =>
      stderr.includes(`${other} is not Node ${process.version}`),
    );
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

  it('has the demangler in it', async () => {
    const program = await compileFixture('stacks', { flags: ['-g0', '-O2'], output: 'stacks-plain' });
    using orphan = startOrphan(program, []);
    await eventually(
      'all threads wait',
      () => threadsOf(orphan.pid).map(systemCallOf).filter(Boolean).length === 5,
    );
    const { stdout } = await run(executable, ['stack', String(orphan.pid)], { env: { PATH: folder } });
    assert.match(stdout, / in shapes::Tree::descend<char>\(int, char\) const/);
  });

  it('runs scripts in TypeScript with the client library, from any folder', async () => {
    const script = join(folder, 'script.mts');
    writeFileSync(
      script,
      `import { type ScriptContext, RspClient } from 'outstep/client';
       export default async ({ client, args }: ScriptContext) => {
         const { kind } = await client.continue();
         console.log(client instanceof RspClient, args as string[], kind);
       };`,
    );
    const words = ['script', script, 'one', '--', '/bin/true'];
    const { stdout, stderr } = await run(executable, words, { env: { PATH: folder } });
    assert.equal(stdout, "true [ 'one' ] exited\n");
    assert.match(stderr, /^Process \/bin\/true created; pid = \d+\n\nChild exited with status 0\n$/);
  });

  it('says where errors of scripts are, and what disassembly needs', async () => {
    const script = join(folder, 'script.ts');
    const text =
      'export default async ({ client }: { client: any }) => {\n  await client.disassemble(1);\n};\n';
    writeFileSync(script, text);
    const words = ['script', script, '--', '/bin/true'];
    await assert.rejects(
      run(executable, words, { env: { PATH: folder } }),
      ({ stderr }: { stderr: string }) => {
        assert.match(stderr, /disassembly needs the package capstone-wasm: npm install capstone-wasm/);
        assert.match(stderr, /script\.ts:2:/);
        return true;
      },
    );
  });

  it('is not larger than Node itself', () => {
    assert.ok(statSync(executable).size < 130_000_000, `${statSync(executable).size} bytes`);
  });
});
