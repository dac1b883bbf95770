#!/usr/bin/env node
/**
 * The command: runs outstep.js beside it, compiled already where outstep.cache fits this Node. The engine looks at the
 * version and the flags that the cache was made with, and compiles afresh when they differ.
 */
'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const filename = `${__dirname}/outstep.js`;

function cachedData() {
  try {
    return readFileSync(`${__dirname}/outstep.cache`);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Modules are found from where they lie before they are bundled: in folders of dist/src. */
function moduleUrl() {
  const path = `${__dirname}/src/cli/outstep.js`;
  return /^[\w/.-]+$/.test(path) ? `file://${path}` : require('node:url').pathToFileURL(path).href;
}

// The bundler writes nothing but ASCII.
const source = readFileSync(filename, 'latin1').replace(/^#!.*/, '');
const script = new Script(`(function (require, module, exports, moduleUrl) {${source}\n})`, {
  filename,
  cachedData: cachedData(),
});
script.runInThisContext()(require, module, exports, moduleUrl());
module.exports = script;
