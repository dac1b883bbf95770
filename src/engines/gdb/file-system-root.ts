/**
 * The file system as one process sees it: its root folder and mounts, reached through /proc/PID/root (proc(5)). The
 * kernel would follow an absolute symbolic link to the server's own root, so links are followed here.
 */
import { lstatSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As many as the kernel follows, path_resolution(7). */
const maxLinks = 40;
const loopErrno = 40;
/** Magic number of procfs, statfs(2). Its links lead to objects, not to what they say. */
const procFileSystem = 0x9fa0;

export interface FileSystemRoot {
  /** Path by which the server reaches a file. @throws errors of node:fs */
  resolve(path: string, follow: 'follow' | 'keep-last-link'): string;
}

/** Paths as they are. */
export const ownRoot: FileSystemRoot = { resolve: (path) => path };

/** Root of a process. @throws errors of node:fs when there is no such process or it may not be looked at */
export function rootOfProcess(pid: number): FileSystemRoot {
  const root = `/proc/${pid}/root`;
  if (isOwnRoot(pid, root)) return ownRoot;
  return { resolve: (path, follow) => resolveWithin(root, path, follow) };
}

function isOwnRoot(pid: number, root: string): boolean {
  const theirs = statSync(root, { bigint: true });
  const ours = statSync('/', { bigint: true });
  const sameFolder = theirs.dev === ours.dev && theirs.ino === ours.ino;
  return sameFolder && readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt');
}

/** Follows links below `root`; neither they nor `..` lead out of it. */
export function resolveWithin(root: string, path: string, follow: 'follow' | 'keep-last-link'): string {
  const pending = path.split('/').filter((name) => name !== '' && name !== '.');
  let resolved: string[] = [];
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '..') {
      resolved.pop();
      continue;
    }
    const isLast = pending.length === 0;
    const target = isLast && follow === 'keep-last-link' ? undefined : linkBelow(root, [...resolved, name]);
    if (target === undefined) {
      resolved.push(name);
      continue;
    }
    links += 1;
    if (links > maxLinks) throw Object.assign(new Error('too many symbolic links'), { errno: loopErrno });
    if (target.startsWith('/')) resolved = [];
    pending.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
  }
  return join(root, ...resolved);
}

/** Where a link leads to; undefined when it is none, or one that only the kernel can follow. */
function linkBelow(root: string, names: readonly string[]): string | undefined {
  const path = join(root, ...names);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  const target = readlinkSync(path);
  const isMagic = target.startsWith('/') && statfsSync(dirname(path)).type === procFileSystem;
  return isMagic ? undefined : target;
}
