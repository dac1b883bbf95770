/**
 * The subcommands, a row each. Only a first word that is the whole name selects one: a program stands behind COMM, so
 * that one called `doctor` is started as always, and a serial line of such a name is `./doctor`.
 */
import { basename } from 'node:path';
import type { Subcommand } from './subcommand.js';

export const subcommands: readonly Subcommand[] = [
  {
    name: 'doctor',
    form: '[PID]',
    summary: 'Check whether programs can be debugged here, and what helps.',
    load: () => import('./doctor/doctor.js'),
  },
  {
    name: 'lldb-server',
    form: 'gdbserver|platform ...',
    summary: "Serve LLDB, by the command line of LLDB's own server.",
    load: () => import('./lldb-server/lldb-server.js'),
  },
  {
    name: 'maps',
    form: 'PID',
    summary: 'Show the mappings of a running process.',
    load: () => import('./maps.js'),
  },
  {
    name: 'run',
    form: 'PROG ...',
    summary: 'Run a program; report or hold it when it crashes or hangs.',
    load: () => import('./run/run.js'),
  },
  {
    name: 'replay',
    form: 'FILE [COMM]',
    summary: 'Serve a session again that --record has recorded.',
    load: () => import('./replay/replay.js'),
  },
  {
    name: 'script',
    form: 'FILE ...',
    summary: 'Run a script on the client library, with a server on a program.',
    load: () => import('./script/script.js'),
  },
  {
    name: 'auxv',
    form: 'PID',
    summary: 'Show the auxiliary vector of a running process.',
    load: () => import('./auxv.js'),
  },
  {
    name: 'core',
    form: 'PID',
    summary: 'Write a core file of a running process.',
    load: () => import('./core.js'),
  },
  {
    name: 'stack',
    form: 'PID',
    summary: 'Show the stacks of all threads of a running process.',
    load: () => import('./stack.js'),
  },
  {
    name: 'strace',
    form: 'PROG [ARGS]',
    summary: 'Show the system calls of a program.',
    load: () => import('./strace/index.js'),
  },
  {
    name: 'vscode',
    form: 'PROG [ARGS]',
    summary: "Print entries of VS Code's launch.json for a program.",
    load: () => import('./vscode/vscode.js'),
  },
  {
    name: 'watch',
    form: 'PID | -- PROG ...',
    summary: 'Show what becomes of a tree of processes.',
    load: () => import('./watch/watch.js'),
  },
];

/**
 * @param invokedAs the path that the command was called by: a link with the name of a subcommand is that subcommand
 * @param words without node and the script
 * @returns undefined: the words are gdbserver's
 */
export function findSubcommand(
  invokedAs: string,
  words: readonly string[],
): { readonly subcommand: Subcommand; readonly words: readonly string[] } | undefined {
  const byLink = subcommands.find(({ name }) => name === basename(invokedAs));
  if (byLink !== undefined) return { subcommand: byLink, words };
  const [first, ...rest] = words;
  const named = subcommands.find(({ name }) => name === first);
  return named === undefined ? undefined : { subcommand: named, words: rest };
}
