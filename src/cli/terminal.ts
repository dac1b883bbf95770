/**
 * The terminal belongs to the program while it is debugged: it reads from it and gets its Ctrl-C. Only the
 * foreground process group may do that, and the program has a group of its own.
 */
import { readFileSync } from 'node:fs';
import { hostProcess } from '../base/host-process.js';
import { nativeBinding } from '../native/binding.js';

const standardError = 2;

/**
 * Gives the terminal of standard error to the group of a program; it is given back at exit. Nothing happens where
 * there is no terminal, or where it is someone else's: a server in the background of a shell must not take it away.
 */
export function lendTerminal(programPid: number): void {
  if (!isInForeground(readFileSync('/proc/self/stat', 'latin1'))) return;
  const previousGroup = nativeBinding().setForegroundGroup(standardError, programPid);
  if (previousGroup === undefined) return;
  hostProcess.once('exit', () => nativeBinding().setForegroundGroup(standardError, previousGroup));
}

/** Whether the process group is the foreground group of its terminal; fields 5 and 8 of /proc/PID/stat, proc(5). */
export function isInForeground(stat: string): boolean {
  const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group !== undefined && group === foregroundGroup;
}
