/** System calls of aarch64 for whoever reads them: <asm-generic/unistd.h>, <asm-generic/stat.h>, <asm/fcntl.h>, clone(2). */
import type { SystemCallAbi } from '../system-call-table.js';
import { systemCallNames } from './system-call-names.js';

const stat = {
  st_dev: 'ulong',
  st_ino: 'ulong',
  st_mode: 'u32',
  st_nlink: 'u32',
  st_uid: 'u32',
  st_gid: 'u32',
  st_rdev: 'ulong',
  padding: 'ulong',
  st_size: 'long',
  st_blksize: 'i32',
  padding2: 'u32',
  st_blocks: 'long',
  st_atime: 'long',
  st_atime_nsec: 'ulong',
  st_mtime: 'long',
  st_mtime_nsec: 'ulong',
  st_ctime: 'long',
  st_ctime_nsec: 'ulong',
} as const;

export const aarch64SystemCalls: SystemCallAbi = {
  longBytes: 8,
  longLongAlignmentBytes: 8,
  names: systemCallNames,
  cloneArguments: { parentTid: 2, childTid: 4, tls: 3 },
  openFlags: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000, O_LARGEFILE: 0o400000 },
  stat,
  stat64: stat,
  packsEpollEvent: false,
  restoredMaskOffset: 168,
  splitsLongLong: false,
};
