/**
 * What an executable in one file begins with (single.mjs): runs the bundle that it holds, which is compiled already. It
 * is what loader.cjs is to the files of a package.
 */
'use strict';
const { getAsset, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const script = new Script(getAsset('outstep.js', 'latin1'), {
  filename: 'outstep.js',
  cachedData: new Uint8Array(getRawAsset('outstep.compiled')),
});
script.runInThisContext()(require, module, exports, 'file:///outstep/dist/src/cli/outstep.js');
