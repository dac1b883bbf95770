/** What has become of a process, waited for without asking the debugger. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { timeFactor } from '../support/bounded.js';

const patienceMs = 20_000;
const pauseMs = 5;
const fewRounds = 5;

/** undefined: there is no such process, or only what is left of it. */
function statusOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return /^State:\tZ/m.test(status) ? undefined : status;
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code)))
      return undefined;
    throw error;
  }
}

/** The kernel tells nobody but the parent, so it is asked until the process is so. */
async function until(
  pid: number,
  wanted: string,
  isSo: (status: string | undefined) => boolean,
): Promise<void> {
  const end = performance.now() + patienceMs * timeFactor;
  while (!isSo(statusOf(pid))) {
    assert.ok(performance.now() < end, `process ${pid} is not ${wanted}:\n${statusOf(pid)}`);
    await setTimeout(pauseMs);
  }
}

export function expectGone(pid: number): Promise<void> {
  return until(pid, 'gone', (status) => status === undefined);
}

/** It has neither a tracer nor a breakpoint: it goes on making rounds. */
export async function expectRunsFree(pid: number): Promise<void> {
  await until(pid, 'free', (status) => status !== undefined && /^TracerPid:\t0$/m.test(status));
  await until(pid, 'running', (status) => status !== undefined && !/^State:\t[tT]/m.test(status));
  await expectRounds(pid);
}

/** It runs, whoever traces it. */
export async function expectRounds(pid: number): Promise<void> {
  const before = switchesOf(pid);
  await until(pid, 'making rounds', () => switchesOf(pid) > before + fewRounds);
}

/** Its rounds have a pause each. */
function switchesOf(pid: number): number {
  const [, count] = /^voluntary_ctxt_switches:\t(\d+)$/m.exec(statusOf(pid) ?? '') ?? [];
  assert.ok(count !== undefined, `process ${pid} has gone`);
  return Number(count);
}
