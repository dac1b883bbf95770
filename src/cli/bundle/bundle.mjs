/**
 * Makes one file of the command line, dist/outstep.js, beside its loader: loading a hundred modules one by one takes
 * longer than everything that they do until the first stop.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../../../dist');

const { outputFiles } = await build({
  entryPoints: [join(dist, 'src/cli/main.js')],
  outfile: join(dist, 'outstep.js'),
  write: false,
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
const body = outputFiles[0].text.replace(/^#!.*\n/, '');
const text = `(function (require, module, exports, moduleUrl) {${body}\n})\n`;
// The line that the loader knows the text by: 32 bytes, so that what follows it in a cache is aligned as the engine likes it.
const name = `//${createHash('sha256').update(text).digest('hex').slice(0, 29)}\n`;

rmSync(join(dist, 'outstep.cache'), { force: true });
writeFileSync(join(dist, 'outstep.js'), name + text);
copyFileSync(join(here, 'loader.cjs'), join(dist, 'outstep.cjs'));
const cache = spawnSync(process.execPath, [join(here, 'compile-cache.cjs')], { stdio: 'inherit' });
process.exitCode = cache.status ?? 1;
