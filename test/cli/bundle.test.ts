/** The command in one file, with and without what was compiled of it before. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { bounded } from '../support/bounded.js';
import { projectRoot } from '../support/project-paths.js';
import { RawClient } from '../support/raw-client.js';

const run = promisify(execFile);
const bundler = resolve(projectRoot, 'src/cli/bundle/bundle.mjs');
const builtCache = `outstep-${process.arch}.cache`;
const builtFiles = ['outstep.cjs', 'outstep.js', builtCache];

/** What the server says on its console before its client comes. */
async function serveOnce(command: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [command, '-', '/bin/true'], {
    stdio: 'pipe',
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '', ...environment },
  });
  try {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    assert.match(await new RawClient(child.stdout, child.stdin).request('?'), /^T05/);
    const closed = once(child, 'close');
    child.stdin.end();
    const [status] = await bounded(closed, 10_000, () => `the end of the server: ${said}`);
    assert.equal(status, 0, said);
    return said;
  } finally {
    child.kill('SIGKILL');
  }
}

function ownCacheOf(cacheHome: string): string {
  const folder = join(cacheHome, 'outstep/compile-cache');
  const [file, ...others] = readdirSync(folder);
  assert.deepEqual(others, []);
  return join(folder, String(file));
}

/** Another file each time that one is written. */
function identity(path: string): number {
  return statSync(path).ino;
}

