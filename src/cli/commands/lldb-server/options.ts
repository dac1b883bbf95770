/** The command line of LLDB's server: `gdbserver` and `platform`, with lldb-server's options and meaning. */
import { parseArgs } from 'node:util';
import { findByName } from '../../../engines/gdb/lldb/process-list.js';
import { type Comm, parseComm } from '../../comm.js';
import type { DebugOptions, ServeOptions } from '../../options.js';
import { StartError } from '../../start-error.js';
import type { Target } from '../../target.js';
import type { DebugComponent } from '../../usage.js';
import { UsageError } from '../../usage-error.js';

/** Who is told the port that is listened on, once it is known. */
export interface PortReceivers {
  /** A descriptor, and the path of a named pipe: a NUL follows the port. */
  readonly pipe: number | undefined;
  readonly namedPipe: string | undefined;
  /** Paths of files that hold the port and nothing else. */
  readonly files: readonly string[];
}

export interface LldbServerOptions {
  readonly serve: Omit<ServeOptions, 'onListening'>;
  readonly portReceivers: PortReceivers;
  readonly isSession: boolean;
}

type Command = LldbServerOptions | 'version' | 'help';

/** @param words behind `lldb-server` @throws UsageError, StartError */
export function parseLldbServer(words: readonly string[]): Command {
  const [mode, ...rest] = words;
  switch (mode) {
    case 'g':
    case 'gdbserver':
      return parseGdbServer(rest);
    case 'p':
    case 'platform':
      return parsePlatform(rest);
    case 'v':
    case 'version':
      return 'version';
    default:
      throw new UsageError(mode === undefined ? 'The mode is missing.' : `Unknown mode: ${mode}`);
  }
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const logOptions = { 'log-file': text, 'log-channels': text, help: flag } as const;

const gdbServerOptions = {
  ...logOptions,
  fd: text,
  pipe: text,
  'named-pipe': text,
  attach: text,
  'reverse-connect': flag,
  setsid: flag,
  // Of older servers: that registers have LLVM's names.
  'native-regs': flag,
} as const;

const platformOptions = {
  ...logOptions,
  server: flag,
  listen: text,
  'port-file': text,
  'socket-file': text,
  // Programs are debugged through the port of the platform itself.
  'min-gdbserver-port': text,
  'max-gdbserver-port': text,
  'gdbserver-port': text,
  'port-offset': text,
} as const;

function parseGdbServer(words: readonly string[]): Command {
  const end = words.indexOf('--');
  const { values, operands } = parsed(end < 0 ? words : words.slice(0, end), gdbServerOptions);
  if (values.help === true) return 'help';
  const behind = end < 0 ? [] : words.slice(end + 1);
  const fd = values.fd;
  const address = fd === undefined ? operands[0] : undefined;
  const unmarked = operands.slice(fd === undefined ? 1 : 0);
  const program = end < 0 ? unmarked : behind;
  if (end >= 0 && unmarked.length > 0) throw new UsageError(`Unknown argument: ${unmarked[0]}`);
  const target = targetOf(values.attach, program);
  const comm = commOf(fd, address, values['reverse-connect'] === true);
  return {
    serve: {
      ...serveOptions(comm, target, values),
      once: true,
      // A client of a server without a program starts the one that it wants.
      multi: target.kind === 'none',
      sendsOutput: true,
    },
    portReceivers: {
      pipe: values.pipe === undefined ? undefined : numberOf('--pipe', values.pipe),
      namedPipe: values['named-pipe'],
      files: [],
    },
    isSession: values.setsid === true,
  };
}

function parsePlatform(words: readonly string[]): Command {
  const { values, operands } = parsed(words, platformOptions);
  if (values.help === true) return 'help';
  if (operands.length > 0) throw new UsageError(`Unknown argument: ${operands[0]}`);
  if (values.listen === undefined) throw new UsageError('--listen is missing.');
  const files = [values['port-file'], values['socket-file']].filter((path) => path !== undefined);
  return {
    serve: {
      ...serveOptions(addressOf(values.listen), { kind: 'none' }, values),
      once: values.server !== true,
      multi: true,
    },
    portReceivers: { pipe: undefined, namedPipe: undefined, files },
    isSession: false,
  };
}

type OptionTable = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
type ValuesOf<Options extends OptionTable> = {
  readonly [Name in keyof Options]?: Options[Name] extends { type: 'string' } ? string : boolean;
};

function parsed<Options extends OptionTable>(
  words: readonly string[],
  options: Options,
): { readonly values: ValuesOf<Options>; readonly operands: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    return { values: values as ValuesOf<Options>, operands: positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function serveOptions(
  comm: Comm,
  target: Target,
  log: { readonly 'log-file'?: string; readonly 'log-channels'?: string },
): Omit<ServeOptions, 'once' | 'multi'> {
  return {
    comm,
    target,
    wrapper: undefined,
    startWithShell: false,
    disableRandomization: true,
    disabledPackets: new Set(),
    debug: debugOptions(log['log-file'], log['log-channels']),
  };
}

/** LLDB's channels, `CHANNEL CATEGORY...:...`, and what is logged here in their place. */
const componentsOf: Readonly<Record<string, readonly DebugComponent[]>> = {
  'gdb-remote': ['remote'],
  lldb: ['threads', 'event-loop'],
  posix: ['threads'],
};

function debugOptions(file: string | undefined, channels = ''): DebugOptions {
  const names = channels.split(':').map((channel) => channel.split(' ')[0] ?? '');
  const components = new Set(names.flatMap((name) => componentsOf[name] ?? []));
  return { components, file, timestamp: false };
}

function targetOf(attach: string | undefined, program: readonly string[]): Target {
  const [path, ...args] = program;
  if (attach === undefined)
    return path === undefined ? { kind: 'none' } : { kind: 'program', program: path, args };
  if (path !== undefined) throw new UsageError('Either a program is started, or --attach takes one.');
  const pid = /^\d+$/.test(attach) ? Number(attach) : findByName(attach);
  if (pid === undefined) throw new StartError(`No process is called ${attach}`);
  return { kind: 'attach', pid };
}

function commOf(fd: string | undefined, address: string | undefined, isOutgoing: boolean): Comm {
  if (fd !== undefined) return { kind: 'descriptor', fd: numberOf('--fd', fd) };
  if (address === undefined) throw new UsageError('The address ([HOST]:PORT) is missing.');
  const comm = addressOf(address);
  if (!isOutgoing) return comm;
  if (comm.kind !== 'tcp') throw new UsageError(`--reverse-connect needs HOST:PORT: ${address}`);
  return { kind: 'outgoing', host: comm.host ?? 'localhost', port: comm.port };
}

/** `[HOST]:PORT`, also as a URL; `*` are all addresses of this machine. */
function addressOf(address: string): Comm {
  const unix = /^unix-(?:accept|abstract-accept|connect):\/\/(.*)$/.exec(address)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const plain = address.replace(/^[a-z]+:\/\//, '');
  const comm = parseComm(plain.replace(/^\*(?=:)/, '0.0.0.0'));
  if (comm.kind !== 'tcp') throw new UsageError(`Not an address: ${address}`);
  return comm;
}

function numberOf(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new UsageError(`${option} needs a number, not ${value}`);
  return Number(value);
}
