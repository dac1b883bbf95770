/**
 * Makes one file of the command line, dist/outstep.js, beside its loader: loading a hundred modules one by one takes
 * longer than everything that they do until the first stop.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../../../dist');

await build({
  entryPoints: [join(dist, 'src/cli/main.js')],
  outfile: join(dist, 'outstep.js'),
  bundle: true,
  platform: 'node',
  // The loader compiles a script, and may take it from a cache; modules it could not.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  minifySyntax: true,
  define: { 'import.meta.url': 'moduleUrl' },
  logLevel: 'warning',
});
copyFileSync(join(here, 'loader.cjs'), join(dist, 'outstep.cjs'));
rmSync(join(dist, 'outstep.cache'), { force: true });
const cache = spawnSync(process.execPath, [join(here, 'compile-cache.cjs')], { stdio: 'inherit' });
process.exitCode = cache.status ?? 1;
