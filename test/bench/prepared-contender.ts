/** A contender made ready for a row, whatever it is: the next thing is the operation. */

import { TestProcess } from '../support/test-process.js';
import type { Bench } from './bench.js';
import { type ContenderName, findServer, isServer } from './contender.js';
import type { Outcome, Prepared, RawRow, Row, ServedRow } from './row.js';
import { Session } from './session.js';

/** Rows take seconds, with slow contenders a minute. */
const timeoutMs = 600_000;

export interface PreparedContender extends Prepared, AsyncDisposable {
  /** Whose system calls are counted; undefined: nobody's. */
  readonly serverPid: number | undefined;
}

/** @returns undefined when this contender has no part in the row */
export async function prepareContender(
  bench: Bench,
  row: Row,
  contender: ContenderName,
  count: number,
): Promise<PreparedContender | undefined> {
  if (isServer(contender) && findServer(contender) === undefined) return undefined;
  if (row.kind === 'own') {
    return row.contenders.includes(contender) ? row.prepare(bench, contender, count) : undefined;
  }
  const workload = await row.workload(count, bench);
  if (contender === 'native') return row.hasNative === true ? nativeRun(bench, workload) : undefined;
  const isElsewhere = contender === 'node' || contender === 'strace' || contender === 'strace --seccomp-bpf';
  if (isElsewhere || (contender === 'raw' && row.raw === undefined)) return undefined;
  if (contender === 'raw' && row.raw !== undefined && row.raw.name !== 'step') {
    return rawRun(bench, row.raw, workload, count);
  }
  const session = isServer(contender)
    ? await Session.launch(bench, contender, workload, row.session)
    : await Session.rawSteps(bench, workload);
  return servedRun(session, row, count);
}

async function servedRun(
  session: Session,
  row: ServedRow,
  count: number,
): Promise<PreparedContender | undefined> {
  let prepared: Prepared | undefined;
  try {
    prepared = await row.prepare(session, count);
  } finally {
    if (prepared === undefined) await session[Symbol.asyncDispose]();
  }
  if (prepared === undefined) return undefined;
  return {
    ...prepared,
    serverPid: session.server.pid,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

async function rawRun(
  bench: Bench,
  row: RawRow,
  workload: readonly string[],
  count: number,
): Promise<PreparedContender> {
  const operands = row.operands === undefined ? undefined : await row.operands(bench, count);
  const command =
    operands === undefined ? bench.rawCommand(row.name, workload) : bench.rawCommand(row.name, operands, '');
  const process = await TestProcess.start('raw-limit', command, { env: bench.clockEnvironment });
  await process.output.match(/ready\n/);
  return {
    serverPid: process.pid,
    run: async () => {
      process.write('go\n');
      const [, elapsed, counted] = await process.output.match(/(\d+) (\d+)\n/, timeoutMs);
      if (Number(counted) !== row.counted(count))
        throw new Error(`raw-limit counted ${counted} instead of ${row.counted(count)}`);
      return { elapsedNs: Number(elapsed), operations: row.operations?.(count) ?? count };
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

async function nativeRun(bench: Bench, workload: readonly string[]): Promise<PreparedContender> {
  const run = async (): Promise<Outcome> => {
    const command = bench.pinned([bench.programs.workload, ...workload]);
    await using process = await TestProcess.start('workload', command, {
      env: { ...bench.clockEnvironment, WORKLOAD_TIMED: '1' },
    });
    const [, elapsed, done] = await process.output.match(/(\d+) (\d+)\n/, timeoutMs);
    return { elapsedNs: Number(elapsed), operations: Number(done) };
  };
  return { serverPid: undefined, run, [Symbol.asyncDispose]: async () => undefined };
}
