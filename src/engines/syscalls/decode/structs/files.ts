/** Files: `struct stat`, `statx`, `statfs`, `flock`, device numbers; <asm/stat.h>, <linux/stat.h>, <asm/statfs.h>. */
import type { SystemCallAbi } from '../../../../../arch/system-call-table.js';
import { addressText, descriptorText } from '../basics.js';
import { argument, type CallFacts, type Decoder, ofRegisters, reading } from '../call-facts.js';
import { type Constants, flagsOf, hex, nameOf, octal, oneOf, splitFlags } from '../constants.js';
import { type Struct, struct } from '../struct.js';
import {
  accessModes,
  fileSystems,
  fileTypes,
  laterOpenFlagBits,
  lockTypes,
  mountBits,
  openFlagBits,
  resolveFlags,
  seekOrigins,
  statxAttributes,
  statxMasks,
} from '../tables/files.js';
import { dateText } from './times.js';

const typeMask = 0o170000n;
const permissionMask = 0o777n;
const specialBits = [
  [0o4000n, 'S_ISUID'],
  [0o2000n, 'S_ISGID'],
  [0o1000n, 'S_ISVTX'],
] as const;
const [character, block] = [0o20000n, 0o60000n];

/** Kind of file and permissions. */
export function fileModeText(mode: bigint): string {
  const type = nameOf(mode & typeMask, fileTypes);
  if (type === undefined) return octal(mode).padStart(4, '0');
  const special = specialBits.filter(([bit]) => (mode & bit) !== 0n).map(([, name]) => name);
  const permissions = (mode & permissionMask).toString(8).padStart(4, '0');
  return [type, ...special, permissions].join('|');
}

export function isDevice(mode: bigint): boolean {
  return (mode & typeMask) === character || (mode & typeMask) === block;
}

/** makedev(3) of the kernel's 32-bit device numbers. */
export function deviceText(device: bigint): string {
  const major = (device >> 8n) & 0xfffn;
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  return makeDevice(major, minor);
}

function makeDevice(major: bigint, minor: bigint): string {
  return `makedev(${hex(major)}, ${hex(minor)})`;
}

type StatField =
  | `st_${'dev' | 'ino' | 'mode' | 'nlink' | 'uid' | 'gid' | 'rdev' | 'size' | 'blksize' | 'blocks'}`
  | `st_${'a' | 'm' | 'c'}time${'' | '_nsec'}`;

/** Everything in it. */
function wholeStatText(values: Record<StatField, bigint>): string {
  const counts = (names: readonly StatField[]): string[] => names.map((name) => `${name}=${values[name]}`);
  const times = (['st_atime', 'st_mtime', 'st_ctime'] as const).flatMap((name) => {
    const [seconds, part] = [BigInt.asIntN(64, values[name]), values[`${name}_nsec`]];
    const date = seconds === 0n && part === 0n ? '' : ` /* ${dateText(seconds, part, 1_000_000_000n)} */`;
    return [`${name}=${seconds}${date}`, `${name}_nsec=${part}`];
  });
  const fields = [
    `st_dev=${deviceText(values.st_dev)}`,
    ...counts(['st_ino']),
    `st_mode=${fileModeText(values.st_mode)}`,
    ...counts(['st_nlink', 'st_uid', 'st_gid', 'st_blksize', 'st_blocks']),
    isDevice(values.st_mode) ? `st_rdev=${deviceText(values.st_rdev)}` : `st_size=${values.st_size}`,
    ...times,
  ];
  return `{${fields.join(', ')}}`;
}

/** `struct stat`, in short unless it is to be whole. */
function statDecoder(layout: 'stat' | 'stat64'): Decoder {
  const structs = new WeakMap<SystemCallAbi, Struct<StatField>>();
  const structOf = (abi: SystemCallAbi): Struct<StatField> => {
    const known = structs.get(abi) ?? struct<StatField>(abi[layout] as Record<StatField, never>);
    structs.set(abi, known);
    return known;
  };
  const decode: Decoder = (value, call) => {
    const values = structOf(call.abi).read(value, call);
    if (values === undefined) return addressText(value);
    if (call.options.isWhole === true) return wholeStatText(values);
    const detail = isDevice(values.st_mode)
      ? `st_rdev=${deviceText(values.st_rdev)}`
      : `st_size=${values.st_size}`;
    return `{st_mode=${fileModeText(values.st_mode)}, ${detail}, ...}`;
  };
  return reading(decode, (index, { abi }) => [{ argument: index, mostBytes: structOf(abi).sizeBytes(abi) }]);
}

export const stat = statDecoder('stat');
export const stat64 = statDecoder('stat64');

const statxStruct = struct({
  stx_mask: 'u32',
  stx_blksize: 'u32',
  stx_attributes: 'u64',
  stx_nlink: 'u32',
  stx_uid: 'u32',
  stx_gid: 'u32',
  stx_mode: 'u16',
  spare: 2,
  stx_ino: 'u64',
  stx_size: 'u64',
  behind: 208,
});

export const statx = statxStruct.decoder(
  (values) =>
    `{stx_mask=${flagsOf(values.stx_mask, statxMasks)}, stx_attributes=${flagsOf(values.stx_attributes, statxAttributes)}, ` +
    `stx_mode=${fileModeText(values.stx_mode)}, stx_size=${values.stx_size}, ...}`,
);

