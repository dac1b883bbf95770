/** Signals, threads and children that nobody asked about, in great numbers. */
import type { Row, ServedRow } from '../row.js';
import { faster } from '../targets.js';

/** SIGCHLD and SIGUSR1, in GDB's numbers and, for lldb-server, in the kernel's. */
const passedSignals = { gdb: 'QPassSignals:14;1e', lldb: 'QPassSignals:11;0a' } as const;

interface Storm {
  readonly mode: 'signals' | 'clones' | 'forks';
  /** What the client sends until the end, besides `vCont;c`. */
  readonly answers?: readonly string[];
  /** Replies for each operation. */
  readonly repliesEach?: number;
  readonly without?: readonly string[];
}

function storm({ mode, answers = [], repliesEach = 0, without = [] }: Storm): ServedRow {
  return {
    kind: 'served',
    workload: (count) => [mode, `${count}`],
    session: { without },
    prepare: async (session, count) => {
      const isLldb = session.name === 'lldb-server';
      if (isLldb && mode === 'forks') return undefined;
      await session.expect(isLldb ? passedSignals.lldb : passedSignals.gdb, 'OK');
      await session.insert('finished');
      return {
        run: async () => {
          const packets = ['vCont;c', ...answers];
          const { elapsedNs, rest } = await session.client.until(session.pcAt('finished'), packets);
          const expected = count * repliesEach + 1;
          if (Number(rest) !== expected) throw new Error(`${rest} replies instead of ${expected}`);
          return { elapsedNs, operations: count };
        },
        check: async () => {
          const done = await session.done();
          if (done !== count) throw new Error(`${done} instead of ${count}`);
        },
      };
    },
    raw: { name: mode, counted: (count) => count },
    hasNative: true,
  };
}

const forkEvents = ['fork-events+', 'vfork-events+'];

export const stormRows: readonly Row[] = [
  {
    name: 'signals',
    title: 'SIGUSR1, passed',
    operation: 'a signal, handled',
    count: 10_000,
    targets: [faster(2.5)],
    ...storm({ mode: 'signals' }),
  },
  {
    name: 'clones',
    title: '20,000 threads',
    operation: 'a thread, created and joined',
    count: 20_000,
    counts: { 'lldb-server': 2000 },
    targets: [faster(2)],
    ...storm({ mode: 'clones' }),
  },
  {
    name: 'forks',
    title: '2,000 forks, followed as gdb does it',
    operation: '`fork:` told, the child detached, `vCont;c`',
    count: 2000,
    targets: [faster(1.1)],
    ...storm({ mode: 'forks', answers: ['D;'], repliesEach: 2 }),
  },
  {
    name: 'forks-untold',
    title: '2,000 forks, a client that does not ask for them',
    operation: 'a child, made and waited for',
    count: 2000,
    targets: [],
    ...storm({ mode: 'forks', without: forkEvents }),
  },
];
