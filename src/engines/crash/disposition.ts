/** Whether a signal that is about to be delivered ends its process: by what the process has said, signal(7), proc(5). */
import { type Process, statusField } from '../../core/index.js';

/** Signals whose default action is to dump core: what is called a crash. */
const coreSignals: ReadonlySet<number> = new Set([3, 4, 5, 6, 7, 8, 11, 24, 25, 31]);
/** Signals whose default action is not to end the process: SIGCHLD, SIGCONT, the stops, SIGURG, SIGWINCH. */
const harmlessSignals: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 23, 28]);

/** Whether a signal (the kernel's number) ends a program with a core dump by default, signal(7). */
export function dumpsCore(signal: number): boolean {
  return coreSignals.has(signal);
}

/**
 * A fault that is blocked or ignored cannot be kept back: the kernel has put the default action in its place by the time
 * that the thread stops for it, so that what /proc says is right for faults as well.
 */
export function endsProcess({ pid }: Process, signal: number): boolean {
  if (harmlessSignals.has(signal)) return false;
  const bit = 1n << BigInt(signal - 1);
  const isIn = (field: string): boolean => (BigInt(`0x${statusField(pid, field) ?? '0'}`) & bit) !== 0n;
  // The first process of a pid namespace does not end by a default action.
  const isFirst = statusField(pid, 'NSpid')?.split(/\s+/).at(-1) === '1';
  return !isFirst && !isIn('SigCgt') && !isIn('SigIgn');
}
