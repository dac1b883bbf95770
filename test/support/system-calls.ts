/** System calls by name: <asm/unistd_64.h> of x86, and <asm-generic/unistd.h>. */
import { type Machine, thisMachine } from './machine.js';

const numbers = {
  x86_64: {
    clockNanosleep: 230,
    clone: 56,
    execve: 59,
    exitGroup: 231,
    getppid: 110,
    nanosleep: 35,
    restart: 219,
    rtSigreturn: 15,
    /** As glibc's pause(3) calls it. */
    pause: 34,
  },
  aarch64: {
    clockNanosleep: 115,
    clone: 220,
    execve: 221,
    exitGroup: 94,
    getppid: 173,
    nanosleep: 101,
    restart: 128,
    rtSigreturn: 139,
    /** As glibc's pause(3) calls it: ppoll. */
    pause: 73,
  },
} as const satisfies Partial<Record<Machine, Readonly<Record<string, number>>>>;

function findNumbers(): (typeof numbers)['x86_64' | 'aarch64'] {
  if (thisMachine === 'i386') throw new Error('no machine runs nothing but 32-bit programs');
  return numbers[thisMachine];
}

/** Numbers for this machine's 64-bit programs. */
export const systemCalls = findNumbers();
