/** The servers that the client is tested with: a row each, and the suite runs with all of them. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Endpoint } from '../../src/client/index.js';
import { projectRoot } from '../support/project-paths.js';

const run = promisify(execFile);

/** What some servers have not got. */
export type Ability =
  | 'watchpoints'
  | 'hardware-breakpoints'
  | 'interrupts'
  /** Signals for the program. */
  | 'delivery'
  /** Process ids in thread ids. */
  | 'multiprocess'
  | 'non-stop'
  | 'files'
  | 'libraries'
  | 'signal-info'
  | 'executable'
  | 'regions'
  | 'monitor'
  /** No acknowledgements, so that requests can be pipelined. */
  | 'no-acknowledgements'
  /** A server without a program, which is told later what to run or to attach to. */
  | 'multi'
  | 'process-list'
  | 'forks';

export interface ServerRow {
  readonly name: string;
  readonly lacks: readonly Ability[];
  /** What starts the server with a program; undefined: without one. */
  readonly endpoint: (program?: readonly string[]) => Endpoint;
  /** Fetches the server where it is not there yet. */
  readonly prepare?: () => Promise<void>;
}

let newerGdbserver = '';

async function fetchNewerGdbserver(): Promise<void> {
  const script = resolve(projectRoot, 'test/conformance/newest-gdb.sh');
  const { stdout } = await run('bash', [script]);
  newerGdbserver = join(stdout.trim(), 'bin/gdbserver');
}

/** Servers with gdbserver's command line, over their standard streams. */
function overStreams(command: readonly string[], program: readonly string[] | undefined): Endpoint {
  const [first = '', ...rest] = command;
  return {
    command: first,
    args: program === undefined ? [...rest, '--multi', '-'] : [...rest, '--once', '-', ...program],
  };
}

const sockets = mkdtempSync(join(tmpdir(), 'rsp-servers-'));
let socketCount = 0;
process.on('exit', () => rm(sockets, { recursive: true, force: true }));

export const servers: readonly ServerRow[] = [
  {
    name: 'GNU gdbserver',
    lacks: [],
    endpoint: (program) => overStreams(['/usr/bin/gdbserver'], program),
  },
  {
    name: 'a newer GNU gdbserver',
    lacks: [],
    prepare: fetchNewerGdbserver,
    endpoint: (program) => overStreams([newerGdbserver], program),
  },
  {
    name: 'lldb-server',
    lacks: [
      'hardware-breakpoints',
      'multiprocess',
      'non-stop',
      'executable',
      'monitor',
      'process-list',
      'forks',
    ],
    endpoint: (program) => ({
      command: 'lldb-server-19',
      via: 'reverse',
      args: (port) => [
        'gdbserver',
        '--reverse-connect',
        `127.0.0.1:${port}`,
        ...(program === undefined ? [] : ['--', ...program]),
      ],
    }),
  },
  {
    name: 'QEMU',
    lacks: [
      'watchpoints',
      'hardware-breakpoints',
      'interrupts',
      'delivery',
      'multiprocess',
      'non-stop',
      'files',
      'libraries',
      'signal-info',
      'executable',
      'regions',
      'monitor',
      'no-acknowledgements',
      'multi',
      'process-list',
      'forks',
    ],
    endpoint: (program = []) => {
      socketCount += 1;
      const path = join(sockets, String(socketCount));
      return { command: 'qemu-x86_64', args: ['-g', path, ...program], via: { path } };
    },
  },
  {
    name: 'Outstep',
    lacks: [],
    endpoint: (program) => overStreams([process.execPath, resolve(projectRoot, 'dist/outstep.cjs')], program),
  },
];
