/** Steps: of one instruction, and of ranges. */
import { type Row, type ServedRow, warmUps } from '../row.js';
import type { Session } from '../session.js';
import { faster, stopsAtMost, systemCallsAtMost } from '../targets.js';

/** `others`: what the rest of the threads does meanwhile. */
function steps(threads: number, others: '' | ';c'): ServedRow {
  return {
    kind: 'served',
    workload: () => ['spin', `${threads}`],
    prepare: async (session, count) => {
      const packet = `vCont;s:${session.thread}${others}`;
      await session.client.loop(warmUps(count), [[packet, 'T05']]);
      return {
        run: async () => {
          const { elapsedNs, rest } = await session.client.loop(count, [[packet, 'T05']]);
          return { elapsedNs, operations: Number(rest) };
        },
      };
    },
    ...(others === '' ? { raw: { name: 'step', counted: (count: number) => count } } : {}),
  };
}

/** One `vCont;r` over the whole of a loop; an operation is an instruction of it. */
function range(mode: 'loop' | 'jumps', instructionsPerRound: number): ServedRow {
  const [start, end] = [`${mode}_start`, `${mode}_end`];
  return {
    kind: 'served',
    workload: (count) => [mode, `${count / instructionsPerRound}`],
    prepare: async (session, count) => {
      if (session.name === 'lldb-server') return undefined;
      await session.runTo(start);
      const [from, to] = [start, end].map((symbol) => session.bench.address(symbol).toString(16));
      return {
        run: async () => {
          const { elapsedNs, rest } = await session.client.askTimed(`vCont;r${from},${to}:${session.thread}`);
          expectStopAt(session, end, rest);
          return { elapsedNs, operations: count };
        },
      };
    },
    raw: { name: mode, counted: (count) => (mode === 'loop' ? 1 : count) },
  };
}

function expectStopAt(session: Session, symbol: string, stop: string): void {
  if (!stop.includes(session.pcAt(symbol))) throw new Error(`not at ${symbol}, but ${stop.slice(0, 200)}`);
}

export const steppingRows: readonly Row[] = [
  {
    name: 'stepi',
    title: 'step of one instruction',
    operation: '`vCont;s`',
    count: 20_000,
    countedOperations: 2000,
    targets: [faster(1.3), systemCallsAtMost(8), stopsAtMost(1)],
    ...steps(0, ''),
  },
  {
    name: 'stepi-64',
    title: 'step with 64 idle threads, held',
    operation: '`vCont;s:TID`',
    count: 20_000,
    countedOperations: 2000,
    targets: [faster(1.3), systemCallsAtMost(8), stopsAtMost(1)],
    ...steps(64, ''),
  },
  {
    name: 'stepi-64-running',
    title: 'step with 64 idle threads, which run meanwhile',
    operation: '`vCont;s:TID;c`',
    count: 1000,
    counts: { 'lldb-server': 200 },
    targets: [faster(1.3)],
    ...steps(64, ';c'),
  },
  {
    name: 'range',
    title: 'range step over a loop',
    operation: 'an instruction of a loop, in one `vCont;r`',
    count: 400_000,
    counts: { gdbserver: 40_000 },
    granule: 4,
    countedOperations: 4000,
    targets: [faster(1000)],
    ...range('loop', 4),
  },
  {
    name: 'range-stepped',
    title: 'range step over a loop with an indirect jump',
    operation: 'an instruction of a loop, in one `vCont;r`',
    count: 20_000,
    granule: 4,
    targets: [faster(1.9)],
    ...range('jumps', 4),
  },
];
