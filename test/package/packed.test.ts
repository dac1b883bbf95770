/** What is published: which files, how large, and nothing that runs while it is installed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { before, describe, it } from 'mocha';
import { type CpuName, checkAddonNeeds, checkSentinelNeeds } from '../support/addon-needs.js';
import { projectRoot } from '../support/project-paths.js';
import { buildPrebuilds, type PackedPackage, packPackages } from './tarballs.js';

const cpus: readonly CpuName[] = ['x64', 'arm64'];
const prebuilds = 'native/prebuilds';

interface Description {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

function description(folder: string): Description {
  return JSON.parse(readFileSync(resolve(projectRoot, folder, 'package.json'), 'utf8')) as Description;
}

/** What the sources of a folder are compiled to, in another one. */
function compiledFrom(folder: string, into: string): string[] {
  return readdirSync(resolve(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(resolve(projectRoot, folder), resolve(entry.parentPath, entry.name)))
    .filter((path) => !/^(?:cli|rsp)\//.test(path) && !path.endsWith('.d.ts'))
    .flatMap((path) => ['.js', '.d.ts'].map((end) => `${into}/${path.replace(/\.ts$/, end)}`));
}

const main = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'package.json',
  'dist/outstep.cjs',
  'dist/outstep.js',
  'dist/script-hooks.mjs',
  ...compiledFrom('src', 'dist/src'),
  ...compiledFrom('arch', 'dist/arch'),
  ...cpus.flatMap((cpu) =>
    ['outstep.node', 'outstep-sentinel'].map((file) => `${prebuilds}/linux-${cpu}/${file}`),
  ),
];
const codec = ['LICENSE', 'README.md', 'package.json', ...compiledFrom('src/rsp/src', 'dist')];

/** Not the output of a source that is gone: such lie about here, but what is published is built anew. */
function isOfNow(path: string, sources: string): boolean {
  const [, output] = path.match(/^dist\/(.*)\.(?:js|d\.ts)$/) ?? [];
  if (output === undefined || output === 'outstep') return true;
  return existsSync(resolve(projectRoot, sources, `${output}.ts`));
}

describe('packages', function () {
  this.timeout(900_000);
  let packed: readonly PackedPackage[] = [];

  before(async () => {
    await buildPrebuilds();
    packed = await packPackages();
  });

  function packedAs(name: string): PackedPackage {
    const found = packed.find((one) => one.name === name);
    assert.ok(found, `no ${name} among ${packed.map((one) => one.name)}`);
    return found;
  }

  function filesOf(name: string): string[] {
    return packedAs(name)
      .files.map(({ path }) => path)
      .sort();
  }

  it('hold what the sources are compiled to, and the prebuilt addons', () => {
    assert.deepEqual(
      filesOf('outstep').filter((path) => isOfNow(path, '.')),
      main.sort(),
    );
    const ofCodec = filesOf('gdb-js-rsp-parser').filter((path) => isOfNow(path, 'src/rsp/src'));
    assert.deepEqual(ofCodec, codec.sort());
    assert.match(description('.').scripts?.prepack ?? '', /^npm run clean && /);
  });

  it('are small', () => {
    assert.ok(packedAs('outstep').size < 1_600_000, `${packedAs('outstep').size} bytes`);
    assert.ok(packedAs('gdb-js-rsp-parser').size < 100_000, `${packedAs('gdb-js-rsp-parser').size} bytes`);
  });

  it('run nothing when they are installed, and can be installed everywhere', () => {
    for (const folder of ['.', 'src/rsp']) {
      const { scripts = {}, os, cpu } = description(folder);
      for (const script of ['preinstall', 'install', 'postinstall']) assert.equal(scripts[script], undefined);
      assert.deepEqual([os, cpu], [undefined, undefined]);
    }
    // npm builds what has one at its top.
    assert.ok(!filesOf('outstep').includes('binding.gyp'));
  });

  it('need no package but the codec, its XML parser and a demangler', () => {
    const neededBy = (folder: string): string[] => Object.keys(description(folder).dependencies ?? {}).sort();
    assert.deepEqual(neededBy('.'), ['gdb-js-rsp-parser', 'gecko-profiler-demangle']);
    assert.deepEqual(neededBy('src/rsp'), ['@rgrove/parse-xml']);
  });

  it('name no folder of the machine that they were made on', () => {
    for (const path of main) {
      const bytes = readFileSync(resolve(projectRoot, path), 'latin1');
      assert.ok(!bytes.includes(projectRoot), path);
    }
  });

  for (const cpu of cpus) {
    const folder = resolve(projectRoot, prebuilds, `linux-${cpu}`);

    it(`have an addon for ${cpu} that every libc of the last years can load`, async () => {
      const addon = resolve(folder, 'outstep.node');
      assert.match(await checkAddonNeeds(addon, cpu), /^GLIBC_2\.(?:\d|1\d|2[0-8])(?:\.|$)/);
      await checkSentinelNeeds(resolve(folder, 'outstep-sentinel'));
    });

    it(`have one for ${cpu} that is stripped`, () => {
      const sizes = new Map(packedAs('outstep').files.map(({ path, size }) => [path, size]));
      assert.ok((sizes.get(`${prebuilds}/linux-${cpu}/outstep.node`) ?? Infinity) < 800_000);
      assert.ok((sizes.get(`${prebuilds}/linux-${cpu}/outstep-sentinel`) ?? Infinity) < 100_000);
    });
  }
});
