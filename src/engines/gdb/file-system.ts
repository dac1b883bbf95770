/** Files of the machine for one client: the descriptors that it has opened, and whose file system it looks at. */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type FileStatus, printFileStatus } from 'gdb-js-rsp-parser';
import { fileErrno, fileErrnoOfError } from './file-errors.js';
import { type FileSystemRoot, ownRoot, rootOfProcess } from './file-system-root.js';

/** Flags of the protocol (GDB manual, "Open Flags"; the last is LLDB's) and what they are here. */
const openFlags: readonly { readonly wire: number; readonly flag: number }[] = [
  { wire: 0x1, flag: constants.O_WRONLY },
  { wire: 0x2, flag: constants.O_RDWR },
  { wire: 0x8, flag: constants.O_APPEND },
  { wire: 0x200, flag: constants.O_CREAT },
  { wire: 0x400, flag: constants.O_TRUNC },
  { wire: 0x800, flag: constants.O_EXCL },
  { wire: 0x20000000, flag: constants.O_NOFOLLOW },
];
/** A client may name a pipe or a terminal: neither may make the server wait, or become its terminal. */
const safeFlags = constants.O_NONBLOCK | constants.O_NOCTTY;
const permissionBits = 0o7777;

/** The client named a descriptor that it has not opened. */
export class UnknownDescriptor extends Error {
  override readonly name = 'UnknownDescriptor';
}

/** A link of which the file is missing. */
export class LinkToNowhere extends Error {
  override readonly name = 'LinkToNowhere';
}

/** All functions but `close` throw the errors of node:fs as they are, and UnknownDescriptor. */
export class FileSystem implements Disposable {
  readonly #descriptors = new Set<number>();
  #root: FileSystemRoot = ownRoot;
  #isDisposed = false;

  /** Whose file system paths belong to from now on; 0: the server's own. */
  selectRoot(pid: number): void {
    this.#root = pid === 0 ? ownRoot : rootOfProcess(pid);
  }

  /** @param wireFlags flags of the protocol; unknown ones are ignored */
  open(path: string, wireFlags: number, mode: number): number {
    let flags: number = safeFlags;
    for (const { wire, flag } of openFlags) if ((wireFlags & wire) !== 0) flags |= flag;
    const keepsLink = (flags & (constants.O_NOFOLLOW | constants.O_EXCL)) !== 0;
    const at = this.#root.resolve(path, keepsLink ? 'keep-last-link' : 'follow');
    const descriptor = openSync(at, flags, mode & permissionBits);
    if (this.#isDisposed) closeSync(descriptor);
    else this.#descriptors.add(descriptor);
    return descriptor;
  }

  close(descriptor: number): void {
    closeSync(this.#own(descriptor));
    this.#descriptors.delete(descriptor);
  }

  /** 0 for files that have no size (those of /proc). */
  sizeBytes(descriptor: number): number {
    return fstatSync(this.#own(descriptor)).size;
  }

  /** Up to as many bytes as `into` has, in a part of it; empty at the end of the file. */
  read(descriptor: number, into: Uint8Array, offset: bigint): Uint8Array {
    const count = readSync(this.#own(descriptor), into, 0, into.length, offset);
    return into.subarray(0, count);
  }

  /** @returns how many bytes were written */
  write(descriptor: number, bytes: Uint8Array, offset: number): number {
    return writeSync(this.#own(descriptor), bytes, 0, bytes.length, offset);
  }

  statusOfDescriptor(descriptor: number): Uint8Array {
    return printFileStatus(describe(fstatSync(this.#own(descriptor), { bigint: true })));
  }

  /** The file's that a link leads to. @throws LinkToNowhere */
  status(path: string): Uint8Array {
    try {
      return printFileStatus(describe(statSync(this.#root.resolve(path, 'follow'), { bigint: true })));
    } catch (error) {
      if (fileErrnoOfError(error) === fileErrno.noEntry && this.#isThere(path)) throw new LinkToNowhere(path);
      throw error;
    }
  }

  /** A link's own. */
  statusOfLink(path: string): Uint8Array {
    return printFileStatus(describe(lstatSync(this.#root.resolve(path, 'keep-last-link'), { bigint: true })));
  }

  /** Of the file that a link leads to: its size in bytes, and its permission bits. */
  sizeAndMode(path: string): { readonly sizeBytes: number; readonly mode: number } {
    const { size, mode } = statSync(this.#root.resolve(path, 'follow'));
    return { sizeBytes: size, mode: mode & permissionBits };
  }

  /** The whole file. */
  contents(path: string): Uint8Array {
    return readFileSync(this.#root.resolve(path, 'follow'));
  }

  link(target: string, path: string): void {
    symlinkSync(target, this.#root.resolve(path, 'keep-last-link'));
  }

  makeFolder(path: string, mode: number): void {
    mkdirSync(this.#root.resolve(path, 'keep-last-link'), { mode: mode & permissionBits });
  }

  changeMode(path: string, mode: number): void {
    chmodSync(this.#root.resolve(path, 'follow'), mode & permissionBits);
  }

  #isThere(path: string): boolean {
    return lstatSync(this.#root.resolve(path, 'keep-last-link'), { throwIfNoEntry: false }) !== undefined;
  }

  unlink(path: string): void {
    unlinkSync(this.#root.resolve(path, 'keep-last-link'));
  }

  readLink(path: string): Uint8Array {
    return readlinkSync(this.#root.resolve(path, 'keep-last-link'), 'buffer');
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #own(descriptor: number): number {
    if (!this.#descriptors.has(descriptor)) throw new UnknownDescriptor(`no descriptor ${descriptor}`);
    return descriptor;
  }
}

function describe(stats: import('node:fs').BigIntStats): FileStatus {
  const { dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks } = stats;
  const times = {
    accessedS: stats.atimeMs / 1000n,
    modifiedS: stats.mtimeMs / 1000n,
    changedS: stats.ctimeMs / 1000n,
  };
  return {
    device: dev,
    inode: ino,
    mode,
    links: nlink,
    user: uid,
    group: gid,
    rawDevice: rdev,
    sizeBytes: size,
    blockBytes: blksize,
    blocks,
    ...times,
  };
}
