/** From the start of the server to the first stop of the program. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { projectRoot } from '../../support/project-paths.js';
import type { Bench } from '../bench.js';
import { type ContenderName, isServer, serverCommand } from '../contender.js';
import { LoadClient, type Timed } from '../load-client.js';
import type { Outcome, OwnRow, Row } from '../row.js';
import { aboveNode, residentAtMost } from '../targets.js';

const emptyScript = resolve(projectRoot, 'test/bench/programs/empty.mjs');

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

async function startOnce(bench: Bench, client: LoadClient, contender: ContenderName): Promise<Timed> {
  if (contender === 'node') return client.startProgram('byte', [process.execPath, emptyScript]);
  if (!isServer(contender)) {
    const command = [bench.programs.rawLimit, 'start', 'x=0', '--', bench.programs.workload, 'spin'];
    return client.startProgram('byte', command);
  }
  const { command } = await serverCommand(contender, {
    kind: 'launch',
    command: [bench.programs.workload, 'spin'],
  });
  return client.startProgram('stop', command);
}

async function startOften(
  bench: Bench,
  client: LoadClient,
  who: ContenderName,
  count: number,
): Promise<Outcome> {
  let elapsedNs = 0;
  let resident = 0;
  for (let turn = 0; turn < count; turn++) {
    const started = await startOnce(bench, client, who);
    elapsedNs += started.elapsedNs;
    if (isServer(who)) resident = Math.max(resident, residentKib(Number(started.rest)));
  }
  return { elapsedNs, operations: count, ...(resident > 0 ? { residentKib: resident } : {}) };
}

const start: OwnRow = {
  kind: 'own',
  contenders: ['outstep', 'gdbserver', 'raw', 'node'],
  prepare: async (bench, contender, count) => {
    const client = await LoadClient.start(bench);
    return {
      serverPid: undefined,
      run: () => startOften(bench, client, contender, count),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  },
};

export const startRows: readonly Row[] = [
  {
    name: 'start',
    title: 'start to first stop',
    operation: 'a start of the server',
    count: 5,
    targets: [aboveNode(25), residentAtMost(65)],
    ...start,
  },
];
