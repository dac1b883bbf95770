/**
 * Makes dist/outstep: one executable file that is this Node, the bundle, what V8 has compiled of it, the addon and the
 * sentinel. Another Node can be named: `npm run build:single -- NODE`. Of one for another processor, which must be of this
 * Node's version, dist/outstep-CPU is made, where V8 compiles at each start.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inject } from 'postject';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
/** Node's documentation, "Single executable applications". */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** e_machine of a Node's file, <elf.h>: what Node calls the processor, and what the names of its tools begin with. */
const processors = new Map([
  [62, { cpu: 'x64', prefix: 'x86_64-linux-gnu-' }],
  [183, { cpu: 'arm64', prefix: 'aarch64-linux-gnu-' }],
]);

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** Between the name of the text and the same once more (README.md). */
function compiledOf(cache) {
  const nameBytes = cache.indexOf('\n') + 1;
  return cache.subarray(nameBytes, (cache.length + nameBytes) / 2);
}

/** The client library in one file, for scripts. */
function makeClient(outfile) {
  return build({
    entryPoints: [join(root, 'dist/src/client/index.js')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['capstone-wasm'],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
  });
}

/** What runs here makes the blob: for another processor this Node, with nothing compiled. */
function makerOf(node) {
  const file = readFileSync(node);
  const processor = processors.get(file.readUInt16LE(18));
  if (processor === undefined) throw new Error(`${node} is for a processor that no addon is built for`);
  if (processor.cpu === process.arch)
    return { cpu: processor.cpu, prefix: '', maker: node, isForeign: false };
  if (!file.includes(`node.js/${process.version}`))
    throw new Error(`${node} is not Node ${process.version}, as this one is, which makes what it is to read`);
  return { ...processor, maker: process.execPath, isForeign: true };
}

/** @returns the blob that Node looks for in its own executable */
async function makeBlob({ cpu, maker, isForeign }, work) {
  run('bash', join(root, 'native/prebuild.sh'), cpu);
  const cache = join(work, 'outstep.cache');
  if (!isForeign) run(maker, join(here, 'compile-cache.cjs'), cache);
  const compiled = join(work, 'outstep.compiled');
  writeFileSync(compiled, isForeign ? '' : compiledOf(readFileSync(cache)));
  const prebuilds = join(root, 'native/prebuilds', `linux-${cpu}`);
  const client = join(work, 'client.mjs');
  await makeClient(client);
  const output = join(work, 'blob');
  const config = {
    main: join(here, 'single-loader.cjs'),
    output,
    disableExperimentalSEAWarning: true,
    assets: {
      'package.json': join(root, 'package.json'),
      'outstep.js': join(root, 'dist/outstep.js'),
      'outstep.compiled': compiled,
      'outstep.node': join(prebuilds, 'outstep.node'),
      'outstep-sentinel': join(prebuilds, 'outstep-sentinel'),
      'client.mjs': client,
      'script-hooks.mjs': join(root, 'dist/script-hooks.mjs'),
      'demangle.wasm': join(root, 'node_modules/gecko-profiler-demangle/index_bg.wasm'),
    },
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  run(maker, '--experimental-sea-config', join(work, 'config.json'));
  return readFileSync(output);
}

const node = process.argv[2] ?? process.execPath;
const made = makerOf(node);
const result = join(root, made.isForeign ? `dist/outstep-${made.cpu}` : 'dist/outstep');
const work = mkdtempSync(join(tmpdir(), 'outstep-single-'));
try {
  const blob = await makeBlob(made, work);
  copyFileSync(node, `${result}.new`);
  run(`${made.prefix}strip`, `${result}.new`);
  await inject(`${result}.new`, 'NODE_SEA_BLOB', blob, { sentinelFuse: fuse });
  renameSync(`${result}.new`, result);
} finally {
  rmSync(work, { recursive: true });
  rmSync(`${result}.new`, { force: true });
}
