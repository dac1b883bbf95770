/**
 * A program that is no child of node's: started through a shell that is gone at once. Node waits for its own children,
 * and would take the stops of one that the same process traces.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { type Pid, pid } from '../../src/base/ids.js';
import { TestProcess } from './test-process.js';

export interface Orphan extends Disposable {
  readonly pid: Pid;
}

/** Starts it with its output thrown away; killed when disposed of, if it is still there. */
export function startOrphan(path: string, args: readonly string[]): Orphan {
  const command = '"$@" > /dev/null 2>&1 < /dev/null & echo $!';
  const id = pid(
    Number(execFileSync('/bin/sh', ['-c', command, 'sh', path, ...args], { encoding: 'latin1' })),
  );
  return {
    pid: id,
    [Symbol.dispose]() {
      if (isThere(id)) process.kill(id, 'SIGKILL');
    },
  };
}

export interface Grandchild extends AsyncDisposable {
  readonly pid: Pid;
  /** The shell in between: input and output are the program's. */
  readonly process: TestProcess;
}

/** Starts a program as the child of a shell, which ends as it does. */
export async function startGrandchild(title: string, command: readonly string[]): Promise<Grandchild> {
  const script = 'exec 3<&0; "$@" <&3 3<&- & echo "pid $!"; wait $!';
  const process = await TestProcess.start(title, ['/bin/sh', '-c', script, 'sh', ...command]);
  const [, id] = await process.output.match(/^pid (\d+)$/m, 10_000);
  return { pid: pid(Number(id)), process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

function isThere(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}
