/** Debug adapters that editors use, a row each; the suite runs with all of them. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { DebugServer, serverCommand } from '../support/debug-server.js';
import { projectRoot } from '../support/project-paths.js';
import type { AdapterCommand } from './dap-session.js';

const run = promisify(execFile);

/** What some adapters do not offer. */
export type Ability =
  | 'restart'
  | 'terminate'
  | 'data-breakpoints'
  | 'memory'
  | 'instruction-breakpoints'
  /** Breakpoints are set while the program runs. */
  | 'running-breakpoints'
  /** The exit status, as an event. */
  | 'exit-status';

/** How a session begins. */
export interface Start extends AsyncDisposable {
  readonly adapter: AdapterCommand;
  readonly request: 'launch' | 'attach';
  /** What an entry of launch.json holds besides name and type. */
  readonly entry: object;
}

export interface AdapterRow {
  readonly name: string;
  readonly lacks: readonly Ability[];
  /** A process stays stopped when it was attached to; with other adapters it goes on by itself. */
  readonly stopsAfterAttach: boolean;
  /**
   * Now and then it forgets a request to step that comes within milliseconds of a stop: each of its packets has been
   * answered, and it sends none that lets the program run. Its tests may need another attempt.
   */
  readonly forgetsSteps?: true;
  readonly prepare?: () => Promise<void>;
  readonly launch: (program: string, args: readonly string[]) => Promise<Start>;
  readonly attach: (program: string, pid: number) => Promise<Start>;
}

const nothing = async (): Promise<void> => undefined;

const [server = '', ...serverArgs] = serverCommand;
export const cdtAdapter = resolve(projectRoot, 'node_modules/cdt-gdb-adapter/dist/debugTargetAdapter.js');
const gdbSettings = ['set sysroot', 'set debuginfod enabled off', 'set auto-connect-native-target off'];

/** Eclipse CDT's adapter starts the server itself, and finds its port in what it prints. */
function cdt(program: string, serverParameters: readonly string[]): Start {
  return {
    adapter: { command: [process.execPath, cdtAdapter] },
    request: 'launch',
    entry: {
      program,
      gdb: 'gdb',
      preConnectCommands: gdbSettings,
      target: { server, serverParameters: [...serverArgs, ...serverParameters] },
    },
    [Symbol.asyncDispose]: nothing,
  };
}

let newestGdb = '';

async function findNewestGdb(): Promise<void> {
  const { stdout } = await run('bash', [resolve(projectRoot, 'test/conformance/newest-gdb.sh')]);
  newestGdb = join(stdout.trim(), 'bin/gdb');
}

function gdbAdapter(commands: readonly string[]): AdapterCommand {
  const settings = [...gdbSettings, ...commands].flatMap((command) => ['-iex', command]);
  return { command: [newestGdb, '-nx', '-i', 'dap', ...settings] };
}

/** gdb as an adapter, connected to a server that starts programs for it. */
async function launchWithGdb(program: string, args: readonly string[]): Promise<Start> {
  const running = await DebugServer.start(['--multi', 'localhost:0']);
  return {
    adapter: gdbAdapter([`set remote exec-file ${program}`, `target extended-remote ${running.address}`]),
    request: 'launch',
    entry: { program, args },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/**
 * gdb, connected to a server that has attached already: the adapter's own `pid` is not answered over extended-remote,
 * whatever the server.
 */
async function attachWithGdb(program: string, pid: number): Promise<Start> {
  const running = await DebugServer.start(['--once', '--attach', 'localhost:0', `${pid}`]);
  return {
    adapter: gdbAdapter([]),
    request: 'attach',
    entry: { program, target: running.address },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** lldb's adapter, connected to a server that has started or attached already. */
async function lldb(program: string, serverParameters: readonly string[]): Promise<Start> {
  const running = await DebugServer.start(['--once', 'localhost:0', ...serverParameters]);
  return {
    adapter: { command: ['lldb-dap-19'] },
    request: 'attach',
    entry: { program, 'gdb-remote-port': running.port },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** lldb's adapter, which starts and attaches itself, with the server as its platform. */
async function platformOfLldb(request: 'launch' | 'attach', entry: object): Promise<Start> {
  const running = await DebugServer.start(['--multi', 'localhost:0']);
  const initCommands = [
    // The program is on this machine already.
    'settings set target.auto-install-main-executable false',
    'platform select remote-linux',
    `platform connect connect://localhost:${running.port}`,
  ];
  return {
    adapter: { command: ['lldb-dap-19'] },
    request,
    entry: { ...entry, initCommands },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const lldbLacks = ['terminate', 'memory', 'instruction-breakpoints'] as const;

export const adapters: readonly AdapterRow[] = [
  {
    name: 'Eclipse CDT (gdbtarget)',
    lacks: ['restart', 'exit-status'],
    stopsAfterAttach: false,
    launch: async (program, args) => cdt(program, ['--once', ':0', program, ...args]),
    attach: async (program, pid) => cdt(program, ['--once', '--attach', ':0', `${pid}`]),
  },
  {
    name: "GDB's own (-i dap)",
    lacks: ['restart', 'data-breakpoints', 'running-breakpoints'],
    stopsAfterAttach: true,
    prepare: findNewestGdb,
    launch: launchWithGdb,
    attach: attachWithGdb,
  },
  {
    name: 'lldb-dap',
    lacks: [...lldbLacks, 'restart'],
    stopsAfterAttach: false,
    forgetsSteps: true,
    launch: (program, args) => lldb(program, [program, ...args]),
    attach: (program, pid) => lldb(program, ['--attach', `${pid}`]),
  },
  {
    name: 'lldb-dap with a platform',
    lacks: lldbLacks,
    stopsAfterAttach: false,
    forgetsSteps: true,
    launch: (program, args) => platformOfLldb('launch', { program, args }),
    attach: (program, pid) => platformOfLldb('attach', { program, pid }),
  },
];
