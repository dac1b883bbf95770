/** Calls that name files, and what is done with open ones. */
import {
  address,
  addressText,
  bytesText,
  descriptor,
  descriptorResult,
  filled,
  filledPath,
  flagsInt,
  folderDescriptor,
  hasFailed,
  hexadecimal,
  inputBytes,
  int,
  long,
  offset,
  oneOfInt,
  path,
  readBytes,
  resultBytes,
  size,
  string,
  unsigned,
} from '../basics.js';
import {
  argument,
  type Decoder,
  intOf,
  ofRegisters,
  out,
  reading,
  readingAs,
  type Signature,
  signature,
} from '../call-facts.js';
import { flagsOf, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import {
  descriptorPair,
  deviceText,
  fileModeText,
  isDevice,
  newFileMode,
  openFlags,
  openHow,
  permissions,
  permissionText,
  stat,
  stat64,
  statfs,
  statfs64,
  statx,
} from '../structs/files.js';
import {
  fcntlArgument,
  fcntlCommand,
  fcntlFilled,
  fcntlResult,
  fillsFcntl,
  longInMemory,
} from '../structs/requests.js';
import { accessTimes, accessTimes64, accessTimevals } from '../structs/times.js';
import { readVectors, writtenVectors } from '../structs/vectors.js';
import {
  accessAtFlags,
  accessChecks,
  advices,
  allocateFlags,
  atFlags,
  attributeFlags,
  closeRangeFlags,
  lockOperations,
  memfdFlags,
  renameFlags,
  seekOrigins,
  spliceFlags,
  statxMasks,
  statxSync,
} from '../tables/files.js';

const access = flagsInt(accessChecks);
const at = flagsInt(atFlags);
const id = ofRegisters<Decoder>((value) => BigInt.asIntN(32, value).toString());
const nodeMode = ofRegisters<Decoder>((value) => fileModeText(BigInt.asUintN(16, value)));

/** Of mknod(2): only device files have one. */
function device(modeIndex: number): Decoder {
  return ofRegisters<Decoder>((value, call) =>
    isDevice(argument(call, modeIndex)) ? deviceText(value) : undefined,
  );
}

const syncMask = 0x6000n;
const statxFlags = ofRegisters<Decoder>((value) => {
  const flags = BigInt.asUintN(32, value);
  const others = flags & ~syncMask;
  const sync = oneOf(flags & syncMask, statxSync);
  return others === 0n ? sync : `${sync}|${flagsOf(others, atFlags)}`;
});

/** Where what was read is as long as the call says, or was asked for. */
const attributeValue = reading<Decoder>(
  (value, call) =>
    hasFailed(call) || argument(call, 3) === 0n
      ? addressText(value)
      : bytesText(value, Number(call.result), call),
  resultBytes,
);
const attributeList = reading<Decoder>(
  (value, call) =>
    hasFailed(call) || argument(call, 2) === 0n
      ? addressText(value)
      : bytesText(value, Number(call.result), call),
  resultBytes,
);

const link = reading<Decoder>(
  (value, call) => (hasFailed(call) ? addressText(value) : bytesText(value, Number(call.result), call)),
  resultBytes,
);

/** Entries are records of their own length, getdents(2). */
function entryCount(lengthOffset: number): Decoder {
  return (value, call) => {
    if (hasFailed(call)) return addressText(value);
    const total = Number(call.result);
    const bytes = call.memory.exact(value, total);
    if (bytes === undefined) return addressText(value);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let count = 0;
    for (let offset = 0; offset + lengthOffset + 2 <= total; count++) {
      const length = view.getUint16(offset + lengthOffset, true);
      if (length === 0) break;
      offset += length;
    }
    return `${addressText(value)} /* ${count} entr${count === 1 ? 'y' : 'ies'} */`;
  };
}

/** Where a file offset lies in memory, and what the call has made of it. */
const movedOffset = readingAs<Decoder>((value, call, index) => {
  const before = call.notes.get(index) ?? addressText(value);
  const after = longInMemory(value, call, index) ?? '';
  return hasFailed(call) || value === 0n || before === after ? before : `${before} => ${after}`;
}, longInMemory);
const offsetInMemory = out(movedOffset, longInMemory);

/** The upper half of an offset, the lower one, where the new one goes, and the origin; lseek64(3). */
const splitOffset = ofRegisters<Decoder>((value, call) =>
  BigInt.asIntN(64, (value << 32n) | argument(call, 2)).toString(),
);
const soughtStruct = struct({ offset: 'i64' });
const soughtOffset = out((_value, call) => {
  const found = hasFailed(call) ? undefined : soughtStruct.read(argument(call, 3), call);
  return found === undefined ? addressText(argument(call, 3)) : `[${found.offset}]`;
});
const seekOrigin = ofRegisters<Decoder>((_value, call, index) =>
  oneOfInt(seekOrigins)(argument(call, 4), call, index),
);

const statCall = signature([path, out(filled(stat))]);
const fstatCall = signature([descriptor, out(filled(stat))]);
const statAt = signature([folderDescriptor, path, out(filled(stat)), at]);
const ownerCall = signature([path, id, id]);
const umaskResult = ofRegisters((result: bigint): string => permissionText(result).padStart(3, '0'));

export const fileCalls: Readonly<Record<string, Signature>> = {
  open: signature([path, openFlags, newFileMode(1)], descriptorResult),
  openat: signature([folderDescriptor, path, openFlags, newFileMode(2)], descriptorResult),
  openat2: signature([folderDescriptor, path, openHow, size], descriptorResult),
  creat: signature([path, permissionsOf()], descriptorResult),
  close: signature([descriptor]),
  close_range: signature([unsigned, unsigned, flagsInt(closeRangeFlags)]),
  read: signature([descriptor, out(readBytes), size]),
  write: signature([descriptor, inputBytes(2), size]),
  pread64: signature([descriptor, out(readBytes), size, offset], undefined, [3]),
  pwrite64: signature([descriptor, inputBytes(2), size, offset], undefined, [3]),
  readv: signature([descriptor, out(readVectors(2)), unsigned]),
  writev: signature([descriptor, writtenVectors(2), unsigned]),
  preadv: signature([descriptor, out(readVectors(2)), unsigned, long]),
  pwritev: signature([descriptor, writtenVectors(2), unsigned, long]),
  lseek: signature([descriptor, long, oneOfInt(seekOrigins)]),
  stat: statCall,
  lstat: statCall,
  fstat: fstatCall,
  newfstatat: statAt,
  stat64: signature([path, out(filled(stat64))]),
  lstat64: signature([path, out(filled(stat64))]),
  fstat64: signature([descriptor, out(filled(stat64))]),
  fstatat64: signature([folderDescriptor, path, out(filled(stat64)), at]),
  statx: signature([folderDescriptor, path, statxFlags, flagsInt(statxMasks), out(filled(statx))]),
  statfs: signature([path, out(filled(statfs))]),
  fstatfs: signature([descriptor, out(filled(statfs))]),
  statfs64: signature([path, size, out(filled(statfs64))]),
  fstatfs64: signature([descriptor, size, out(filled(statfs64))]),
  _llseek: signature([descriptor, splitOffset, soughtOffset, seekOrigin]),
  access: signature([path, access]),
  faccessat: signature([folderDescriptor, path, access]),
  faccessat2: signature([folderDescriptor, path, access, flagsInt(accessAtFlags)]),
  truncate: signature([path, long]),
  ftruncate: signature([descriptor, long]),
  truncate64: signature([path, offset], undefined, [1]),
  ftruncate64: signature([descriptor, offset], undefined, [1]),
  chmod: signature([path, permissionsOf()]),
  fchmod: signature([descriptor, permissionsOf()]),
  fchmodat: signature([folderDescriptor, path, permissionsOf()]),
  chown: ownerCall,
  lchown: ownerCall,
  chown32: ownerCall,
  lchown32: ownerCall,
  fchown: signature([descriptor, id, id]),
  fchown32: signature([descriptor, id, id]),
  fchownat: signature([folderDescriptor, path, id, id, at]),
  link: signature([path, path]),
  linkat: signature([folderDescriptor, path, folderDescriptor, path, at]),
  symlink: signature([path, path]),
  symlinkat: signature([path, folderDescriptor, path]),
  readlink: signature([path, out(link), size]),
  readlinkat: signature([folderDescriptor, path, out(link), size]),
  rename: signature([path, path]),
  renameat: signature([folderDescriptor, path, folderDescriptor, path]),
  renameat2: signature([folderDescriptor, path, folderDescriptor, path, flagsInt(renameFlags)]),
  unlink: signature([path]),
  unlinkat: signature([folderDescriptor, path, at]),
  mkdir: signature([path, permissionsOf()]),
  mkdirat: signature([folderDescriptor, path, permissionsOf()]),
  rmdir: signature([path]),
  mknod: signature([path, nodeMode, device(1)]),
  mknodat: signature([folderDescriptor, path, nodeMode, device(2)]),
  chdir: signature([path]),
  fchdir: signature([descriptor]),
  chroot: signature([path]),
  getcwd: signature([out(filledPath), size]),
  umask: signature([umaskResult], umaskResult),
  utimensat: signature([folderDescriptor, path, accessTimes, at]),
  utimensat_time64: signature([folderDescriptor, path, accessTimes64, at]),
  utimes: signature([path, accessTimevals]),
  futimesat: signature([folderDescriptor, path, accessTimevals]),
  setxattr: signature([path, string, inputBytes(3), size, flagsInt(attributeFlags)]),
  lsetxattr: signature([path, string, inputBytes(3), size, flagsInt(attributeFlags)]),
  fsetxattr: signature([descriptor, string, inputBytes(3), size, flagsInt(attributeFlags)]),
  getxattr: signature([path, string, out(attributeValue), size]),
  lgetxattr: signature([path, string, out(attributeValue), size]),
  fgetxattr: signature([descriptor, string, out(attributeValue), size]),
  listxattr: signature([path, out(attributeList), size]),
  llistxattr: signature([path, out(attributeList), size]),
  flistxattr: signature([descriptor, out(attributeList), size]),
  removexattr: signature([path, string]),
  lremovexattr: signature([path, string]),
  fremovexattr: signature([descriptor, string]),
  getdents: signature([descriptor, out(entryCount(16)), unsigned]),
  getdents64: signature([descriptor, out(entryCount(16)), unsigned]),
  fcntl: signature([descriptor, fcntlCommand, fcntlParameter()], fcntlResult),
  fcntl64: signature([descriptor, fcntlCommand, fcntlParameter()], fcntlResult),
  flock: signature([descriptor, flagsInt(lockOperations)]),
  fallocate: signature([descriptor, flagsInt(allocateFlags), offset, offset], undefined, [2, 3]),
  fadvise64: signature([descriptor, offset, size, oneOfInt(advices)], undefined, [1]),
  fsync: signature([descriptor]),
  fdatasync: signature([descriptor]),
  syncfs: signature([descriptor]),
  sync: signature([]),
  sync_file_range: signature([descriptor, offset, offset, unsigned], undefined, [1, 2]),
  dup: signature([descriptor], descriptorResult),
  dup2: signature([descriptor, descriptor], descriptorResult),
  dup3: signature([descriptor, descriptor, openFlagsOnly()], descriptorResult),
  pipe: signature([out(filled(descriptorPair))]),
  pipe2: signature([out(filled(descriptorPair)), openFlagsOnly()]),
  sendfile: signature([descriptor, descriptor, offsetInMemory, size]),
  sendfile64: signature([descriptor, descriptor, offsetInMemory, size]),
  splice: signature([descriptor, longInMemory, descriptor, longInMemory, size, flagsInt(spliceFlags)]),
  copy_file_range: signature([descriptor, longInMemory, descriptor, longInMemory, size, hexadecimal]),
  memfd_create: signature([string, flagsInt(memfdFlags)], descriptorResult),
  mount: signature([string, path, string, hexadecimal, address]),
  umount2: signature([path, int]),
  readahead: signature([descriptor, offset, size], undefined, [1]),
};

function permissionsOf(): Decoder {
  return ofRegisters<Decoder>((value, call, index) =>
    (permissions(value, call, index) ?? '').padStart(3, '0'),
  );
}

/** Flags of open(2) without the kind of access. */
function openFlagsOnly(): Decoder {
  return ofRegisters<Decoder>((value, call, index) => {
    if (intOf(value) === 0) return '0';
    return (openFlags(value, call, index) ?? '').replace(/^O_RDONLY\|/, '');
  });
}

function fcntlParameter(): { onEntry: Decoder } | ReturnType<typeof out> {
  return {
    onEntry: (value, call, index) => (fillsFcntl(call) ? '' : fcntlArgument.onEntry(value, call, index)),
    onReturn: fcntlFilled,
    awaitsReturn: (_value, call) => fillsFcntl(call),
  };
}
