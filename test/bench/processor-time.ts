/** A control group of the benchmark's own, which knows how much processor time servers, programs and clients have had. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** Where the kinds of control groups are mounted, and the file in a group that tells. */
const hierarchies = [
  { root: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage' },
  { root: '/sys/fs/cgroup', file: 'cpu.stat' },
] as const;

const mostTries = 100;
const betweenTriesMs = 50;

export interface ProcessorTime extends AsyncDisposable {
  /** What bench-clock.h reads. */
  readonly usageFile: string;
  /** Puts before a command what takes it into the group. */
  readonly enter: readonly string[];
}

/** What was killed last may take a moment to leave. */
async function removeWhenEmpty(group: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries === mostTries) throw error;
      await delay(betweenTriesMs);
    }
  }
}

/** @throws Error where no group can be made */
export function accountProcessorTime(): ProcessorTime {
  const found = hierarchies.find(({ root, file }) => existsSync(resolve(root, file)));
  if (found === undefined) throw new Error('processor time needs control groups: use --clock wall');
  const group = resolve(found.root, `outstep-bench-${process.pid}`);
  mkdirSync(group);
  return {
    usageFile: resolve(group, found.file),
    enter: ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', resolve(group, 'cgroup.procs')],
    [Symbol.asyncDispose]: () => removeWhenEmpty(group),
  };
}
