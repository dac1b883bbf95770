/** Where the log of the server itself goes: standard error or a file; each line is out before the next begins. */
import { openSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { openConsole } from './console.js';
import type { DebugOptions } from './options.js';
import { UsageError } from './usage-error.js';

/** @throws UsageError when the file cannot be opened */
export function openDebugSink(options: DebugOptions): (line: string) => void {
  const output = openConsole(options.file === undefined ? 2 : openFile(options.file));
  return (line) => output.line(line);
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new UsageError(`Cannot open the log file: ${messageOf(error)}`, 'none');
  }
}
