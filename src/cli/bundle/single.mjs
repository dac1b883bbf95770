/**
 * Makes dist/outstep: one executable file that is this Node, the bundle, what V8 has compiled of it, the addon and the
 * sentinel. Another Node can be named: `npm run build:single -- NODE`. It must run on this machine.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { inject } from 'postject';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
/** Node's documentation, "Single executable applications". */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** Between the name of the text and the same once more (README.md). */
function compiledOf(cache) {
  const nameBytes = cache.indexOf('\n') + 1;
  return cache.subarray(nameBytes, (cache.length + nameBytes) / 2);
}

/** @returns the blob that Node looks for in its own executable */
function makeBlob(node, work) {
  const cache = join(work, 'outstep.cache');
  run(node, join(here, 'compile-cache.cjs'), cache);
  const compiled = join(work, 'outstep.compiled');
  writeFileSync(compiled, compiledOf(readFileSync(cache)));
  const prebuilds = join(root, 'native/prebuilds', `linux-${run(node, '-p', 'process.arch')}`);
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
    },
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  run(node, '--experimental-sea-config', join(work, 'config.json'));
  return readFileSync(output);
}

const node = process.argv[2] ?? process.execPath;
const result = join(root, 'dist/outstep');
const work = mkdtempSync(join(tmpdir(), 'outstep-single-'));
try {
  const blob = makeBlob(node, work);
  copyFileSync(node, `${result}.new`);
  run('strip', `${result}.new`);
  await inject(`${result}.new`, 'NODE_SEA_BLOB', blob, { sentinelFuse: fuse });
  renameSync(`${result}.new`, result);
} finally {
  rmSync(work, { recursive: true });
  rmSync(`${result}.new`, { force: true });
}