describe('cli: bundle', () => {
  let folder: string;
  let command: string;
  let cacheHome: string;

  before(() => run(process.execPath, [bundler]));

  /** A copy of what was built, so that it may be changed. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-bundle-'));
    mkdirSync(join(folder, 'dist'));
    for (const file of builtFiles) {
      copyFileSync(resolve(projectRoot, 'dist', file), join(folder, 'dist', file));
    }
    copyFileSync(resolve(projectRoot, 'package.json'), join(folder, 'package.json'));
    symlinkSync(resolve(projectRoot, 'native'), join(folder, 'native'));
    command = join(folder, 'dist/outstep.cjs');
    cacheHome = join(folder, 'cache');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const serve = (environment: NodeJS.ProcessEnv = {}): Promise<string> =>
    serveOnce(command, { XDG_CACHE_HOME: cacheHome, ...environment });
  const isCacheHomeEmpty = (): boolean => !readdirSync(folder).includes('cache');

  it('says its version and serves a program, from what the build has compiled', async () => {
    const { stdout } = await run(process.execPath, [command, '--version']);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    assert.equal(stdout, `outstep ${version}\n`);
    await serve();
    assert.ok(isCacheHomeEmpty(), 'nothing had to be compiled');
  });

  it('is a command, also by the name of a link', async () => {
    const link = join(folder, 'lldb-server');
    symlinkSync(command, link);
    const { stdout } = await run(link, ['version']);
    assert.match(stdout, /^outstep \d/);
  });

  it('fails on a mistake in the command line as the plain program does', async () => {
    await assert.rejects(run(process.execPath, [command, '--bogus', ':1', 'p']), { code: 1 });
  });

  it('never runs what was compiled of another text, be it as long', async () => {
    const path = join(folder, 'dist/outstep.js');
    const text = readFileSync(path, 'latin1');
    const changed = text.replaceAll('stdin/stdout redirected', 'STDIN/STDOUT REDIRECTED');
    assert.notEqual(changed, text);
    writeFileSync(
      path,
      changed.replace(/^\/\/./, (start) => (start === '//0' ? '//1' : '//0')),
    );
    assert.match(await serve(), /STDIN\/STDOUT REDIRECTED/);
  });

  it('leaves alone what was compiled for another architecture, whose folder it shares', async () => {
    renameSync(join(folder, 'dist', builtCache), join(folder, 'dist/outstep-other.cache'));
    await serve();
    ownCacheOf(cacheHome);
  });

  describe('without a cache of the build', () => {
    beforeEach(() => rmSync(join(folder, 'dist', builtCache)));

    it('keeps one for the user when a client was served, and uses it', async () => {
      await run(process.execPath, [command, '--version'], { env: { XDG_CACHE_HOME: cacheHome } });
      assert.ok(isCacheHomeEmpty(), 'a version is no start of a server');
      await serve();
      const kept = identity(ownCacheOf(cacheHome));
      await serve();
      assert.equal(identity(ownCacheOf(cacheHome)), kept, 'it did for the second server');
    });

    it('keeps it in the home where nothing else is said, and nowhere when told so', async () => {
      const HOME = join(folder, 'home');
      mkdirSync(HOME);
      await serve({ HOME, XDG_CACHE_HOME: 'relative', NODE_DISABLE_COMPILE_CACHE: '1' });
      assert.deepEqual(readdirSync(HOME), []);
      await serve({ HOME, XDG_CACHE_HOME: 'relative' });
      ownCacheOf(join(HOME, '.cache'));
      assert.ok(isCacheHomeEmpty());
    });

    it('serves where nothing can be kept', async () => {
      await serve({ XDG_CACHE_HOME: '/proc/self/fdinfo/none' });
      writeFileSync(cacheHome, 'a file, no folder');
      await serve();
      assert.equal(readFileSync(cacheHome, 'latin1'), 'a file, no folder');
    });

    it('keeps few', async () => {
      await serve();
      const path = ownCacheOf(cacheHome);
      for (let age = 1; age <= 12; age++) {
        copyFileSync(path, `${path}.${age}`);
        utimesSync(`${path}.${age}`, age, age);
      }
      rmSync(path);
      await serve();
      const left = readdirSync(join(path, '..'));
      assert.equal(left.length, 8);
      assert.ok(identity(path) > 0);
      assert.ok(left.includes(`${path.slice(path.lastIndexOf('/') + 1)}.12`), 'the newest');
    });
  });

  describe('with a cache of the user that cannot be used', () => {
    let path: string;
    let whole: Uint8Array;

    beforeEach(async () => {
      rmSync(join(folder, 'dist', builtCache));
      await serve();
      path = ownCacheOf(cacheHome);
      whole = new Uint8Array(readFileSync(path));
    });

    const damages: readonly [string, () => void][] = [
      ['is empty', () => writeFileSync(path, '')],
      ['is no cache', () => writeFileSync(path, 'x'.repeat(whole.length))],
      ['is cut short', () => writeFileSync(path, whole.subarray(0, whole.length - 4096))],
      ['has a hole', () => writeFileSync(path, whole.slice().fill(0, whole.length >> 2, whole.length >> 1))],
      ['is of another text', () => writeFileSync(path, whole.slice().fill(0x30, 2, 31))],
      ['is of another engine', () => writeFileSync(path, ofAnotherEngine(whole))],
      ['may be written by others', () => chmodSync(path, 0o666)],
    ];
    for (const [what, damage] of damages) {
      it(`makes another one where it ${what}`, async () => {
        damage();
        const damaged = readFileSync(path);
        const before = identity(path);
        await serve();
        assert.notEqual(identity(path), before);
        assert.equal(statSync(path).mode & 0o777, 0o644);
        assert.ok(readFileSync(path).length > damaged.length / 2);
        const mended = identity(path);
        await serve();
        assert.equal(identity(path), mended, 'the new one is used');
      });
    }

    it('is not used where it is no file', async () => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
      await serve();
      assert.ok(statSync(path).isFile());
    });

    it('keeps none in a folder that others may write to', async () => {
      rmSync(path);
      chmodSync(join(path, '..'), 0o777);
      await serve();
      assert.deepEqual(readdirSync(join(path, '..')), []);
    });

    it('is not used, and not kept, by root for somebody else', async function () {
      if (process.getuid?.() !== 0) return this.skip();
      rmSync(cacheHome, { recursive: true });
      mkdirSync(cacheHome);
      execFileSync('chown', ['nobody', cacheHome]);
      await serve();
      assert.deepEqual(readdirSync(cacheHome), []);
    });
  });
});

/** The engine's header has a hash of its version behind a magic number, in each of the two copies. */
function ofAnotherEngine(whole: Uint8Array): Uint8Array {
  const nameBytes = 32;
  const changed = whole.slice();
  for (const start of [nameBytes, nameBytes + (whole.length - nameBytes) / 2]) {
    for (let at = start + 4; at < start + 8; at++) changed[at] = ~(changed[at] ?? 0) & 0xff;
  }
  return changed;
}
