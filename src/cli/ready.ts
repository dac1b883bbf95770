/** Tells programs that have started the server where it listens: in a file, or through a descriptor. */
import { closeSync, fstatSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { StartError } from './start-error.js';
import type { Place } from './status.js';

export interface ReadyOptions {
  readonly portFile?: string | undefined;
  readonly readyFd?: number | undefined;
}

function textOf(place: Place | undefined): string {
  if (place === undefined) return '\n';
  return `${'port' in place ? place.port : place.path}\n`;
}

/**
 * The port, or the path of the socket, and a line feed; where nothing listens (a serial line, standard input) the line
 * feed alone. The file is whole when it appears; the descriptor is closed behind it.
 * @returns removes the file
 * @throws StartError
 */
export function tellReady({ portFile, readyFd }: ReadyOptions, place: Place | undefined): () => void {
  const text = textOf(place);
  try {
    if (portFile !== undefined) {
      const unfinished = `${portFile}.${hostProcess.pid}`;
      writeFileSync(unfinished, text);
      renameSync(unfinished, portFile);
    }
    if (readyFd !== undefined) {
      writeSync(readyFd, text);
      closeSync(readyFd);
    }
  } catch (error) {
    throw new StartError(`Cannot tell that the server is ready: ${messageOf(error)}`);
  }
  return () => {
    if (portFile !== undefined) rmSync(portFile, { force: true });
  };
}

/** Before a program is started that would be in vain. @throws StartError */
export function checkReadyFd({ readyFd }: ReadyOptions): void {
  if (readyFd === undefined) return;
  try {
    fstatSync(readyFd);
  } catch (error) {
    throw new StartError(`--ready-fd=${readyFd}: ${messageOf(error)}`);
  }
}
