/** Processes: arguments, limits, usage, wait status, `struct clone_args`; execve(2), getrlimit(2), wait(2), clone(2). */
import { addressText, hasFailed, stringText } from '../basics.js';
import { argument, type CallFacts, type Decoder, type Parameter, reading, readingAs } from '../call-facts.js';
import { hex, splitFlags } from '../constants.js';
import { quoted } from '../quoting.js';
import { struct } from '../struct.js';
import { clone3Flags, cloneFlags } from '../tables/processes.js';
import { signalName } from '../tables/signals.js';

/** How many words of a command line are shown. */
const shownWords = 32;
/** How many variables are counted, a page of pointers at a time. */
const mostVariables = 1 << 16;

const pointerStruct = struct({ pointer: 'pointer' });

function pointerAt(at: bigint, call: CallFacts): bigint | undefined {
  return pointerStruct.read(at, call)?.pointer;
}

/** argv: strings, as far as there is room. */
export const words: Decoder = (value, call) => {
  if (value === 0n) return 'NULL';
  const texts: string[] = [];
  for (let index = 0; ; index++) {
    const pointer = pointerAt(value + BigInt(index * call.abi.longBytes), call);
    if (pointer === undefined) return index === 0 ? addressText(value) : `[${[...texts, '...'].join(', ')}]`;
    if (pointer === 0n) return `[${texts.join(', ')}]`;
    if (index === shownWords && call.options.isWhole !== true) return `[${[...texts, '...'].join(', ')}]`;
    texts.push(stringText(pointer, call));
  }
};

/** envp: where it is, and how many variables there are, or all of them. */
export const variables: Decoder = (value, call, index) => {
  if (value === 0n) return 'NULL';
  if (call.options.isWhole === true) return words(value, call, index);
  const count = countPointers(value, call);
  const text = count === undefined ? 'unterminated' : `${count} var${count === 1 ? '' : 's'}`;
  return `${addressText(value)} /* ${text} */`;
};

function countPointers(at: bigint, { memory, abi }: CallFacts): number | undefined {
  const perRead = 512;
  for (let first = 0; first < mostVariables; first += perRead) {
    for (let index = first; index < first + perRead; index++) {
      const bytes = memory.exact(at + BigInt(index * abi.longBytes), abi.longBytes);
      if (bytes === undefined) return undefined;
      if (bytes.every((byte) => byte === 0)) return index;
    }
  }
  return undefined;
}

const limitStruct = struct({ current: 'ulong', most: 'ulong' });
const limit64Struct = struct({ current: 'u64', most: 'u64' });

function limitText(name: 'RLIM' | 'RLIM64', infinity: bigint): (value: bigint) => string {
  return (value) => {
    if (value === infinity) return `${name}_INFINITY`;
    return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : value.toString();
  };
}

const text64 = limitText('RLIM64', (1n << 64n) - 1n);
export const limit64 = limit64Struct.decoder(
  ({ current, most }) => `{rlim_cur=${text64(current)}, rlim_max=${text64(most)}}`,
);
export const limit = limitStruct.decoder(({ current, most }, { abi }) => {
  const text = abi.longBytes === 8 ? text64 : limitText('RLIM', 0xffffffffn);
  return `{rlim_cur=${text(current)}, rlim_max=${text(most)}}`;
});

const usageCounts = {
  ru_maxrss: 'long',
  ru_ixrss: 'long',
  ru_idrss: 'long',
  ru_isrss: 'long',
  ru_minflt: 'long',
  ru_majflt: 'long',
  ru_nswap: 'long',
  ru_inblock: 'long',
  ru_oublock: 'long',
  ru_msgsnd: 'long',
  ru_msgrcv: 'long',
  ru_nsignals: 'long',
  ru_nvcsw: 'long',
  ru_nivcsw: 'long',
} as const;
const usageNames = Object.keys(usageCounts) as readonly (keyof typeof usageCounts)[];
export const usage = struct({ us: 'long', uu: 'long', ss: 'long', su: 'long', ...usageCounts }).decoder(
  (values, { options }) => {
    const times = `ru_utime={tv_sec=${values.us}, tv_usec=${values.uu}}, ru_stime={tv_sec=${values.ss}, tv_usec=${values.su}}`;
    const counts = options.isWhole === true ? usageNames.map((name) => `${name}=${values[name]}`) : ['...'];
    return `{${[times, ...counts].join(', ')}}`;
  },
);

