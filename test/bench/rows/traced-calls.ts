/** System calls shown by `outstep strace` and strace: each one, or none of those that are made. */
import { resolve } from 'node:path';
import process from 'node:process';
import { projectRoot } from '../../support/project-paths.js';
import { TestProcess } from '../../support/test-process.js';
import type { ContenderName } from '../contender.js';
import type { OwnRow, Row } from '../row.js';
import { fasterThanStrace, ofNative } from '../targets.js';

const outstep = [process.execPath, resolve(projectRoot, 'dist/outstep.cjs'), 'strace'];
const commands: Partial<Readonly<Record<ContenderName, readonly string[]>>> = {
  outstep,
  strace: ['strace'],
  'strace --seccomp-bpf': ['strace', '-f', '--seccomp-bpf'],
};
const timeoutMs = 600_000;

const everyone = ['outstep', 'strace', 'strace --seccomp-bpf'] as const;

interface TracedCalls {
  readonly contenders: readonly ContenderName[];
  /** What is shown, as -e trace= says it. */
  readonly shown: string;
  readonly threads: 1 | 8;
}

/** The workload takes its own time, and counts. */
function traced({ contenders, shown, threads }: TracedCalls): OwnRow {
  return {
    kind: 'own',
    contenders: [...contenders, 'native'],
    prepare: async (bench, contender, count) => {
      const tracer = commands[contender];
      const following = threads > 1 && tracer?.includes('-f') !== true ? ['-f'] : [];
      const options =
        tracer === undefined ? [] : [...tracer, ...following, '-e', `trace=${shown}`, '-o', '/dev/null'];
      const parts = threads > 1 ? [`${threads}`] : [];
      const command = bench.pinned([...options, bench.programs.workload, 'calls', `${count}`, ...parts]);
      const env = { ...bench.clockEnvironment, WORKLOAD_TIMED: '1' };
      return {
        serverPid: undefined,
        run: async () => {
          await using running = await TestProcess.start(contender, command, { env });
          const [, elapsed, done] = await running.output.match(/^(\d+) (\d+)$/m, timeoutMs);
          if (Number(done) !== count) throw new Error(`${done} calls instead of ${count}`);
          return { elapsedNs: Number(elapsed), operations: count };
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  };
}

const shownCounts = { count: 50_000, counts: { native: 1_000_000 } } as const;
const hiddenCounts = { count: 1_000_000, counts: { strace: 50_000 } } as const;
const atMostTwice = fasterThanStrace('strace', 0.5);
const costsNothing = [fasterThanStrace('strace --seccomp-bpf', 0.9), ofNative(0.6)];

export const tracedCallRows: readonly Row[] = [
  {
    name: 'traced',
    title: 'system call shown, to a file',
    operation: 'a call',
    ...shownCounts,
    targets: [atMostTwice],
    ...traced({ contenders: ['outstep', 'strace'], shown: 'all', threads: 1 }),
  },
  {
    name: 'traced-8',
    title: 'system calls of 8 threads shown, to a file',
    operation: 'a call',
    ...shownCounts,
    granule: 8,
    targets: [atMostTwice],
    ...traced({ contenders: ['outstep', 'strace'], shown: 'all', threads: 8 }),
  },
  {
    name: 'untraced',
    title: 'system calls while another is to be shown',
    operation: 'a call',
    ...hiddenCounts,
    targets: costsNothing,
    ...traced({ contenders: everyone, shown: 'openat', threads: 1 }),
  },
  {
    name: 'untraced-8',
    title: 'system calls of 8 threads while another is to be shown',
    operation: 'a call',
    ...hiddenCounts,
    granule: 8,
    targets: costsNothing,
    ...traced({ contenders: everyone, shown: 'openat', threads: 8 }),
  },
  {
    name: 'left-out',
    title: 'system calls while all others are to be shown',
    operation: 'a call',
    ...hiddenCounts,
    targets: costsNothing,
    ...traced({ contenders: everyone, shown: '!getppid', threads: 1 }),
  },
  {
    name: 'masked',
    title: 'system calls under an engine that wants none of them',
    operation: 'a call',
    ...hiddenCounts,
    targets: [ofNative(0.6)],
    ...traced({ contenders: everyone, shown: 'none', threads: 1 }),
  },
  {
    name: 'masked-8',
    title: 'system calls of 8 threads under an engine that wants none of them',
    operation: 'a call',
    ...hiddenCounts,
    granule: 8,
    targets: [ofNative(0.6)],
    ...traced({ contenders: everyone, shown: 'none', threads: 8 }),
  },
];
