/** System calls that are caught, and that are not. */
import { type Row, type ServedRow, warmUps } from '../row.js';
import { faster, ofNative } from '../targets.js';

/** The workload makes only the first. */
const numbers = { getppid: 110, getpgrp: 111 } as const;

/** Calls of the workload before the clock starts: none where the server keeps quiet about them. */
function callsBefore(count: number, repliesPerCall: number): number {
  return repliesPerCall === 0 ? 0 : warmUps(count);
}

function calls(caught: number, repliesPerCall: number): Omit<ServedRow, 'raw' | 'hasNative'> {
  return {
    kind: 'served',
    workload: (count) => ['calls', `${callsBefore(count, repliesPerCall) + count}`],
    prepare: async (session, count) => {
      if (session.name === 'lldb-server') return undefined;
      await session.expect(`QCatchSyscalls:1;${caught.toString(16)}`, 'OK');
      await session.insert('finished');
      const before = callsBefore(count, repliesPerCall);
      if (before > 0) await session.client.loop(before * repliesPerCall, [['vCont;c', 'T05']]);
      return {
        run: async () => {
          const { elapsedNs, rest } = await session.client.until(session.pcAt('finished'), ['vCont;c']);
          const expected = count * repliesPerCall + 1;
          if (Number(rest) !== expected) throw new Error(`${rest} stops instead of ${expected}`);
          return { elapsedNs, operations: count };
        },
        check: async () => {
          const done = await session.done();
          if (done !== before + count) throw new Error(`${done} calls instead of ${before + count}`);
        },
      };
    },
  };
}

function callsWithWarmUps(count: number): number {
  return warmUps(count) + count;
}

export const systemCallRows: readonly Row[] = [
  {
    name: 'caught',
    title: 'caught system call, entry and return told',
    operation: 'a call',
    count: 5000,
    countedOperations: 1000,
    targets: [faster(1.5)],
    ...calls(numbers.getppid, 2),
    raw: { name: 'caught', counted: callsWithWarmUps, operations: callsWithWarmUps },
  },
  {
    name: 'uncaught',
    title: 'system calls while another is caught',
    operation: 'a call',
    count: 10_000,
    counts: { outstep: 200_000, raw: 1_000_000, native: 1_000_000 },
    countedOperations: 1000,
    targets: [faster(200), ofNative(0.6)],
    ...calls(numbers.getpgrp, 0),
    raw: { name: 'uncaught', counted: () => 0 },
    hasNative: true,
  },
];
