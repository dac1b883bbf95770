/** Breakpoints and watchpoints. */
import { program } from '../../support/agent-program.js';
import { type Row, type ServedRow, warmUps } from '../row.js';
import type { Session } from '../session.js';
import { faster, stopsAtMost } from '../targets.js';

/** rdi in GDB's numbering; the argument of hot(). */
const argumentRegister = 5;
/** See workload.c. */
const hotLast = 0x7fffffff;
const hitsPerTrue = 1000;

function condition(bytecode: Uint8Array): string {
  const hex = [...bytecode].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `;X${bytecode.length.toString(16)},${hex}`;
}

const isLast = condition(program(['reg', argumentRegister], ['const32', hotLast], 'equal'));
const isThousandth = condition(
  program(['reg', argumentRegister], ['const16', hitsPerTrue], 'rem_unsigned', ['const8', 0], 'equal'),
);

async function expectDone(session: Session, expected: number): Promise<void> {
  const done = await session.done();
  if (done !== expected) throw new Error(`${done} calls instead of ${expected}`);
}

/** As gdb goes past a breakpoint: takes it out, steps, puts it in, continues. */
function cycle(session: Session, conditions = ''): readonly (readonly [string, string])[] {
  return [
    [session.breakpoint('z', 'hot'), 'OK'],
    [`vCont;s:${session.thread}`, 'T05'],
    [session.breakpoint('Z', 'hot', conditions), 'OK'],
    ['vCont;c', 'T05'],
  ];
}

function hitsWithWarmUps(count: number): number {
  return warmUps(count) + count + 1;
}

const stopAndContinue: ServedRow = {
  kind: 'served',
  workload: (count) => ['hits', '1', `${hitsWithWarmUps(count)}`],
  prepare: async (session, count) => {
    await session.insert('hot');
    await session.expect('vCont;c', 'T05');
    await session.client.loop(warmUps(count), cycle(session));
    return {
      run: async () => {
        const { elapsedNs } = await session.client.loop(count, cycle(session));
        return { elapsedNs, operations: count };
      },
      check: () => expectDone(session, warmUps(count) + count),
    };
  },
  raw: { name: 'hits', counted: hitsWithWarmUps, operations: hitsWithWarmUps },
};

/** The condition holds for the last call only, so each one before it was evaluated. */
function falseCondition(threads: number): ServedRow {
  return {
    kind: 'served',
    workload: (count) => ['hits', `${threads}`, `${count / threads}`],
    prepare: async (session, count) => {
      if (session.name === 'lldb-server') return undefined;
      await session.insert('hot', isLast);
      return {
        run: async () => {
          const { elapsedNs } = await session.client.until(session.pcAt('hot'), ['vCont;c']);
          return { elapsedNs, operations: count };
        },
        check: () => expectDone(session, count),
      };
    },
    raw: { name: 'hits', counted: (count) => count },
  };
}

const trueCondition: ServedRow = {
  kind: 'served',
  workload: (count) => ['hits', '1', `${count * hitsPerTrue}`],
  prepare: async (session, count) => {
    if (session.name === 'lldb-server') return undefined;
    await session.insert('hot', isThousandth);
    await session.insert('finished');
    await session.expect('vCont;c', 'T05');
    const packets = cycle(session, isThousandth).map(([packet]) => packet);
    return {
      run: async () => {
        const { elapsedNs, rest } = await session.client.until(session.pcAt('finished'), packets);
        const stops = Number(rest) / packets.length;
        if (stops !== count) throw new Error(`${stops} true hits instead of ${count}`);
        return { elapsedNs, operations: count };
      },
      check: () => expectDone(session, count * hitsPerTrue + 1),
    };
  },
  raw: { name: 'hits', counted: (count) => count * hitsPerTrue },
};

/**
 * The client does what gdb does with a hit: reads the value, and continues. A server that keeps unchanged values to
 * itself is not asked. Both ways the program must have written, and come to its end.
 */
const unchangedWatch: ServedRow = {
  kind: 'served',
  workload: (count) => ['watch', `${count}`],
  prepare: async (session, count) => {
    const watched = session.bench.address('watched').toString(16);
    await session.expect(`Z2,${watched},8`, 'OK');
    await session.insert('finished');
    return {
      run: async () => {
        const packets = ['vCont;c', `m${watched},8`];
        const { elapsedNs } = await session.client.until(session.pcAt('finished'), packets);
        return { elapsedNs, operations: count };
      },
      check: () => expectDone(session, count),
    };
  },
  raw: { name: 'watch', counted: (count) => count },
};

function falseRow(threads: number, gdbserverCount: number, target: number): Row {
  return {
    name: `false-${threads}`,
    title: `false condition, ${threads} thread${threads > 1 ? 's' : ''}`,
    operation: 'a hit',
    count: 19_200,
    counts: { gdbserver: gdbserverCount },
    granule: threads,
    targets: [faster(target), stopsAtMost(1)],
    ...falseCondition(threads),
  };
}

export const breakpointRows: readonly Row[] = [
  {
    name: 'stop',
    title: 'stop at a breakpoint and continue, as gdb does it',
    operation: '`z0`, `vCont;s`, `Z0`, `vCont;c`',
    count: 5000,
    countedOperations: 1000,
    targets: [faster(1.4)],
    ...stopAndContinue,
  },
  falseRow(1, 4000, 5),
  falseRow(4, 2000, 12),
  falseRow(16, 1600, 12),
  falseRow(64, 640, 12),
  {
    name: 'true-1000',
    title: 'condition that holds once in 1,000 hits',
    operation: '1,000 hits, one of them told',
    count: 20,
    counts: { gdbserver: 4 },
    countedOperations: 2,
    targets: [faster(5)],
    ...trueCondition,
  },
  {
    name: 'watch',
    title: 'watchpoint, value unchanged',
    operation: 'a write',
    count: 4000,
    targets: [faster(2)],
    ...unchangedWatch,
  },
];
