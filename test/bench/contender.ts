/** Who runs: the servers that are compared, and what stands for the limit. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import process from 'node:process';
import { projectRoot } from '../support/project-paths.js';

export const servers = ['outstep', 'gdbserver', 'lldb-server'] as const;
export type ServerName = (typeof servers)[number];

/**
 * `raw`: a C program that does the row's own work with ptrace and nothing else. `native`: the workload without a
 * debugger. `node`: Node with a script that writes one byte. strace stands beside `outstep strace`.
 */
export const contenders = [...servers, 'raw', 'native', 'node', 'strace', 'strace --seccomp-bpf'] as const;
export type ContenderName = (typeof contenders)[number];

export function isServer(name: ContenderName): name is ServerName {
  return servers.some((server) => server === name);
}

const programs: Readonly<Record<ServerName, readonly string[]>> = {
  outstep: [process.execPath],
  gdbserver: ['gdbserver'],
  'lldb-server': ['lldb-server-19', 'lldb-server-16', 'lldb-server-14', 'lldb-server'],
};

function pathOf(program: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** Where a server's program is; undefined where it is not installed. */
export function findServer(name: ServerName): string | undefined {
  return programs[name].map(pathOf).find((path) => path !== undefined);
}

/** What a server shall do: start a program, or wait for `vAttach`. */
export type Duty =
  | { readonly kind: 'launch'; readonly command: readonly string[] }
  | { readonly kind: 'attach' };

export interface ServerCommand {
  readonly command: readonly string[];
  /** undefined: it says so itself. */
  readonly port: number | undefined;
}

/** The command line of a server that listens on a port of the loopback interface. */
export async function serverCommand(name: ServerName, duty: Duty): Promise<ServerCommand> {
  const path = findServer(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  const program = duty.kind === 'launch' ? duty.command : [];
  if (name === 'lldb-server') {
    const port = await freePort();
    const tail = duty.kind === 'launch' ? ['--', ...program] : [];
    return { command: [path, 'gdbserver', `127.0.0.1:${port}`, ...tail], port };
  }
  const main = name === 'outstep' ? [resolve(projectRoot, 'dist/outstep.cjs')] : [];
  const options = duty.kind === 'launch' ? ['--once', '--no-startup-with-shell'] : ['--once', '--multi'];
  return { command: [path, ...main, ...options, 'localhost:0', ...program], port: undefined };
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolvePort(port));
    });
  });
}
