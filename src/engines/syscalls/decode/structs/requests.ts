/** What the requests of ioctl(2), fcntl(2), futex(2), prctl(2) and socket options take and return. */
import { address, addressText, bytesText, descriptorResult, filled, hasFailed, int } from '../basics.js';
import {
  argument,
  type CallFacts,
  type Decoder,
  decimalResult,
  intOf,
  ofRegisters,
  reading,
  readsOf,
} from '../call-facts.js';
import { flagsOf, hex, nameOf, octal, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import { descriptorFlags, fcntlCommands, lockCommands64 } from '../tables/files.js';
import { ioctls } from '../tables/ioctls.js';
import {
  internetProtocols,
  ipOptions,
  ipv6Options,
  netlinkProtocols,
  optionLevels,
  socketFlags,
  socketOptions,
  socketTypes,
  tcpOptions,
} from '../tables/network.js';
import { futexCommands, futexFlags } from '../tables/processes.js';
import { signalName } from '../tables/signals.js';
import { lockDecoder, openFlagsText } from './files.js';
import { terminal, windowSize } from './terminals.js';
import { timespec, timespec64 } from './times.js';

/** An int in memory. */
export const intInMemory = reading<Decoder>(
  (value, { memory }) => {
    const bytes = memory.exact(value, 4);
    if (bytes === undefined) return addressText(value);
    return `[${new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true)}]`;
  },
  (index) => [{ argument: index, mostBytes: 4 }],
);

export const longInMemory = struct({ value: 'long' }).decoder(({ value }) => `[${value}]`);

/** What a length was, and what the kernel has made of it. */
export const changedLength: Decoder = (value, call, index) => {
  const before = call.notes.get(index);
  const after = intInMemory(value, call, index);
  if (before === undefined || before === after || hasFailed(call)) return before ?? after;
  return `[${before.slice(1, -1)} => ${(after ?? '').slice(1)}`;
};

export const ioctlRequest = ofRegisters<Decoder>((value) => {
  const request = BigInt.asUintN(32, value);
  return nameOf(request, ioctls) ?? ioctlNumberText(request);
});

const directions = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'];

/** <asm-generic/ioctl.h> */
function ioctlNumberText(request: bigint): string {
  const bits = (shift: bigint, mask: bigint): bigint => (request >> shift) & mask;
  const direction = directions[Number(bits(30n, 3n))] ?? '';
  return `_IOC(${direction}, ${hex(bits(8n, 0xffn))}, ${hex(bits(0n, 0xffn))}, ${hex(bits(16n, 0x3fffn))})`;
}

const ioctlIn: Readonly<Record<string, Decoder>> = {
  TCSETS: terminal,
  TCSETSW: terminal,
  TCSETSF: terminal,
  TIOCSWINSZ: windowSize,
  TIOCSPGRP: intInMemory,
  TIOCSPTLCK: intInMemory,
  FIONBIO: intInMemory,
  FIOASYNC: intInMemory,
  TCFLSH: int,
  TCXONC: int,
  TCSBRK: int,
  FICLONE: int,
};
const ioctlOut: Readonly<Record<string, Decoder>> = {
  TCGETS: terminal,
  TIOCGWINSZ: windowSize,
  TIOCGPGRP: intInMemory,
  TIOCGSID: intInMemory,
  TIOCGPTN: intInMemory,
  TIOCOUTQ: intInMemory,
  TIOCGETD: intInMemory,
  FIONREAD: intInMemory,
};
const ioctlWithoutArgument = new Set(['FIOCLEX', 'FIONCLEX', 'TIOCNOTTY', 'TIOCEXCL', 'TIOCNXCL']);

function ioctlName(call: CallFacts): string {
  return nameOf(BigInt.asUintN(32, argument(call, 1)), ioctls) ?? '';
}

export const ioctlArgument = {
  onEntry: (value: bigint, call: CallFacts, index: number): string | undefined => {
    const name = ioctlName(call);
    if (ioctlWithoutArgument.has(name)) return undefined;
    return (ioctlIn[name] ?? ((plain: bigint) => (name === '' ? hex(plain) : addressText(plain))))(
      value,
      call,
      index,
    );
  },
};
export const ioctlResult: Decoder = (value, call, index) =>
  filled(ioctlOut[ioctlName(call)] ?? address)(value, call, index);
export function fillsIoctl(call: CallFacts): boolean {
  return ioctlOut[ioctlName(call)] !== undefined;
}

export const fcntlCommand = ofRegisters<Decoder>((value) => {
  const command = BigInt.asUintN(32, value);
  return nameOf(command, lockCommands64) ?? oneOf(command, fcntlCommands);
});

const lock = lockDecoder(false, false);
const lock64 = lockDecoder(true, false);
const foundLock = filled(lockDecoder(false, true));
const foundLock64 = filled(lockDecoder(true, true));
const owner = struct({ type: 'i32', pid: 'i32' }).decoder(
  ({ type, pid }) =>
    `{type=${['F_OWNER_TID', 'F_OWNER_PID', 'F_OWNER_PGRP'][Number(type)] ?? String(type)}, pid=${pid}}`,
);

const fcntlIn: Readonly<Record<string, Decoder>> = {
  F_DUPFD: int,
  F_DUPFD_CLOEXEC: int,
  F_SETFD: (value) => flagsOf(BigInt.asUintN(32, value), descriptorFlags),
  F_SETFL: (value, call) => openFlagsText(BigInt.asUintN(32, value), call),
  F_SETLK: lock,
  F_SETLKW: lock,
  F_OFD_SETLK: lock64,
  F_OFD_SETLKW: lock64,
  F_SETLK64: lock64,
  F_SETLKW64: lock64,
  F_SETOWN: int,
  F_SETPIPE_SZ: int,
  F_SETSIG: (value) => signalName(intOf(value)),
  F_SETOWN_EX: owner,
  F_ADD_SEALS: (value) => hex(value),
  F_SETLEASE: int,
};
const fcntlOut: Readonly<Record<string, Decoder>> = {
  F_GETLK: foundLock,
  F_OFD_GETLK: foundLock64,
  F_GETLK64: foundLock64,
  F_GETOWN_EX: filled(owner),
};
const fcntlWithoutArgument = new Set([
  'F_GETFD',
  'F_GETFL',
  'F_GETOWN',
  'F_GETSIG',
  'F_GETLEASE',
  'F_GETPIPE_SZ',
  'F_GET_SEALS',
]);

function fcntlName(call: CallFacts): string {
  const command = BigInt.asUintN(32, argument(call, 1));
  return nameOf(command, fcntlCommands) ?? nameOf(command, lockCommands64) ?? '';
}

export const fcntlArgument = {
  onEntry: (value: bigint, call: CallFacts, index: number): string | undefined => {
    const name = fcntlName(call);
    return fcntlWithoutArgument.has(name) ? undefined : (fcntlIn[name] ?? address)(value, call, index);
  },
};
export function fillsFcntl(call: CallFacts): boolean {
  return fcntlOut[fcntlName(call)] !== undefined;
}
export const fcntlFilled: Decoder = (value, call, index) =>
  (fcntlOut[fcntlName(call)] ?? address)(value, call, index);

export function fcntlResult(result: bigint, call: CallFacts): string {
  switch (fcntlName(call)) {
    case 'F_DUPFD':
    case 'F_DUPFD_CLOEXEC':
      return descriptorResult(result, call);
    case 'F_GETFD':
      return result === 0n ? '0' : `${hex(result)} (flags ${flagsOf(result, descriptorFlags)})`;
    case 'F_GETFL':
      return `${hex(result)} (flags ${openFlagsText(result, call)})`;
    default:
      return decimalResult(result);
  }
}

const futexMask = ~(futexFlags.private | futexFlags.realtime);

function futexCommand(call: CallFacts): string {
  return nameOf(BigInt.asUintN(32, argument(call, 1)) & futexMask, futexCommands) ?? '';
}

export const futexOperation = ofRegisters<Decoder>((value) => {
  const operation = BigInt.asUintN(32, value);
  const command = oneOf(operation & futexMask, futexCommands);
  const isPrivate = (operation & futexFlags.private) !== 0n;
  const isRealtime = (operation & futexFlags.realtime) !== 0n;
  return `${command}${isPrivate ? '_PRIVATE' : ''}${isRealtime ? '|FUTEX_CLOCK_REALTIME' : ''}`;
});

const uint: Decoder = (value) => BigInt.asUintN(32, value).toString();
const bitset: Decoder = (value) =>
  BigInt.asUintN(32, value) === 0xffffffffn ? 'FUTEX_BITSET_MATCH_ANY' : hex(BigInt.asUintN(32, value));
const wakeOperations = ['FUTEX_OP_SET', 'FUTEX_OP_ADD', 'FUTEX_OP_OR', 'FUTEX_OP_ANDN', 'FUTEX_OP_XOR'];
const comparisons = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE'].map((name) => `FUTEX_OP_CMP_${name}`);
const wakeOperation: Decoder = (value) => {
  const bits = (shift: bigint, mask: bigint): bigint => (value >> shift) & mask;
  const shift = bits(31n, 1n) === 1n ? 'FUTEX_OP_OPARG_SHIFT<<28|' : '';
  const operation = wakeOperations[Number(bits(28n, 7n))] ?? hex(bits(28n, 7n));
  const comparison = comparisons[Number(bits(24n, 15n))] ?? hex(bits(24n, 15n));
  return `${shift}${operation}<<28|${hex(bits(12n, 0xfffn))}<<12|${comparison}<<24|${hex(bits(0n, 0xfffn))}`;
};

/** What stands behind the operation: value, time-out or second value, second address, third value; futex(2). */
function futexRest(time: Decoder): Readonly<Record<string, readonly (Decoder | undefined)[]>> {
  return {
    FUTEX_WAIT: [uint, time],
    FUTEX_WAKE: [uint],
    FUTEX_FD: [uint],
    FUTEX_REQUEUE: [uint, uint, address],
    FUTEX_CMP_REQUEUE: [uint, uint, address, uint],
    FUTEX_WAKE_OP: [uint, uint, address, wakeOperation],
    FUTEX_LOCK_PI: [undefined, time],
    FUTEX_LOCK_PI2: [undefined, time],
    FUTEX_UNLOCK_PI: [],
    FUTEX_TRYLOCK_PI: [],
    FUTEX_WAIT_BITSET: [uint, time, undefined, bitset],
    FUTEX_WAKE_BITSET: [uint, undefined, undefined, bitset],
    FUTEX_WAIT_REQUEUE_PI: [uint, time, address],
    FUTEX_CMP_REQUEUE_PI: [uint, uint, address, uint],
  };
}

/** All that is behind the operation, in one text. */
function futexDecoder(time: Decoder): Decoder {
  const known = futexRest(time);
  const decode: Decoder = (_value, call) => {
    const rest = known[futexCommand(call)] ?? [hexUnsigned, address, address, hexUnsigned];
    const texts = rest.flatMap((decode, at) => {
      const text = decode?.(argument(call, 2 + at), call, 2 + at);
      return text === undefined ? [] : [text];
    });
    return texts.length === 0 ? undefined : texts.join(', ');
  };
  // No other of its arguments is in memory.
  return reading(decode, (_index, facts) => readsOf(time, 3, facts) ?? []);
}

const hexUnsigned: Decoder = (value) => hex(BigInt.asUintN(32, value));
export const futexArguments = futexDecoder(timespec);
export const futexArguments64 = futexDecoder(timespec64);

const typeMask = 0xfn;

export const socketType = ofRegisters<Decoder>((value) => {
  const kind = BigInt.asUintN(32, value);
  const flags = kind & ~typeMask;
  const type = oneOf(kind & typeMask, socketTypes);
  return flags === 0n ? type : `${type}|${flagsOf(flags, socketFlags)}`;
});

const [internet, internet6, netlink] = [2n, 10n, 16n];

export const socketProtocol = ofRegisters<Decoder>((value, call) => {
  const protocol = BigInt.asUintN(32, value);
  const family = argument(call, 0);
  if (family === internet || family === internet6) return oneOf(protocol, internetProtocols);
  return family === netlink ? oneOf(protocol, netlinkProtocols) : protocol.toString();
});

const optionTables = new Map([
  [1n, socketOptions],
  [0n, ipOptions],
  [6n, tcpOptions],
  [41n, ipv6Options],
]);

export const optionLevel = ofRegisters<Decoder>((value) => oneOf(BigInt.asUintN(32, value), optionLevels));
export const optionName = ofRegisters<Decoder>((value, call) => {
  const table = optionTables.get(BigInt.asUintN(32, argument(call, 1)));
  return table === undefined ? octalOrHex(value) : oneOf(BigInt.asUintN(32, value), table);
});

function octalOrHex(value: bigint): string {
  return value < 8n ? octal(value) : hex(value);
}

const linger = struct({ on: 'i32', time: 'i32' }).decoder(
  ({ on, time }) => `{l_onoff=${on}, l_linger=${time}}`,
);
const peer = struct({ pid: 'i32', uid: 'i32', gid: 'i32' }).decoder(
  ({ pid, uid, gid }) => `{pid=${pid}, uid=${uid}, gid=${gid}}`,
);

/** By its length, and the option where it is no number. */
export function optionValue(lengthOf: (call: CallFacts) => number): Decoder {
  return (value, call, index) => {
    const length = lengthOf(call);
    const name = argument(call, 1) === 1n ? nameOf(BigInt.asUintN(32, argument(call, 2)), socketOptions) : '';
    if (name === 'SO_LINGER' && length === 8) return linger(value, call, index);
    if (name === 'SO_PEERCRED' && length === 12) return peer(value, call, index);
    return length === 4 ? intInMemory(value, call, index) : bytesText(value, length, call);
  };
}
