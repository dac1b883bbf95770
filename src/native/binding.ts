/** Loads the addon; the only file that touches a `.node` file. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../base/errors.js';
import type { NativeBinding, NativeError } from './binding-types.js';

/** Where node-gyp leaves the addon, seen from the compiled file in dist/src/native. */
const places = ['../../../native/build/Release/outstep.node', '../../../native/build/Debug/outstep.node'];

interface LoadedBinding {
  readonly binding: NativeBinding;
  readonly path: string;
}

function load(): LoadedBinding {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const place of places) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    try {
      return { binding: require(path) as NativeBinding, path };
    } catch (error) {
      failures.push(`  ${path}: ${messageOf(error)}`);
      const code = (error as { code?: unknown }).code;
      if (code !== 'MODULE_NOT_FOUND') break;
    }
  }
  throw new Error(`cannot load the native addon (run "npm install" to build it):\n${failures.join('\n')}`);
}

let loaded: LoadedBinding | undefined;

/** The addon, loaded at the first call. @throws Error that names every path tried and why it failed. */
export function nativeBinding(): NativeBinding {
  loaded ??= load();
  return loaded.binding;
}

/** The program that repairs attached programs when this process is killed: beside the addon, built with it. */
export function sentinelPath(): string {
  loaded ??= load();
  return join(dirname(loaded.path), 'outstep-sentinel');
}

export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'errno' in error && 'request' in error;
}