/** By the macros of wait(2). */
export function waitStatusText(status: number): string {
  const signal = status & 0x7f;
  const code = (status >> 8) & 0xff;
  if (status === 0xffff) return '{WIFCONTINUED(s)}';
  if (signal === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${code}}`;
  if (signal === 0x7f) {
    const event = status >> 16;
    const note = event === 0 ? '' : ` /* PTRACE_EVENT ${event} */`;
    return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(code & 0x7f)}${(code & 0x80) === 0 ? '' : ' | 0x80'}}${note}`;
  }
  const dumped = (status & 0x80) === 0 ? '' : ' && WCOREDUMP(s)';
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signal)}${dumped}}`;
}

/** Filled in when a child was found. */
export function whenFound(decode: Decoder): Decoder {
  return readingAs<Decoder>(
    (value, call, index) =>
      hasFailed(call) || call.result === 0n ? addressText(value) : decode(value, call, index),
    decode,
    (read) => ({ ...read, needsSuccess: true }),
  );
}

export const waitStatus = reading<Decoder>(
  (value, { memory }) => {
    const bytes = memory.exact(value, 4);
    if (bytes === undefined) return addressText(value);
    return `[${waitStatusText(new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true))}]`;
  },
  (index) => [{ argument: index, mostBytes: 4 }],
);

const exitSignalMask = 0xffn;

/** The lowest byte is the signal at the end of the child. */
export function cloneFlagsText(flags: bigint): string {
  const { names, rest } = splitFlags(flags & ~exitSignalMask, cloneFlags);
  const signal = Number(flags & exitSignalMask);
  const all = [...names, ...(rest === 0n ? [] : [hex(rest)]), ...(signal === 0 ? [] : [signalName(signal)])];
  return all.length === 0 ? '0' : all.join('|');
}

const cloneBits = {
  pidfd: 0x1000n,
  settls: 0x80000n,
  parentSettid: 0x100000n,
  childIds: 0x1200000n,
} as const;

function idText(at: bigint, call: CallFacts): string {
  const bytes = hasFailed(call) ? undefined : call.memory.exact(at, 4);
  if (bytes === undefined) return addressText(at);
  return `[${new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true)}]`;
}

/** The arguments behind the flags lie in another order on each architecture, and are there as the flags say. */
export const cloneRest: Parameter = {
  onReturn: (_value, call) => {
    const { parentTid, childTid, tls } = call.abi.cloneArguments;
    const flags = argument(call, 0);
    const texts: string[] = [];
    const isPidfd = (flags & cloneBits.pidfd) !== 0n;
    if (isPidfd || (flags & cloneBits.parentSettid) !== 0n)
      texts.push(`${isPidfd ? 'pidfd' : 'parent_tid'}=${idText(argument(call, parentTid), call)}`);
    if ((flags & cloneBits.settls) !== 0n) texts.push(`tls=${addressText(argument(call, tls))}`);
    if ((flags & cloneBits.childIds) !== 0n)
      texts.push(`child_tidptr=${addressText(argument(call, childTid))}`);
    return texts.map((text) => `, ${text}`).join('');
  },
  onEntry: (_value, call) =>
    `child_stack=${addressText(argument(call, 1))}, flags=${cloneFlagsText(argument(call, 0))}`,
};

const cloneStruct = struct({
  flags: 'u64',
  pidfd: 'u64',
  child_tid: 'u64',
  parent_tid: 'u64',
  exit_signal: 'u64',
  stack: 'u64',
  stack_size: 'u64',
  tls: 'u64',
});

function clone3FlagsText(flags: bigint): string {
  const { names, rest } = splitFlags(flags, {
    ...cloneFlags,
    rows: [...cloneFlags.rows, ...clone3Flags.rows],
  });
  return [...names, ...(rest === 0n ? [] : [hex(rest)])].join('|') || '0';
}

const reportsIds = cloneBits.pidfd | cloneBits.parentSettid;

export const clone3Arguments: Parameter = {
  onEntry: (value, call) => {
    const values = cloneStruct.read(value, call);
    if (values === undefined) return addressText(value);
    const has = (bits: bigint): boolean => (values.flags & bits) !== 0n;
    const fields = [
      `flags=${clone3FlagsText(values.flags)}`,
      ...(has(cloneBits.pidfd) ? [`pidfd=${addressText(values.pidfd)}`] : []),
      ...(has(cloneBits.childIds) ? [`child_tid=${addressText(values.child_tid)}`] : []),
      ...(has(cloneBits.parentSettid) ? [`parent_tid=${addressText(values.parent_tid)}`] : []),
      `exit_signal=${values.exit_signal === 0n ? '0' : signalName(Number(values.exit_signal))}`,
      `stack=${addressText(values.stack)}`,
      `stack_size=${hex(values.stack_size)}`,
      ...(has(cloneBits.settls) ? [`tls=${addressText(values.tls)}`] : []),
    ];
    return `{${fields.join(', ')}}`;
  },
  awaitsReturn: (value, call) => ((cloneStruct.read(value, call)?.flags ?? 0n) & reportsIds) !== 0n,
  onReturn: (value, call) => {
    const values = hasFailed(call) ? undefined : cloneStruct.read(value, call);
    if (values === undefined) return '';
    const fields = [
      ...((values.flags & cloneBits.parentSettid) === 0n
        ? []
        : [`parent_tid=${idText(values.parent_tid, call)}`]),
      ...((values.flags & cloneBits.pidfd) === 0n ? [] : [`pidfd=${idText(values.pidfd, call)}`]),
    ];
    return ` => {${fields.join(', ')}}`;
  },
};

/** struct new_utsname: six strings of 65 bytes. */
const nameBytes = 65;
export const systemName = reading<Decoder>(
  (value, { memory, options }) => {
    const bytes = memory.exact(value, 6 * nameBytes);
    if (bytes === undefined) return addressText(value);
    const text = (index: number): string => {
      const field = bytes.subarray(index * nameBytes, (index + 1) * nameBytes);
      return quoted(field.subarray(0, Math.max(0, field.indexOf(0))), options.escapes);
    };
    if (options.isWhole !== true) return `{sysname=${text(0)}, nodename=${text(1)}, ...}`;
    const names = ['sysname', 'nodename', 'release', 'version', 'machine', 'domainname'];
    return `{${names.map((name, index) => `${name}=${text(index)}`).join(', ')}}`;
  },
  (index) => [{ argument: index, mostBytes: 6 * nameBytes }],
);

export const systemInformation = struct({
  uptime: 'long',
  load0: 'ulong',
  load1: 'ulong',
  load2: 'ulong',
  totalram: 'ulong',
  freeram: 'ulong',
  sharedram: 'ulong',
  bufferram: 'ulong',
  totalswap: 'ulong',
  freeswap: 'ulong',
  procs: 'u16',
  padding: 'u16',
  totalhigh: 'ulong',
  freehigh: 'ulong',
  mem_unit: 'u32',
}).decoder((values) => {
  const names = [
    'totalram',
    'freeram',
    'sharedram',
    'bufferram',
    'totalswap',
    'freeswap',
    'procs',
    'totalhigh',
    'freehigh',
    'mem_unit',
  ] as const;
  const rest = names.map((name) => `${name}=${values[name]}`).join(', ');
  return `{uptime=${values.uptime}, loads=[${values.load0}, ${values.load1}, ${values.load2}], ${rest}}`;
});

/** A set of processors, whose length is another argument or the result. */
export function processorSet(lengthOf: (call: CallFacts) => number): Decoder {
  return (value, call) => {
    const bytes = call.memory.exact(value, lengthOf(call));
    if (bytes === undefined) return addressText(value);
    const numbers = [...bytes].flatMap((byte, at) =>
      Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1 ? [8 * at + bit] : [])).flat(),
    );
    return `[${numbers.join(' ')}]`;
  };
}
