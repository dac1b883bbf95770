/** What a figure is worth nothing without: the machine, and the versions. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { projectRoot } from '../support/project-paths.js';
import { findServer, type ServerName } from './contender.js';

export interface Machine {
  readonly processor: string;
  readonly kernel: string;
  readonly memoryGib: number;
  readonly versions: Readonly<Record<string, string>>;
}

function firstLine(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' }).trim().split('\n')[0] ?? '';
}

function versionOf(server: ServerName): string {
  const path = findServer(server);
  if (path === undefined) return 'not installed';
  const word = server === 'lldb-server' ? 'version' : '--version';
  // lldb-server says it on its error output, behind an empty line.
  return firstLine('/bin/sh', ['-c', `"$0" ${word} 2>&1 | grep -m 1 .`, path]).replace(/^.* /, '');
}

function outstepVersion(): string {
  const { version } = JSON.parse(readFileSync(resolve(projectRoot, 'package.json'), 'utf8'));
  try {
    return `${version}, ${firstLine('git', ['-C', projectRoot, 'rev-parse', '--short', 'HEAD'])}`;
  } catch {
    return `${version}`;
  }
}

export function describeMachine(): Machine {
  const hypervisor = /\bhypervisor\b/.test(readFileSync('/proc/cpuinfo', 'latin1'))
    ? ', a virtual machine'
    : '';
  return {
    processor: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}${hypervisor}`,
    kernel: `Linux ${release()}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    versions: {
      Outstep: outstepVersion(),
      Node: process.version,
      'GNU gdbserver': versionOf('gdbserver'),
      'lldb-server': versionOf('lldb-server'),
      gcc: firstLine('gcc', ['-dumpfullversion']),
    },
  };
}
