/** The servers that the client is tested with: a row each, and the suite runs with all of them. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Endpoint } from '../../src/client/index.js';
import { compileFixture } from '../support/fixture.js';
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
  /** Types of registers in the description. */
  | 'register-types'
  | 'process-list'
  /** Its programs are processes of this machine, by the same numbers. */
  | 'own-processes'
  | 'forks';

/** What the suite has to know of the machine that the programs are for. */
export interface Machine {
  readonly architecture: RegExp;
  readonly pc: string;
  /** Two registers of 64 bits that may have any value. */
  readonly general: readonly [string, string];
  /** One of 128 bits or more. */
  readonly vector: string;
  /** Where in its value the floats are. */
  readonly floats: readonly string[];
  /** A register with flags, and one that is always true in a program. */
  readonly flags: { readonly register: string; readonly names: readonly string[] };
  /** Whether a watched variable has its new value at the stop. */
  readonly trapsAfterWrite: boolean;
  /** The first instruction of a function without optimization. */
  readonly firstInstruction: RegExp;
}

const x86: Machine = {
  architecture: /x86[-_]64/,
  pc: 'rip',
  general: ['r12', 'r13'],
  vector: 'xmm3',
  floats: ['v4_float'],
  flags: { register: 'eflags', names: ['ZF', 'IF'] },
  trapsAfterWrite: true,
  firstInstruction: /^push rbp$/,
};

export const aarch64: Machine = {
  architecture: /aarch64/,
  pc: 'pc',
  general: ['x19', 'x20'],
  vector: 'z3',
  floats: ['s', 'f'],
  flags: { register: 'cpsr', names: ['Z', 'SP'] },
  trapsAfterWrite: false,
  firstInstruction: /^adrp x0, /,
};

export interface ServerRow {
  readonly name: string;
  readonly machine: Machine;
  readonly lacks: readonly Ability[];
  /** Compiles a fixture for its machine, linked to fixed addresses; its path is the same on both sides. */
  readonly compile: (fixture: string) => Promise<string>;
  /** Where files may be made that both sides have at the same path. */
  readonly folder: string;
  /** What starts the server with a program; undefined: without one. */
  readonly endpoint: (program?: readonly string[]) => Endpoint;
  /** Fetches the server where it is not there yet. */
  readonly prepare?: () => Promise<void>;
}

const onThisMachine = {
  machine: x86,
  folder: tmpdir(),
  compile: (fixture: string) => compileFixture(fixture, { flags: ['-no-pie'] }),
};

let newerGdbserver = '';

async function fetchNewerGdbserver(): Promise<void> {
  const script = resolve(projectRoot, 'test/conformance/newest-gdb.sh');
  const { stdout } = await run('bash', [script]);
  newerGdbserver = join(stdout.trim(), 'bin/gdbserver');
}

/** Servers with gdbserver's command line, over their standard streams. */
export function streamsCommand(
  command: readonly string[],
  program: readonly string[] | undefined,
): readonly string[] {
  return program === undefined ? [...command, '--multi', '-'] : [...command, '--once', '-', ...program];
}

function overStreams(command: readonly string[], program: readonly string[] | undefined): Endpoint {
  const [first = '', ...args] = streamsCommand(command, program);
  return { command: first, args };
}

const sockets = mkdtempSync(join(tmpdir(), 'rsp-servers-'));
let socketCount = 0;
process.on('exit', () => rm(sockets, { recursive: true, force: true }));

export const servers: readonly ServerRow[] = [
  {
    ...onThisMachine,
    name: 'GNU gdbserver',
    lacks: [],
    endpoint: (program) => overStreams(['/usr/bin/gdbserver'], program),
  },
  {
    ...onThisMachine,
    name: 'a newer GNU gdbserver',
    lacks: [],
    prepare: fetchNewerGdbserver,
    endpoint: (program) => overStreams([newerGdbserver], program),
  },
  {
    ...onThisMachine,
    name: 'lldb-server',
    lacks: [
      'hardware-breakpoints',
      'register-types',
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
    ...onThisMachine,
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
      'own-processes',
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
    ...onThisMachine,
    name: 'Outstep',
    lacks: [],
    endpoint: (program) => overStreams([process.execPath, resolve(projectRoot, 'dist/outstep.cjs')], program),
  },
];
