/** Interrupts of programs that are busy with what native code decides alone. */
import { program } from '../../support/agent-program.js';
import type { Row, ServedRow } from '../row.js';
import type { Session } from '../session.js';
import { worstWithin } from '../targets.js';

/** So that the server is in the midst of it. */
const delayUs = 20_000;
/** Far more than the program comes to. */
const endless = '1000000000';
/** A call that the workload does not make. */
const getpgrp = 111;

/** A program of no effect, as packets have it. */
function nothingDone(): string {
  const bytes = program(['const8', 0]);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `X${bytes.length.toString(16)},${hex}`;
}

interface Busy {
  readonly workload: readonly string[];
  /** Gives the packet that lets the program run; undefined: this server cannot do it. */
  readonly begin: (session: Session) => Promise<string | undefined>;
}

function interrupted({ workload, begin }: Busy): ServedRow {
  return {
    kind: 'served',
    workload: () => workload,
    prepare: async (session, count) => {
      if (session.name === 'lldb-server') return undefined;
      const packet = await begin(session);
      if (packet === undefined) return undefined;
      return {
        run: async () => {
          // gdbserver may tell of a hit instead, whose condition it has not looked at.
          const stop = session.name === 'outstep' ? 'T02' : 'T0';
          const { elapsedNs, rest } = await session.client.interrupt(count, delayUs, packet, stop);
          return { elapsedNs: elapsedNs * count, operations: count, worstNs: Number(rest) };
        },
      };
    },
  };
}

function row(name: string, title: string, busy: Busy): Row {
  return {
    name: `interrupt-${name}`,
    title: `interrupt, ${title}`,
    operation: 'from `0x03` to the stop',
    count: 40,
    countedOperations: 10,
    targets: [worstWithin(10)],
    ...interrupted(busy),
  };
}

async function continueWith(session: Session, packet: string): Promise<string> {
  await session.expect(packet, 'OK');
  return 'vCont;c';
}

export const interruptRows: readonly Row[] = [
  row('range', 'in a range step that is stepped', {
    workload: ['jumps', endless],
    begin: async (session) => {
      await session.runTo('jumps_start');
      const at = (symbol: string): string => session.bench.address(symbol).toString(16);
      return `vCont;r${at('jumps_start')},${at('jumps_end')}:${session.thread}`;
    },
  }),
  row('condition', '20 threads at a false condition', {
    workload: ['hits', '20', endless],
    begin: (session) => continueWith(session, session.breakpoint('Z', 'hot', `;${nothingDone()}`)),
  }),
  row('commands', '20 threads at commands', {
    workload: ['hits', '20', endless],
    begin: (session) => continueWith(session, session.breakpoint('Z', 'hot', `;cmds:0,${nothingDone()}`)),
  }),
  row('signals', 'signals, passed', {
    workload: ['signals', endless],
    begin: (session) => continueWith(session, 'QPassSignals:14;1e'),
  }),
  row('calls', 'system calls, another one caught', {
    workload: ['calls', endless],
    begin: (session) => continueWith(session, `QCatchSyscalls:1;${getpgrp.toString(16)}`),
  }),
  row('clones', 'threads that come and go', {
    workload: ['clones', endless],
    begin: async () => 'vCont;c',
  }),
  row('watch', 'a watchpoint, value unchanged', {
    workload: ['watch', endless],
    begin: (session) => {
      // gdbserver tells of every write.
      if (session.name !== 'outstep') return Promise.resolve(undefined);
      return continueWith(session, `Z2,${session.bench.address('watched').toString(16)},8`);
    },
  }),
];
