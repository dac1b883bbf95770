/** Loads the addon; the only file that touches a `.node` file. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { errorCodes, messageOf, OutstepError } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import type { NativeBinding, NativeError } from './binding-types.js';
import { loadEmbeddedAddon } from './embedded-addon.js';

/**
 * Where an addon may lie, seen from the compiled file in dist/src/native: what node-gyp has built here comes before what
 * came with the package, which may be older than the sources. One for each processor serves every C library.
 */
function places(): string[] {
  const published = `../../../native/prebuilds/${hostProcess.platform}-${hostProcess.arch}/`;
  return ['../../../native/build/Release/', '../../../native/build/Debug/', published].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
}

interface LoadedBinding {
  readonly binding: NativeBinding;
  readonly sentinelPath: string;
}

function load(): LoadedBinding {
  const { platform } = hostProcess;
  if (platform !== 'linux') throw noAddon(`programs are traced on Linux only, and this is ${platform}`);
  return isSea() ? loadFromExecutable() : loadFromFiles();
}

function loadFromExecutable(): LoadedBinding {
  try {
    const { exports, sentinelPath } = loadEmbeddedAddon();
    return { binding: exports as NativeBinding, sentinelPath };
  } catch (error) {
    throw noAddon(messageOf(error), [], error);
  }
}

function loadFromFiles(): LoadedBinding {
  const tried = places();
  const folder = tried.find((place) => existsSync(`${place}outstep.node`));
  if (folder === undefined)
    throw noAddon(`there is none for ${hostProcess.arch} (a checkout builds it with "npm install")`, tried);
  try {
    const binding = createRequire(import.meta.url)(`${folder}outstep.node`) as NativeBinding;
    return { binding, sentinelPath: `${folder}outstep-sentinel` };
  } catch (error) {
    throw noAddon(messageOf(error), [folder], error);
  }
}

function noAddon(why: string, tried: readonly string[] = [], cause?: unknown): OutstepError {
  const places = tried.map((place) => `\n  ${place}outstep.node`).join('');
  const where = places === '' ? '' : `; tried:${places}`;
  return new OutstepError(errorCodes.NO_ADDON, `cannot load the native addon: ${why}${where}`, { cause });
}

let loaded: LoadedBinding | undefined;

/** The addon, loaded at the first call. @throws OutstepError NO_ADDON that names every path tried and why it failed. */
export function nativeBinding(): NativeBinding {
  loaded ??= load();
  return loaded.binding;
}

/** The program that repairs attached programs when this process is killed: beside the addon, built with it. */
export function sentinelPath(): string {
  loaded ??= load();
  return loaded.sentinelPath;
}

export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'errno' in error && 'request' in error;
}
