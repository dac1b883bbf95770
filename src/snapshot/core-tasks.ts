/** What /proc says of a process and its threads that a core file tells, proc(5). */
import { readFileSync } from 'node:fs';
import type { ProcessFacts } from './core-notes.js';

/** Empty: it is gone. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** `stat` and `status` as they are, to be read when there is time. */
export interface TaskTexts {
  readonly stat: string;
  readonly status: string;
}

/** Of a thread, or with a process's own id twice of that. */
export function taskTexts(process: number, tid: number): TaskTexts {
  const folder = `/proc/${process}/task/${tid}`;
  return { stat: readText(`${folder}/stat`), status: readText(`${folder}/status`) };
}

/** Arguments with a space behind each. */
export function commandLineOf(process: number): string {
  return readText(`/proc/${process}/cmdline`).replaceAll('\0', ' ');
}

/** Fields from the third on, by the numbers that proc(5) gives them. */
function statFields({ stat }: TaskTexts): (field: number) => string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (field) => fields[field - 3] ?? '0';
}

function statusFields({ status }: TaskTexts): (field: string) => string {
  return (field) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** Of a clock tick, USER_HZ: the same on all machines that are supported. */
const tickMs = 10;

export interface TaskFacts {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly pendingSignals: bigint;
  readonly blockedSignals: bigint;
  readonly timesMs: readonly [number, number, number, number];
}

export function taskFacts(texts: TaskTexts): TaskFacts {
  const stat = statFields(texts);
  const status = statusFields(texts);
  const time = (field: number): number => Number(stat(field)) * tickMs;
  return {
    parent: Number(stat(4)),
    group: Number(stat(5)),
    session: Number(stat(6)),
    pendingSignals: BigInt(`0x${status('SigPnd') || '0'}`),
    blockedSignals: BigInt(`0x${status('SigBlk') || '0'}`),
    timesMs: [time(14), time(15), time(16), time(17)],
  };
}

export function processFacts(pid: number, texts: TaskTexts, commandLine: string): ProcessFacts {
  const stat = statFields(texts);
  const status = statusFields(texts);
  const firstNumber = (field: string): number => Number(status(field).split(/\s+/)[0] ?? 0);
  return {
    state: stat(3),
    nice: Number(stat(19)),
    flags: BigInt(stat(9)),
    user: firstNumber('Uid'),
    userGroup: firstNumber('Gid'),
    pid,
    parent: Number(stat(4)),
    group: Number(stat(5)),
    session: Number(stat(6)),
    name: status('Name'),
    commandLine,
  };
}
