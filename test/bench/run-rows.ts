/** Runs rows: the contenders in turns, round by round, then once more each to count system calls. */
import { resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.js';
import type { Bench } from './bench.js';
import { type CallCounts, countCalls } from './call-counter.js';
import type { ContenderName } from './contender.js';
import { prepareContender } from './prepared-contender.js';
import type { Outcome, Row, RowResult, Summary } from './row.js';

export interface RunPlan {
  readonly rounds: number;
  /** Of the rows' counts. */
  readonly scale: number;
  readonly contenders: readonly ContenderName[];
  readonly countsCalls: boolean;
  readonly say: (line: string) => void;
}

const countedShare = 1 / 20;

function countFor(row: Row, contender: ContenderName, scale: number): number {
  const granule = row.granule ?? 1;
  const wanted = (row.counts?.[contender] ?? row.count) * scale;
  return Math.max(1, Math.round(wanted / granule)) * granule;
}

/** @returns undefined when this contender has no part in the row */
async function sample(
  bench: Bench,
  row: Row,
  name: ContenderName,
  count: number,
): Promise<Outcome | undefined> {
  await using prepared = await prepareContender(bench, row, name, count);
  if (prepared === undefined) return undefined;
  const outcome = await prepared.run();
  await prepared.check?.();
  return outcome;
}

async function counted(
  bench: Bench,
  row: Row,
  name: ContenderName,
  plan: RunPlan,
): Promise<{ readonly counts: CallCounts; readonly operations: number } | undefined> {
  const scale = Math.min(1, plan.scale) * countedShare;
  const count = Math.min(
    countFor(row, name, plan.scale),
    row.countedOperations ?? countFor(row, name, scale),
  );
  await using prepared = await prepareContender(bench, row, name, count);
  if (prepared?.serverPid === undefined) return undefined;
  const log = resolve(bench.programs.folder, `strace-${row.name}-${name}`);
  const { value, counts } = await countCalls(prepared.serverPid, log, prepared.run);
  await prepared.check?.();
  return { counts, operations: value.operations };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

async function summarize(
  bench: Bench,
  row: Row,
  name: ContenderName,
  outcomes: readonly Outcome[],
  plan: RunPlan,
): Promise<Summary> {
  const samplesNs = outcomes.map(({ elapsedNs, operations }) => elapsedNs / operations);
  const resident = outcomes.flatMap(({ residentKib }) => residentKib ?? []);
  const worst = outcomes.flatMap(({ worstNs }) => worstNs ?? []);
  const calls = plan.countsCalls ? await counted(bench, row, name, plan) : undefined;
  return {
    medianNs: median(samplesNs),
    samplesNs,
    operations: outcomes[0]?.operations ?? 0,
    ...(resident.length > 0 ? { residentKib: median(resident) } : {}),
    ...(worst.length > 0 ? { worstNs: Math.max(...worst) } : {}),
    ...(calls === undefined
      ? {}
      : {
          systemCalls: calls.counts.systemCalls / calls.operations,
          stops: calls.counts.stops / calls.operations,
        }),
  };
}

/** One row. A contender that fails is left out from then on, with the reason. */
export async function runRow(bench: Bench, row: Row, plan: RunPlan): Promise<RowResult> {
  const outcomes = new Map<ContenderName, Outcome[]>();
  const failures = new Map<ContenderName, string>();
  const absent = new Set<ContenderName>();
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of plan.contenders) {
      if (failures.has(name) || absent.has(name)) continue;
      try {
        const outcome = await sample(bench, row, name, countFor(row, name, plan.scale));
        if (outcome === undefined) absent.add(name);
        else outcomes.set(name, [...(outcomes.get(name) ?? []), outcome]);
      } catch (error) {
        failures.set(name, messageOf(error));
        plan.say(`${row.name}, ${name}: ${messageOf(error)}`);
      }
    }
  }
  const summaries = new Map<ContenderName, Summary>();
  for (const [name, ofContender] of outcomes) {
    if (failures.has(name)) continue;
    try {
      summaries.set(name, await summarize(bench, row, name, ofContender, plan));
    } catch (error) {
      failures.set(name, messageOf(error));
      plan.say(`${row.name}, ${name}: ${messageOf(error)}`);
    }
  }
  return { row, summaries, failures };
}
