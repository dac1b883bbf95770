/**
 * What runs in the guest, in groups of one mocha each: what is known to pass there. Emulation on two cores is ten to
 * twenty times slower than the machine itself, so that the whole suite takes more than an hour, and most of it runs only
 * when it is asked for. Each file of the suite is in one of the lists, or left out for a reason.
 */
export type Length = 'short' | 'long' | 'slow';

export interface TestGroup {
  /** The folder, with `long:` or `slow:` before it where it is. */
  readonly name: string;
  readonly length: Length;
  /** Compiled test files, from the project's folder. */
  readonly files: readonly string[];
}

type FilesByFolder = Readonly<Record<string, readonly string[]>>;

const short: FilesByFolder = {
  native: ['binding', 'frame', 'libraries', 'out-of-line', 'task-lines'],
  core: [
    'aarch64-state',
    'blocked-in-slots',
    'breakpoint',
    'broken-off-calls',
    'call-filter',
    'call-log',
    'caught-calls',
    'ended-leader',
    'ends',
    'exclusive-sequences',
    'foreign-threads',
    'interrupted-hits',
    'launch',
    'other-width',
    'regsets',
    'single-hits',
    'stops-per-hit',
  ],
  'engines/gdb': [
    'breakpoints',
    'children',
    'environment',
    'exec',
    'features',
    'file-system',
    'memory-tags',
    'observing',
    'packet-queue',
    'registers-memory',
    'resume-actions',
    'signals',
    'stepping',
    'thread-selection',
    'vector-length',
  ],
  'core/program': ['auxv', 'evidence'],
  'engines/syscalls': ['decode', 'logged-calls', 'selection', 'tables'],
};

/** A quarter of an hour together with the short ones. */
const long: FilesByFolder = {
  native: ['out-of-line-sweep'],
  core: [
    'agent-expression',
    'attach',
    'hold',
    'hot-threads',
    'inherited',
    'left-points',
    'loaded-objects',
    'quiet-children',
    'range-run',
    'sentinel',
    'signal-paths',
    'stepping',
    'watched-values',
  ],
  'core/program': ['thread-local'],
  'engines/scripted': ['scripted-engine'],
  'engines/syscalls': ['several-engines'],
  'debug-info': ['damaged-files', 'frame-rules'],
};

/** What `all` has no quarter of an hour for. */
const slow: FilesByFolder = {
  core: [
    'batches',
    'block-step',
    'breakpoint-programs',
    'child-storms',
    'engines',
    'families',
    'faults',
    'followed-children',
    'many-mappings',
    'many-reads',
    'random-breakpoints',
    'slot-memory',
    'unnoticed',
    'unusual-text',
    'wait-clock',
    'worker',
  ],
  'core/program': ['link-map', 'read-ahead'],
  'core/refusal': ['executable', 'explain', 'situations'],
  'engines/crash': ['crash-engine'],
  'engines/gdb': [
    'bad-input',
    'breakpoint-programs',
    'host-io',
    'lldb',
    'lldb-host',
    'lldb-launch',
    'lost-clients',
    'monitor',
    'multi-process',
    'negotiation',
    'non-stop',
    'osdata',
    'packet-table',
    'processes',
    'repeated-packets',
    'search',
    'several-clients',
    'stalled-packet',
    'system-calls',
    'thread-events',
    'trace-expressions',
    'tracing',
    'transfer',
  ],
  native: ['repeater'],
  engines: ['together'],
  'engines/examples': ['examples'],
  'engines/scripted': ['control', 'failures', 'faults', 'observers'],
  cli: [
    'address-family',
    'comm',
    'command-line',
    'connections',
    'core',
    'doctor',
    'explain',
    'http',
    'inherited-descriptors',
    'listen',
    'lldb-server-options',
    'lost-clients',
    'options',
    'poll-client',
    'repeated-packets',
    'repeated-runs',
    'run',
    'session-faults',
    'stack',
    'stacks-on-write',
    'status-lines',
    'strace',
    'strace-compared',
    'subcommands',
    'terminal',
    'terminals',
    'watch',
  ],
};

const lists = { short, long, slow } as const satisfies Readonly<Record<Length, FilesByFolder>>;

function groupsOf(length: Length): TestGroup[] {
  return Object.entries(lists[length]).map(([folder, files]) => ({
    name: length === 'short' ? folder : `${length}:${folder}`,
    length,
    files: files.map((file) => `dist/test/${folder}/${file}.test.js`),
  }));
}

export const groups: readonly TestGroup[] = [...groupsOf('short'), ...groupsOf('long'), ...groupsOf('slow')];

/** A line for each folder, as the README has them. */
export function selectionList(length: Length): readonly string[] {
  return Object.entries(lists[length]).map(([folder, files]) => `- \`${folder}\`: ${files.join(', ')}`);
}

/** Reasons, each with the files (below `test`, without their ending) and folders that it keeps out of the guest. */
export const leftOut: Readonly<Record<string, readonly string[]>> = {
  'about another machine': [
    'arch/i386',
    'arch/x86',
    'arch/x86_64',
    'cli/demo',
    'core/changing-text',
    'core/thirty-two-bit',
  ],
  'they know no machine, or ask the cross compiler and its objdump': [
    'aarch64/selection',
    'arch/aarch64',
    'arch/riscv64',
    'arch/system-calls',
    'base',
    'client',
    'conventions',
    'rsp',
  ],
  'need npm, esbuild, or a musl of the machine': ['cli/bundle', 'package', 'core/program/thread-local-musl'],
  'about time, or hours long': ['bench', 'conformance', 'soak'],
  'the debuggers take longer to load than the tests take; `outside` runs them on this machine': [
    'dap',
    'gdb',
    'lldb',
  ],
  'they count calls under strace(1), which stops a server that starts at each of them': [
    'core/system-calls',
    'engines/syscalls/cost',
  ],
  'its kernel hands no system calls back to a program': ['core/dispatched-calls'],
  'clients in them have bounds of their own (of gdb and LLDB two and some seconds), which a busy guest does not keep':
    ['cli/readme', 'cli/repeated-forks', 'cli/replay'],
  'needs npm as well, and one of its scripts puts memory back in which that kernel checks what it has there, rseq(2)':
    ['cli/scripts'],
};

/** As the README has them. */
export function leftOutList(): readonly string[] {
  return Object.entries(leftOut).map(
    ([reason, names]) => `- ${names.map((name) => `\`${name}\``).join(', ')}: ${reason}`,
  );
}

/** On this machine, with debuggers that speak aarch64. */
export const outsideFiles: readonly string[] = [
  'gdb-control',
  'gdb-points',
  'gdb-registers',
  'lldb',
  'client',
].map((name) => `dist/test/aarch64/outside/${name}.js`);

/** Of gdb's own suite; the list `aarch64` of test/conformance is a run of its own. */
export const suiteFiles: readonly string[] = ['gdb.arch/aarch64-fp.exp', 'gdb.base/break-always.exp'];
