/**
 * The end of this process. Node puts terminals among its standard streams back as it found them, and aborts where it
 * cannot (`ResetStdio` in its src/node.cc): the end would be SIGABRT, with a core, for a terminal that went away.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { hostProcess } from '../base/host-process.js';

const standardStreams = [0, 1, 2] as const;

/** @param status the exit status */
export function exitProcess(status: number): never {
  for (const fd of standardStreams) if (isLostTerminal(fd)) replaceByNull(fd);
  hostProcess.exit(status);
}

/** Of a terminal that has hung up its attributes cannot be had any more, and nothing but them tells it from others. */
function isLostTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && !isatty(fd);
  } catch {
    // Closed since: there is nothing to put back.
    return false;
  }
}

/** Node leaves alone what has become another file. The number is the lowest free one, so that it is given again. */
function replaceByNull(fd: number): void {
  closeSync(fd);
  openSync('/dev/null', 'r+');
}
