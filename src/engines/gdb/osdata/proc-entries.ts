/** What /proc says of processes (proc(5)); one that ends meanwhile is left out. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: string;
  /** Arguments joined by blanks; of kernel threads and zombies the name in brackets. */
  readonly command: string;
  /** Name of the program (comm), up to 15 bytes. */
  readonly name: string;
  readonly processGroup: string;
  readonly userId: string;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

export function readLines(path: string): readonly string[] {
  return (readIfThere(path) ?? '').split('\n').filter((line) => line !== '');
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Fields of a stat file from the third on; the second, the name, may hold anything. */
function statFields(folder: string): readonly string[] | undefined {
  const stat = readIfThere(`${folder}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function nameOf(folder: string): string {
  return (readIfThere(`${folder}/comm`) ?? '').trimEnd();
}

function commandOf(folder: string): string {
  const line = readIfThere(`${folder}/cmdline`) ?? '';
  return line === '' ? `[${nameOf(folder)}]` : line.replace(/\0+$/, '').replaceAll('\0', ' ');
}

export function numericNames(folder: string): readonly string[] {
  const names = entriesOf(folder).filter((name) => /^\d+$/.test(name));
  return names.sort((left, right) => Number(left) - Number(right));
}

export function* processEntries(): Generator<ProcessEntry> {
  for (const pid of numericNames('/proc')) {
    const folder = `/proc/${pid}`;
    const processGroup = statFields(folder)?.[2];
    const userId = readIfThere(`${folder}/status`)?.match(/^Uid:\t(\d+)/m)?.[1];
    if (processGroup === undefined || userId === undefined) continue;
    yield { pid, command: commandOf(folder), name: nameOf(folder), processGroup, userId };
  }
}

interface ThreadEntry {
  readonly tid: string;
  /** CPU that it last ran on: field 39 of stat. */
  readonly core: string;
}

export function* threadEntries(pid: string): Generator<ThreadEntry> {
  for (const tid of numericNames(`/proc/${pid}/task`)) {
    const core = statFields(`/proc/${pid}/task/${tid}`)?.[36];
    if (core !== undefined) yield { tid, core };
  }
}

/** Name of the program that a process runs; empty: no such process any more. */
export function processName(pid: string): string {
  return nameOf(`/proc/${pid}`);
}

/** Names by id of a file whose lines are NAME:PASSWORD:ID:... */
function namesById(path: string): ReadonlyMap<string, string> {
  const fields = readLines(path).map((line) => line.split(':'));
  return new Map(fields.map(([name = '', , id = '']) => [id, name]));
}

/** Names of users by id, passwd(5). */
export function userNames(): ReadonlyMap<string, string> {
  return namesById('/etc/passwd');
}

/** Names of groups by id, group(5). */
export function groupNames(): ReadonlyMap<string, string> {
  return namesById('/etc/group');
}
