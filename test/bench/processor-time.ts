/** A control group of the benchmark's own, which knows how much processor time servers, programs and clients have had. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';

/** Where the kinds of control groups are mounted, and the file in a group that tells. */
const hierarchies = [
  { root: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage' },
  { root: '/sys/fs/cgroup', file: 'cpu.stat' },
] as const;

export interface ProcessorTime extends Disposable {
  /** What bench-clock.h reads. */
  readonly usageFile: string;
  /** Puts before a command what takes it into the group. */
  readonly enter: readonly string[];
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
    [Symbol.dispose]: () => rmdirSync(group),
  };
}
