/**
 * Lines for the person at the terminal. Written at once: who waits for "Listening on port N" reads a pipe or a pty,
 * and a line must be out before the process may end.
 */
import { writeSync } from 'node:fs';

export interface Console {
  /** Writes the text and a line feed. Never throws: a terminal that went away is no reason to end. */
  line(text: string): void;
  /** Writes bytes as they are, with the same promise. */
  print(output: Uint8Array): void;
}

/** For how long a full pipe or terminal is waited for before the rest of a text is dropped. */
const patienceMs = 1000;
const pauseMs = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** @param descriptor an open file descriptor, 2 for standard error */
export function openConsole(descriptor: number): Console {
  return {
    line: (text) => writeAll(descriptor, new TextEncoder().encode(`${text}\n`)),
    print: (output) => writeAll(descriptor, output),
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let offset = 0;
  let waitedMs = 0;
  while (offset < bytes.length && waitedMs < patienceMs) {
    const written = writeSome(descriptor, bytes.subarray(offset));
    if (written === undefined) return;
    offset += written;
    if (written === 0) {
      Atomics.wait(pause, 0, 0, pauseMs);
      waitedMs += pauseMs;
    }
  }
}

/** Bytes written, 0 when the descriptor is non-blocking and full; undefined when nothing can be written any more. */
function writeSome(descriptor: number, bytes: Uint8Array): number | undefined {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EAGAIN' ? 0 : undefined;
  }
}
