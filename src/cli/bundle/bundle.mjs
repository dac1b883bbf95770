/**
 * Makes one file of the command line, dist/outstep.js, beside its loader: loading a hundred modules one by one takes
 * longer than everything that they do until the first stop.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../../../dist');

/** A script has no `import()` of its own. */
function takeImportFromHost({ onLoad }) {
  onLoad({ filter: /\/commands\/script\/import-module\.js$/ }, () => ({
    contents: 'export const importModule = (url) => hostImport(url);',
  }));
}

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
  plugins: [{ name: 'import of the host', setup: takeImportFromHost }],
  logLevel: 'warning',
});
const body = outputFiles[0].text.replace(/^#!.*\n/, '');
const text = `(function (require, module, exports, moduleUrl, hostImport) {${body}\n})\n`;
// The line that the loader knows the text by: 32 bytes, so that what follows it in a cache is aligned as the engine likes it.
const name = `//${createHash('sha256').update(text).digest('hex').slice(0, 29)}\n`;

for (const file of readdirSync(dist)) if (file.endsWith('.cache')) rmSync(join(dist, file));
writeFileSync(join(dist, 'outstep.js'), name + text);
copyFileSync(join(here, 'loader.cjs'), join(dist, 'outstep.cjs'));
// Links to it are commands: `lldb-server`, say.
chmodSync(join(dist, 'outstep.cjs'), 0o755);
const cache = spawnSync(process.execPath, [join(here, 'compile-cache.cjs')], { stdio: 'inherit' });
process.exitCode = cache.status ?? 1;

// What strips types is part of the file, and its licence with it.
const licence = readFileSync(join(dist, '../node_modules/sucrase/LICENSE'), 'utf8');
await build({
  entryPoints: [join(dist, 'src/cli/commands/script/hooks.js')],
  outfile: join(dist, 'script-hooks.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  minify: true,
  banner: { js: `/* With sucrase:\n${licence.trim()}\n*/` },
  logLevel: 'warning',
});
