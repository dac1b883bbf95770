/**
 * Counts the system calls of a running server and the stops of its program that it is told of, with strace: in a run of
 * its own, because strace makes everything many times slower.
 */
import { readFileSync } from 'node:fs';
import { TestProcess } from '../support/test-process.js';

export interface CallCounts {
  readonly systemCalls: number;
  /** Waits that returned a stopped thread. */
  readonly stops: number;
  readonly byName: ReadonlyMap<string, number>;
}

/** @param logPath where strace writes to */
export async function countCalls<Value>(
  pid: number,
  logPath: string,
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly counts: CallCounts }> {
  const command = ['strace', '-f', '-p', `${pid}`, '-o', logPath];
  await using strace = await TestProcess.start('strace', command);
  await strace.output.match(/attached/);
  const value = await work();
  strace.signal('SIGINT');
  await strace.waitForExit();
  return { value, counts: parseLog(readFileSync(logPath, 'latin1')) };
}

/** The log of `strace -f -o`: a call that was interrupted by another thread's stands in two lines. */
export function parseLog(log: string): CallCounts {
  const byName = new Map<string, number>();
  let systemCalls = 0;
  let stops = 0;
  for (const line of log.split('\n')) {
    const [, resumed, name] = /^\d+ +(?:<\.\.\. (\w+) resumed>|(\w+)\()/.exec(line) ?? [];
    const call = resumed ?? name;
    if (call === undefined) continue;
    if (name !== undefined) {
      systemCalls += 1;
      byName.set(name, (byName.get(name) ?? 0) + 1);
    }
    if (isStop(call, line)) stops += 1;
  }
  return { systemCalls, stops, byName };
}

/** A look that leaves the stop where it is (WNOWAIT) is none. */
function isStop(call: string, line: string): boolean {
  if (call !== 'wait4' && call !== 'waitid') return false;
  return /WIFSTOPPED|CLD_(?:TRAPPED|STOPPED)/.test(line) && !line.includes('WNOWAIT');
}
