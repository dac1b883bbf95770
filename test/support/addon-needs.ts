/**
 * What the addon may ask of a C library: what every glibc has had since the oldest that Node's own binaries run on, in
 * one version or in versions that are the same to us, and what musl has as well.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import process from 'node:process';
import {
  askedSymbols,
  compareVersions,
  neededLibraries,
  offeredSymbols,
  programHeaders,
} from './dynamic-symbols.js';

/** Node's BUILDING.md, "Platform list": binaries of 20 and later need glibc 2.28. */
const oldestGlibc = 'GLIBC_2.28';

/**
 * A symbol without a version gets the oldest one. These were given another version when they moved to another library, or
 * for a case that we have no use for: memcpy of what overlaps (2.14), and posix_spawn of what is no program (2.15).
 */
const sameInAllVersions: ReadonlySet<string> = new Set([
  'clock_gettime',
  'memcpy',
  'posix_spawn',
  'pthread_getspecific',
  'pthread_key_create',
  'pthread_once',
  'pthread_setspecific',
]);

/** A machine's own libraries, or those of its cross compiler. */
const glibcFolders = {
  x64: ['/lib/x86_64-linux-gnu', '/usr/x86_64-linux-gnu/lib'],
  arm64: ['/lib/aarch64-linux-gnu', '/usr/aarch64-linux-gnu/lib'],
} as const;
const loaders = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' } as const;
/** musl has the same functions on every machine; Debian has it for the one that it runs on. */
const musl = '/usr/lib/x86_64-linux-musl/libc.so';
export const hasMusl = process.arch === 'x64';

export type CpuName = keyof typeof loaders;

/** @returns the newest version of glibc's that is needed. */
export async function checkAddonNeeds(addon: string, cpu: CpuName): Promise<string> {
  assert.deepEqual(await neededLibraries(addon), []);
  const glibc = glibcFolders[cpu].find((folder) => existsSync(`${folder}/libc.so.6`));
  assert.ok(glibc, `no C library for ${cpu}`);
  const offers = await Promise.all(
    ['libc.so.6', loaders[cpu]].map((library) => offeredSymbols(`${glibc}/${library}`)),
  );
  const ofMusl = hasMusl ? await offeredSymbols(musl) : undefined;
  const asked = (await askedSymbols(addon)).filter((name) => !/^(napi|uv)_/.test(name));
  assert.ok(asked.includes('ptrace'), 'symbols are found');
  const oldest = asked.map((name) => {
    const versions = offers.flatMap((offered) => offered.get(name) ?? []).sort(compareVersions);
    const [first] = versions;
    assert.ok(first !== undefined, `glibc has no ${name}`);
    assert.ok(versions.length === 1 || sameInAllVersions.has(name), `${name} has ${versions.join(', ')}`);
    assert.ok(compareVersions(first, oldestGlibc) <= 0, `${name} is of ${first}`);
    assert.ok(ofMusl === undefined || ofMusl.has(name), `musl has no ${name}`);
    return first;
  });
  return oldest.sort(compareVersions).at(-1) ?? '';
}

/** No loader and no library. */
export async function checkSentinelNeeds(sentinel: string): Promise<void> {
  const headers = await programHeaders(sentinel);
  assert.ok(
    headers.includes('LOAD') && !headers.includes('INTERP') && !headers.includes('DYNAMIC'),
    `${headers}`,
  );
}
