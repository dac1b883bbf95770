/** System calls of x86-64 for whoever reads them: <asm/unistd_64.h>, <asm/stat.h>, <asm/fcntl.h>, clone(2). */
import type { SystemCallAbi } from '../system-call-table.js';
import { systemCallNames } from './system-call-names.js';

const stat = {
  st_dev: 'ulong',
  st_ino: 'ulong',
  st_nlink: 'ulong',
  st_mode: 'u32',
  st_uid: 'u32',
  st_gid: 'u32',
  padding: 'u32',
  st_rdev: 'ulong',
  st_size: 'long',
  st_blksize: 'long',
  st_blocks: 'long',
  st_atime: 'ulong',
  st_atime_nsec: 'ulong',
  st_mtime: 'ulong',
  st_mtime_nsec: 'ulong',
  st_ctime: 'ulong',
  st_ctime_nsec: 'ulong',
} as const;

export const x86_64SystemCalls: SystemCallAbi = {
  longBytes: 8,
  longLongAlignmentBytes: 8,
  names: systemCallNames,
  cloneArguments: { parentTid: 2, childTid: 3, tls: 4 },
  openFlags: { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000, O_DIRECT: 0o40000, O_LARGEFILE: 0o100000 },
  stat,
  stat64: stat,
  packsEpollEvent: true,
  restoredMaskOffset: 296,
  splitsLongLong: false,
};
