/** The programs of one run: gdb, the server, and the suite of the same version as gdb. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { hostProcess } from '../../src/base/host-process.js';
import { conformanceFolder } from './conformance-paths.js';
import type { ConformanceOptions } from './options.js';
import type { SuiteMachine } from './suite-machine.js';

export interface Toolchain {
  readonly gdb: string;
  /** GNU gdbserver, of the same version where it is this machine's. */
  readonly gnuServer: string;
  /** gdb/testsuite of a source tree. */
  readonly suite: string;
  /** The suite's, as in 13.1: what baselines are filed under. */
  readonly version: string;
}

/** The release of Debian with the gdb that `--gdb newest` means. */
const newestRelease = 'trixie';

/** @throws Error if one of the programs is not there. */
export function findToolchain(
  options: Pick<ConformanceOptions, 'gdb' | 'suite'>,
  machine: SuiteMachine,
): Toolchain {
  const isNewest = options.gdb === 'newest';
  const newestFolder = isNewest ? runScript('newest-gdb.sh', newestRelease) : '';
  const gdb = isNewest
    ? join(newestFolder, 'bin/gdb')
    : findProgram(options.gdb === 'system' ? 'gdb' : options.gdb);
  const beside = join(dirname(gdb), 'gdbserver');
  const suite = resolve(options.suite ?? runScript('fetch-suite.sh', isNewest ? newestRelease : 'system'));
  if (!existsSync(join(suite, 'lib/gdb.exp')))
    throw new Error(`${suite} is not the folder of gdb's test suite`);
  for (const program of ['runtest', 'expect', 'python3']) findProgram(program);
  return {
    gdb,
    gnuServer: machine.gnuServer ?? (existsSync(beside) ? beside : findProgram('gdbserver')),
    suite,
    version: readFileSync(join(suite, '../version.in'), 'utf8').trim(),
  };
}

/**
 * The absolute path of the server under test. The suite knows a server as one program, so Outstep gets a script.
 *
 * @param server as `--server` has it; undefined: Outstep, by a script that is put into `folder`
 */
export function prepareServer(
  server: string | undefined,
  { gnuServer }: Toolchain,
  machine: SuiteMachine,
  folder: string,
): string {
  if (server === 'gdbserver') return gnuServer;
  if (server !== undefined) return machine.gnuServer === undefined ? findProgram(server) : server;
  const path = join(folder, 'outstep');
  const command = machine.outstep.map((word) => `'${word}'`).join(' ');
  writeFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The first line that a program says about its version. */
export function versionOf(program: string, machine: Pick<SuiteMachine, 'commandLine'>): string {
  const [command = '', ...args] = machine.commandLine([program, '--version']);
  try {
    const text = execFileSync(command, args, {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n')[0] ?? '';
  } catch {
    return `${program} (says no version)`;
  }
}

function findProgram(name: string): string {
  const folders = name.includes('/') ? [''] : (hostProcess.env.PATH ?? '').split(delimiter);
  const path = folders.map((folder) => resolve(folder, name)).find(existsSync);
  if (path === undefined) {
    throw new Error(`there is no ${name} here: "bash test/conformance/setup.sh" installs what Debian has`);
  }
  return name.includes('/') ? realpathSync(path) : path;
}

function runScript(script: string, argument: string): string {
  const command = [join(conformanceFolder, script), argument];
  const output = execFileSync('bash', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return output.trim();
}
