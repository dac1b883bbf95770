/** The packages as a user has them: tarballs, installed without scripts, a registry or a compiler. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';
import { checkLaunch, checkRepair, compilePrograms } from './session.js';
import {
  buildPrebuilds,
  installPackages,
  npmCommands,
  packDependencies,
  packPackages,
  pathWithNode,
} from './tarballs.js';

const run = promisify(execFile);

/** Each Node that setup.sh has fetched, by its name. */
function nodes(): ReadonlyMap<string, string> {
  const setup = resolve(projectRoot, 'test/package/setup.sh');
  const lines = execFileSync('bash', [setup], { encoding: 'utf8' }).trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ', 1).join(), line.slice(line.indexOf(' ') + 1)]));
}

/** Makes a program of Node's believe that it is elsewhere. */
const elsewhere = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'platform', { value: 'darwin' });",
)}`;

describe('installed packages', function () {
  this.timeout(900_000);
  const folder = mkdtempSync(join(tmpdir(), 'outstep-installed-'));
  const installed = join(folder, 'installed');

  before(async () => {
    await buildPrebuilds();
    const packed = [...(await packPackages(folder)), ...(await packDependencies(folder))];
    await installPackages(
      installed,
      packed.map(({ filename }) => join(folder, filename)),
    );
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, node] of nodes()) {
    describe(`with Node ${name}`, () => {
      let environment: NodeJS.ProcessEnv = {};

      before(async () => {
        environment = { PATH: await pathWithNode(join(folder, name), node), HOME: folder };
      });

      function server() {
        return {
          words: [join(installed, 'node_modules/.bin/outstep')],
          cwd: installed,
          env: environment,
        };
      }

      it('say their version by npx', async () => {
        const command = [join(npmCommands, 'npx-cli.js'), '--no', '--offline', 'outstep', '--version'];
        const env = { ...environment, PATH: `${environment.PATH}:/bin` };
        const { stdout } = await run(node, command, { cwd: installed, env });
        assert.equal(stdout, 'outstep 0.1.0\n');
      });

      it('serve a program from its launch to its exit', async () =>
        checkLaunch(server(), await compilePrograms()));

      it('run scripts in TypeScript', async () => {
        const { words, ...options } = server();
        const { sample } = await compilePrograms();
        const script = resolve(projectRoot, 'fixtures/scripts/call-log.ts');
        const [command = ''] = words;
        const { stdout } = await run(command, ['script', script, 'deposit', '--', sample], options);
        assert.match(stdout, /^\d+ deposit = 206$/m);
      });

      it('leave nothing in a program when they are killed', async () =>
        checkRepair(server(), await compilePrograms()));
    });
  }

  describe('on a system that is not Linux', () => {
    async function runElsewhere(...command: string[]): Promise<string> {
      const { stdout } = await run(process.execPath, ['--import', elsewhere, ...command], { cwd: installed });
      return stdout;
    }

    const evaluate = ['--input-type=module', '--eval'];

    it('the client and the codec are there', async () => {
      const code = `
        import { RspClient } from 'outstep/client';
        import { encodePacket } from 'gdb-js-rsp-parser';
        console.log(typeof RspClient.connect, typeof encodePacket);`;
      assert.equal(await runElsewhere(...evaluate, code), 'function function\n');
    });

    it('a tracer says why it is not', async () => {
      const code = `
        import { isOutstepError, Tracer } from 'outstep';
        try { new Tracer(); } catch (error) { console.log(isOutstepError(error), error.code, error.message); }`;
      assert.match(
        await runElsewhere(...evaluate, code),
        /^true OUTSTEP_NO_ADDON cannot load .* on Linux only.* darwin\n$/,
      );
    });

    it('the command says why it cannot serve, in one line', async () => {
      const command = ['node_modules/outstep/dist/outstep.cjs', 'localhost:0', '/bin/true'];
      await assert.rejects(runElsewhere(...command), {
        code: 1,
        stderr: /^outstep: cannot load the native addon: .*darwin\nExiting\n$/,
      });
    });
  });
});
