/** `outstep core`: a core file of a running process. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import { CoreTaker } from '../../snapshot/index.js';
import { StartError } from '../start-error.js';
import { examined } from './examined.js';
import type { Streams } from './subcommand.js';
import { onlyPid, parseWords } from './words.js';

export const usage = `Usage:  outstep core [--json] [-o FILE] PID

Writes a core file of process PID, which runs on: registers of all threads, and the memory that
the kernel would write (coredump_filter, core(5)). Up to 256 MiB are copied while the process is
stopped and written afterwards; larger memory is written while it is stopped.

  -o, --output FILE     Where to; core.PID unless given. What is there is replaced.
  --json                Say what was written as one JSON object.
`;

export async function run(words: readonly string[], { output, errors }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, {
    json: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  });
  const pid = onlyPid(positionals);
  const path = values.output ?? `core.${pid}`;
  const descriptor = openCore(path);
  let isWritten = false;
  try {
    const taker = new CoreTaker(pid);
    const { result, pauseMs, threads } = await examined(pid, errors, (process) =>
      taker.take(process, descriptor),
    );
    const fileBytes = result.finish();
    isWritten = true;
    if (values.json === true) output.line(JSON.stringify({ pid, path, fileBytes, threads, pauseMs }));
    else output.line(`Saved corefile ${path}`);
    return 0;
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`Cannot write ${path}: ${messageOf(error)}`);
  } finally {
    closeSync(descriptor);
    if (!isWritten) rmSync(path, { force: true });
  }
}

/** It holds all that the process knows: nobody else may read it. */
function openCore(path: string): number {
  try {
    rmSync(path, { force: true });
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    throw new StartError(`Cannot write ${path}: ${messageOf(error)}`);
  }
}