const statfsStruct = struct({
  f_type: 'long',
  f_bsize: 'long',
  f_blocks: 'ulong',
  f_bfree: 'ulong',
  f_bavail: 'ulong',
  f_files: 'ulong',
  f_ffree: 'ulong',
  id0: 'u32',
  id1: 'u32',
  f_namelen: 'long',
  f_frsize: 'long',
  f_flags: 'long',
});

const statfs64Struct = struct({
  f_type: 'i32',
  f_bsize: 'i32',
  f_blocks: 'u64',
  f_bfree: 'u64',
  f_bavail: 'u64',
  f_files: 'u64',
  f_ffree: 'u64',
  id0: 'u32',
  id1: 'u32',
  f_namelen: 'i32',
  f_frsize: 'i32',
  f_flags: 'i32',
});

type StatfsField = keyof ReturnType<typeof statfsStruct.parse>;

function statfsText(values: Record<StatfsField, bigint>): string {
  const counts = (['f_bsize', 'f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'] as const)
    .map((name) => `${name}=${values[name]}`)
    .join(', ');
  return (
    `{f_type=${oneOf(BigInt.asUintN(32, values.f_type), fileSystems)}, ${counts}, f_fsid={val=[${hex(values.id0)}, ${hex(values.id1)}]}, ` +
    `f_namelen=${values.f_namelen}, f_frsize=${values.f_frsize}, f_flags=${flagsOf(values.f_flags, mountBits)}}`
  );
}

export const statfs = statfsStruct.decoder(statfsText);
/** Of 32-bit architectures. */
export const statfs64 = statfs64Struct.decoder(statfsText);

const lockFields = { l_type: 'i16', l_whence: 'i16' } as const;
const lockStruct = struct({ ...lockFields, l_start: 'long', l_len: 'long', l_pid: 'i32' });
const lock64Struct = struct({ ...lockFields, l_start: 'i64', l_len: 'i64', l_pid: 'i32' });

/** `struct flock`; its owner is the kernel's answer. */
export function lockDecoder(isWide: boolean, showsOwner: boolean): Decoder {
  return (isWide ? lock64Struct : lockStruct).decoder(({ l_type, l_whence, l_start, l_len, l_pid }) => {
    const owner = showsOwner ? `, l_pid=${l_pid}` : '';
    return `{l_type=${oneOf(l_type, lockTypes)}, l_whence=${oneOf(l_whence, seekOrigins)}, l_start=${l_start}, l_len=${l_len}${owner}}`;
  });
}

const accessMask = 3n;
/** __O_TMPFILE and O_DIRECTORY together. */
const temporaryName = '__O_TMPFILE';

function openFlagTable(call: CallFacts): Constants {
  const { O_DIRECT, O_LARGEFILE, O_NOFOLLOW, O_DIRECTORY } = call.abi.openFlags;
  const [temporary] = laterOpenFlagBits.rows.filter(([name]) => name === temporaryName);
  return {
    unknown: openFlagBits.unknown,
    rows: [
      ...openFlagBits.rows,
      ['O_DIRECT', BigInt(O_DIRECT)],
      ['O_LARGEFILE', BigInt(O_LARGEFILE)],
      ['O_NOFOLLOW', BigInt(O_NOFOLLOW)],
      ...laterOpenFlagBits.rows.filter(([name]) => name !== temporaryName),
      ['O_TMPFILE', (temporary?.[1] ?? 0n) | BigInt(O_DIRECTORY)],
      ['O_DIRECTORY', BigInt(O_DIRECTORY)],
    ],
  };
}

export function openFlagsText(value: bigint, call: CallFacts): string {
  const { names, rest } = splitFlags(value & ~accessMask, openFlagTable(call));
  const access = nameOf(value & accessMask, accessModes) ?? '';
  return [access, ...names, ...(rest === 0n ? [] : [hex(rest)])].join('|');
}

export const openFlags = ofRegisters<Decoder>((value, call) =>
  openFlagsText(BigInt.asUintN(32, value), call),
);

const creating = 0o20000100n;

/** The mode of a new file; without one the call has no such argument. */
export function newFileMode(flagsIndex: number): Decoder {
  return ofRegisters<Decoder>((value, call) => {
    const creates = (argument(call, flagsIndex) & creating) !== 0n;
    return creates ? octal(BigInt.asUintN(32, value)).padStart(4, '0') : undefined;
  });
}

export const permissions = ofRegisters<Decoder>((value) => permissionText(BigInt.asUintN(16, value)));

export function permissionText(value: bigint): string {
  return `0${value.toString(8).padStart(2, '0')}`;
}

const howStruct = struct({ flags: 'u64', mode: 'u64', resolve: 'u64' });
export const openHow = howStruct.decoder(({ flags, mode, resolve }, call) => {
  const shownMode = (flags & creating) !== 0n || mode !== 0n ? `, mode=${permissionText(mode)}` : '';
  return `{flags=${openFlagsText(flags, call)}${shownMode}, resolve=${flagsOf(resolve, resolveFlags)}}`;
});

/** Two descriptors. */
export const descriptorPair = reading<Decoder>(
  (value, call) => {
    const bytes = call.memory.exact(value, 8);
    if (bytes === undefined) return addressText(value);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return `[${[0, 4].map((offset) => descriptorText(view.getInt32(offset, true), call)).join(', ')}]`;
  },
  (index) => [{ argument: index, mostBytes: 8 }],
);
