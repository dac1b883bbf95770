/**
 * The terminal belongs to the program while it is debugged: it reads from it and gets its Ctrl-C. Only the
 * foreground process group may do that, and the program has a group of its own.
 */
import { readFileSync } from 'node:fs';
import { hostProcess } from '../base/host-process.js';
import { nativeBinding } from '../native/binding.js';

const standardError = 2;

export class SharedTerminal {
  /** Process group of the program that has the terminal. */
  #borrower: number | undefined;
  #isReturnedAtExit = false;

  /**
   * Gives the terminal of standard error to the group of a program; it is given back at exit. Nothing happens where
   * there is no terminal, or where it is someone else's: a server in the background of a shell must not take it away.
   */
  lend(programPid: number): void {
    if (!mayLend(readFileSync('/proc/self/stat', 'latin1'), this.#borrower)) return;
    if (nativeBinding().setForegroundGroup(standardError, programPid) === undefined) return;
    this.#borrower = programPid;
    if (this.#isReturnedAtExit) return;
    this.#isReturnedAtExit = true;
    hostProcess.once('exit', () => this.#return());
  }

  /** A program has ended: what is typed is the server's again. */
  takeBack(programPid: number): void {
    if (this.#borrower === programPid) this.#return();
  }

  #return(): void {
    if (this.#borrower === undefined) return;
    this.#borrower = undefined;
    nativeBinding().setForegroundGroup(standardError, ownGroup(readFileSync('/proc/self/stat', 'latin1')));
  }
}

/**
 * Whether the foreground group of the terminal is that of this process, or one that it was lent to; fields 5 and 8 of
 * /proc/PID/stat, proc(5).
 */
export function mayLend(stat: string, borrower: number | undefined): boolean {
  const foregroundGroup = Number(fieldsOf(stat)[5]);
  return foregroundGroup === ownGroup(stat) || foregroundGroup === borrower;
}

function ownGroup(stat: string): number {
  return Number(fieldsOf(stat)[2]);
}

/** From the state, field 3, on; a program's name may contain anything. */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
