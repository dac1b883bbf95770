/**
 * A program that is no child of node's: started through a shell that is gone at once. Node waits for its own children,
 * and would take the stops of one that the same process traces.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { type Pid, pid } from '../../src/base/ids.js';
import { timeFactor, WaitTimeout } from './bounded.js';
import { processState } from './proc-files.js';
import { TestProcess } from './test-process.js';

const startLimitMs = 10_000;
const pauses = new Int32Array(new SharedArrayBuffer(4));

export interface Orphan extends Disposable {
  readonly pid: Pid;
}

/** Starts it with its output thrown away; killed when disposed of, if it is still there. */
export function startOrphan(path: string, args: readonly string[]): Orphan {
  const command = '"$@" > /dev/null 2>&1 < /dev/null & echo $!';
  const id = pid(
    Number(execFileSync('/bin/sh', ['-c', command, 'sh', path, ...args], { encoding: 'latin1' })),
  );
  const orphan: Orphan = {
    pid: id,
    [Symbol.dispose]() {
      if (isThere(id)) process.kill(id, 'SIGKILL');
    },
  };
  waitForProgram(id, [path, ...args]);
  return orphan;
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
  waitForProgram(Number(id), command);
  return { pid: pid(Number(id)), process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** A shell tells the pid of its copy of itself, which may not have executed the program yet; or that has ended already. */
function waitForProgram(id: number, command: readonly string[]): void {
  const wanted = command.map((word) => `${word}\0`).join('');
  const end = performance.now() + startLimitMs * timeFactor;
  while (!hasBegun(id, wanted)) {
    if (performance.now() > end) throw new WaitTimeout(`${id} does not execute ${command.join(' ')}`);
    Atomics.wait(pauses, 0, 0, 1);
  }
}

function hasBegun(id: number, commandLine: string): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8') === commandLine || processState(id) === 'Z';
  } catch (error) {
    // Gone, or going away while it is read.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return true;
    throw error;
  }
}

function isThere(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}
