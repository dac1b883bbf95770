/** Many threads, many libraries: attaching to them, stopping with them, listing them. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { TestProcess } from '../../support/test-process.js';
import type { Bench } from '../bench.js';
import { isServer } from '../contender.js';
import { type OwnRow, type Row, type ServedRow, warmUps } from '../row.js';
import { Session } from '../session.js';
import { faster, within } from '../targets.js';

const many = 1000;
const transferBytes = 0x4000;

async function listThreads(session: Session, expected: number): Promise<number> {
  const { elapsedNs, rest } = await session.client.transfer('threads', transferBytes, '<thread ');
  if (Number(rest) !== expected) throw new Error(`${rest} threads instead of ${expected}`);
  return elapsedNs;
}

const attachRow: OwnRow = {
  kind: 'own',
  contenders: ['outstep', 'gdbserver', 'raw'],
  prepare: async (bench, contender) => {
    const command = bench.pinned([bench.programs.workload, 'threads', `${many}`]);
    const workload = await TestProcess.start('workload', command);
    await workload.output.match(/ready\n/);
    if (!isServer(contender)) return rawAttach(bench, workload);
    const session = await Session.waiting(bench, contender);
    return {
      serverPid: session.server.pid,
      run: async () => {
        const attached = await session.client.askTimed(`vAttach;${workload.pid.toString(16)}`);
        if (!attached.rest.startsWith('T')) throw new Error(`vAttach was answered with ${attached.rest}`);
        return { elapsedNs: attached.elapsedNs + (await listThreads(session, many + 1)), operations: 1 };
      },
      [Symbol.asyncDispose]: async () => {
        await session[Symbol.asyncDispose]();
        await workload[Symbol.asyncDispose]();
      },
    };
  },
};

async function rawAttach(bench: Bench, workload: TestProcess) {
  const raw = await TestProcess.start('raw-limit', bench.rawCommand('attach', [`${workload.pid}`], ''), {
    env: bench.clockEnvironment,
  });
  await raw.output.match(/ready\n/);
  return {
    serverPid: raw.pid,
    run: async () => {
      raw.write('go\n');
      const [, elapsed, counted] = await raw.output.match(/(\d+) (\d+)\n/);
      if (Number(counted) !== many + 1) throw new Error(`${counted} threads`);
      return { elapsedNs: Number(elapsed), operations: 1 };
    },
    [Symbol.asyncDispose]: async () => {
      await raw[Symbol.asyncDispose]();
      await workload[Symbol.asyncDispose]();
    },
  };
}

function libraryFolder(bench: Bench): string {
  const folder = resolve(bench.programs.folder, 'libraries');
  if (existsSync(resolve(folder, `${many - 1}.so`))) return folder;
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < many; i++) copyFileSync(bench.programs.library, resolve(folder, `${i}.so`));
  return folder;
}

/** The workload with so many libraries and idle threads. */
function crowd(size: number, prepare: ServedRow['prepare']): ServedRow {
  return {
    kind: 'served',
    workload: (_count, bench) => ['libraries', libraryFolder(bench), `${size}`, `${size}`],
    prepare,
  };
}

function stops(size: number): ServedRow {
  return crowd(size, async ({ client, thread }, count) => {
    const exchanges = [[`vCont;s:${thread}`, 'T05']] as const;
    await client.loop(warmUps(count), exchanges);
    return {
      run: async () => {
        const { elapsedNs } = await client.loop(count, exchanges);
        return { elapsedNs, operations: count };
      },
    };
  });
}

type ListedObject = 'threads' | 'libraries-svr4';

async function listOnce({ client }: Session, object: ListedObject): Promise<number> {
  const { element, atLeast } = listed[object];
  const list = await client.transfer(object, transferBytes, element);
  if (Number(list.rest) < atLeast) throw new Error(`only ${list.rest} in the list`);
  return list.elapsedNs;
}

const listed = {
  threads: { element: '<thread ', atLeast: many + 1 },
  'libraries-svr4': { element: '<library ', atLeast: many },
} as const;

/** Reads a whole list `count` times, after something that `before` each of them may have changed it. */
function lists(object: ListedObject, before?: (session: Session) => Promise<unknown>): ServedRow {
  return crowd(many, async (session, count) => {
    if (session.name === 'lldb-server' && object === 'threads') return undefined;
    return {
      run: async () => {
        let elapsedNs = 0;
        for (let turn = 0; turn < count; turn++) {
          await before?.(session);
          elapsedNs += await listOnce(session, object);
        }
        return { elapsedNs, operations: count };
      },
    };
  });
}

/** The same, when nothing has happened since it was read before. */
function listsAgain(object: ListedObject): ServedRow {
  return crowd(many, async (session, count) => {
    if (session.name === 'lldb-server' && object === 'threads') return undefined;
    await listOnce(session, object);
    return {
      run: async () => {
        let elapsedNs = 0;
        for (let turn = 0; turn < count; turn++) elapsedNs += await listOnce(session, object);
        return { elapsedNs, operations: count };
      },
    };
  });
}

export const threadRows: readonly Row[] = [
  {
    name: 'attach',
    title: 'attach to 1,001 threads, stop and list them',
    operation: '`vAttach`, `qXfer:threads:read`',
    count: 1,
    targets: [faster(3)],
    ...attachRow,
  },
  {
    name: 'stop-1',
    title: 'stop reply with 1 library and 1 thread more',
    operation: '`vCont;s:TID`',
    count: 10_000,
    countedOperations: 1000,
    targets: [],
    ...stops(1),
  },
  {
    name: 'stop-1000',
    title: 'stop reply with 1,000 libraries and 1,000 threads more',
    operation: '`vCont;s:TID`',
    count: 10_000,
    countedOperations: 1000,
    targets: [within('stop-1', 1.5)],
    ...stops(many),
  },
  {
    name: 'list-threads',
    title: 'list of 1,001 threads, one of which has run',
    operation: '`qXfer:threads:read`',
    count: 10,
    countedOperations: 1,
    targets: [faster(1)],
    ...lists('threads', ({ client, thread }) => client.loop(1, [[`vCont;s:${thread}`, 'T05']])),
  },
  {
    name: 'list-threads-again',
    title: 'the same, none has run',
    operation: '`qXfer:threads:read`',
    count: 50,
    countedOperations: 1,
    targets: [faster(1)],
    ...listsAgain('threads'),
  },
  {
    name: 'list-libraries',
    title: 'list of 1,000 libraries',
    operation: '`qXfer:libraries-svr4:read`, the first',
    count: 1,
    targets: [faster(1)],
    ...lists('libraries-svr4'),
  },
  {
    name: 'list-libraries-again',
    title: 'the same, nothing loaded since',
    operation: '`qXfer:libraries-svr4:read`',
    count: 50,
    countedOperations: 1,
    targets: [faster(1)],
    ...listsAgain('libraries-svr4'),
  },
];
