/**
 * What an executable in one file begins with (single.mjs): runs the bundle that it holds, which is compiled already. It
 * is what loader.cjs is to the files of a package.
 */
'use strict';
const { getAsset, getRawAsset } = require('node:sea');
const { Script, constants } = require('node:vm');
// Requiring node:process would open its standard streams.
const { process } = globalThis;

/** Empty where it was made on another processor. */
const compiled = new Uint8Array(getRawAsset('outstep.compiled'));
const script = new Script(getAsset('outstep.js', 'latin1'), {
  filename: 'outstep.js',
  ...(compiled.length > 0 && { cachedData: compiled }),
});
/** What this file has of its own finds nothing but what is part of Node. */
function importModule(url) {
  const { USE_MAIN_CONTEXT_DEFAULT_LOADER: importModuleDynamically } = constants;
  const text = `import(${JSON.stringify(url)})`;
  const importer = new Script(text, { filename: 'outstep.js', importModuleDynamically });
  // That the constant is experimental is nothing that users of scripts can do something about.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return importer.runInThisContext();
  } finally {
    process.emitWarning = emitWarning;
  }
}

script.runInThisContext()(require, module, exports, 'file:///outstep/dist/src/cli/outstep.js', importModule);
