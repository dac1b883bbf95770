/**
 * A program that is no child of node's: started through a shell that is gone at once. Node waits for its own children,
 * and would take the stops of one that the same process traces.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { type Pid, pid } from '../../src/base/ids.js';

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

function isThere(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}
