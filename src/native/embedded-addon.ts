/**
 * The addon of an executable in one file, which holds it as an asset. To be loaded it must be a file for a moment: one in
 * a folder that nobody else can look into, gone as soon as it is open, and reached through its descriptor from then on.
 */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAsset } from 'node:sea';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';

export interface EmbeddedAddon {
  readonly exports: unknown;
  readonly sentinelPath: string;
}

/** Some systems forbid to execute what lies in their folder for temporary files, and others have no writable one. */
function folders(): string[] {
  return [tmpdir(), hostProcess.env.XDG_RUNTIME_DIR ?? '', '/dev/shm', '/var/tmp'].filter(
    (path) => path !== '',
  );
}

/** @throws Error with what went wrong in each folder */
export function loadEmbeddedAddon(): EmbeddedAddon {
  const failures: string[] = [];
  for (const folder of folders()) {
    try {
      return loadThrough(folder);
    } catch (error) {
      failures.push(`\n  ${folder}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `no folder takes a file that may be executed (TMPDIR can name another one):${failures.join('')}`,
  );
}

function loadThrough(base: string): EmbeddedAddon {
  const folder = mkdtempSync(join(base, 'outstep-'));
  try {
    const addon = { exports: {} };
    const path = pathOfAsset('outstep.node', folder);
    hostProcess.dlopen(addon, path);
    return { exports: addon.exports, sentinelPath: pathOfAsset('outstep-sentinel', folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file stays open to the end of this process; nothing that is executed inherits it. */
function pathOfAsset(name: string, folder: string): string {
  const path = join(folder, name);
  const bytes = new Uint8Array(getAsset(name));
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o500 });
  // Another descriptor: what is open for writing cannot be executed.
  return `/proc/self/fd/${openSync(path, 'r')}`;
}
