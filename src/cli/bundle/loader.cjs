#!/usr/bin/env node
/**
 * The command: runs outstep.js beside it, compiled already where there is a cache that fits (README.md). The engine looks
 * at its version, its flags and the length of the text; that it is this text, whole, and for this architecture is seen to
 * here.
 */
'use strict';
const fs = require('node:fs');
const { Script } = require('node:vm');
// Requiring node:process would open its standard streams.
const { process } = globalThis;

const filename = `${__dirname}/outstep.js`;
/** More than the Nodes and the versions of this command that somebody uses in turns. */
const keptFiles = 8;

/** Whether nobody else can have written what the file or folder holds. */
function isOurs(stat) {
  return stat.uid === process.geteuid() && (stat.mode & 0o022) === 0;
}

function readIfTrusted(path, isTrusted) {
  let fd;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return undefined; // for whatever reason: it is compiled afresh
  }
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() && isTrusted(stat) ? fs.readFileSync(fd) : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

/** What the engine is to get, if the file is for this text: the name of the text, and twice the same. */
function compiledIn(bytes, name) {
  const end = (bytes.length + name.length) / 2;
  const compiled = bytes.subarray(name.length, end);
  const isWhole = bytes.latin1Slice(0, name.length) === name && compiled.equals(bytes.subarray(end));
  return isWhole ? compiled : undefined;
}

function readCache(path, name, isTrusted) {
  const bytes = path === undefined ? undefined : readIfTrusted(path, isTrusted);
  return bytes === undefined ? undefined : compiledIn(bytes, name);
}

/** By the XDG Base Directory Specification; undefined where there is to be none. */
function userCachePath(name) {
  const { XDG_CACHE_HOME, HOME, NODE_DISABLE_COMPILE_CACHE } = process.env;
  if (NODE_DISABLE_COMPILE_CACHE || process.geteuid() !== process.getuid()) return undefined;
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : HOME?.startsWith('/') && `${HOME}/.cache`;
  const file = `${name.slice(2, -1)}-${process.version}-${process.arch}.cache`;
  return base ? `${base}/outstep/compile-cache/${file}` : undefined;
}

/** Modules are found from where they lie before they are bundled: in folders of dist/src. */
function moduleUrl() {
  const path = `${__dirname}/src/cli/outstep.js`;
  return /^[\w/.-]+$/.test(path) ? `file://${path}` : require('node:url').pathToFileURL(path).href;
}

/** Not by `recursive`, which does not come to an end in folders of /proc. */
function makeOurFolder(path) {
  const missing = [];
  let above = path;
  for (; !fs.existsSync(above); above = above.slice(0, above.lastIndexOf('/')) || '/') missing.unshift(above);
  // Not into the home of somebody whose environment root has kept.
  if (fs.statSync(above).uid !== process.geteuid()) return false;
  for (const folder of missing) fs.mkdirSync(folder, 0o700);
  return isOurs(fs.lstatSync(path));
}

function removeOldest(folder) {
  const files = fs
    .readdirSync(folder)
    .map((file) => ({ file, at: fs.lstatSync(`${folder}/${file}`).mtimeMs }));
  files.sort((left, right) => right.at - left.at);
  for (const { file } of files.slice(keptFiles)) fs.rmSync(`${folder}/${file}`, { force: true });
}

/** Writes a cache that is whole whenever somebody sees it. */
function writeCache(path, name, script) {
  const compiled = script.createCachedData();
  const unfinished = `${path}.${process.pid}`;
  const fd = fs.openSync(unfinished, 'wx', 0o644);
  try {
    for (const part of [name, compiled, compiled]) fs.writeFileSync(fd, part);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(unfinished, path);
}

function keepForUser(path, name, script) {
  const folder = path.slice(0, path.lastIndexOf('/'));
  try {
    if (!makeOurFolder(folder)) return;
    writeCache(path, name, script);
    removeOldest(folder);
  } catch (error) {
    // Where nothing can be kept the next start is slower, too; nobody needs to hear of it.
    if (typeof error.syscall !== 'string') throw error;
  }
}

// The bundler writes nothing but ASCII. The first line is the name of the text.
const source = fs.readFileSync(filename, 'latin1');
const name = source.slice(0, source.indexOf('\n') + 1);
const userPath = userCachePath(name);
const cachedData =
  readCache(userPath, name, isOurs) ??
  readCache(`${__dirname}/outstep-${process.arch}.cache`, name, () => true);
const script = new Script(source, { filename, cachedData });
const bundle = { exports: {} };
script.runInThisContext()(require, bundle, bundle.exports, moduleUrl(), (url) => import(url));
/** For the build: writes the cache for whoever will run what was built. */
module.exports = { writeCache: (path) => writeCache(path, name, script), progress: bundle.exports.progress };

if (userPath !== undefined && (cachedData === undefined || script.cachedDataRejected)) {
  process.on('exit', () => {
    if (bundle.exports.progress.hasServed) keepForUser(userPath, name, script);
  });
}
