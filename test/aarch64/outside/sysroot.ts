/** The guest's libraries, where debuggers of this machine read them: reading them through a server takes much longer. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { cacheFolder } from '../../support/project-paths.js';
import type { Guest } from '../guest.js';

const libraries = [
  '/lib/ld-linux-aarch64.so.1',
  ...['c.so.6', 'm.so.6', 'gcc_s.so.1', 'stdc++.so.6'].map((name) => `/lib/aarch64-linux-gnu/lib${name}`),
];

/** @returns a folder with them at their paths, copied once from each image */
export async function sysrootOf(guest: Guest): Promise<string> {
  const folder = join(cacheFolder, `sysroot-${basename(guest.state.image)}`);
  if (existsSync(folder)) return folder;
  // Another test process may be at the same: each copies its own, the first rename wins.
  const unfinished = `${folder}.${process.pid}`;
  for (const library of libraries) mkdirSync(join(unfinished, dirname(library)), { recursive: true });
  for (const library of libraries) await guest.capture(['cp', library, join(unfinished, library)]);
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
  return folder;
}
