/** Processes of this machine, as LLDB lists and finds them (proc(5)). */
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { KnownPacket, Reply } from 'gdb-js-rsp-parser';
import { moduleFor } from '../../../../arch/index.js';
import type { MachineFacts } from '../../../../arch/module.js';
import { type Pid, pid } from '../../../base/ids.js';
import { commandName, commandWords, elfIdentity, processOwner } from '../../../core/index.js';
import { linkTarget, numericNames } from '../osdata/proc-entries.js';

import { tripleOf } from './host-facts.js';

type ListedProcess = Extract<Reply<'qProcessInfoPID'>, { kind: 'facts' }>['facts'];
type WantedProcesses = NonNullable<KnownPacket<'qfProcessInfo'>['wanted']>;

/** How often is looked for a process that is still to come. */
const lookEveryMs = 10;

/** Names by which a process is found: of its file, and of itself (comm), which is cut to 15 characters. */
function isCalled(id: number, name: string): boolean {
  const file = linkTarget(`/proc/${id}/exe`);
  if (file === undefined) return false;
  return basename(file) === basename(name) || commandName(id) === name;
}

/** Those of a name, the newest last; kernel threads have none. */
export function pidsCalled(name: string): readonly number[] {
  return numericNames('/proc')
    .map(Number)
    .filter((id) => isCalled(id, name));
}

export function findByName(name: string): Pid | undefined {
  const newest = pidsCalled(name).at(-1);
  return newest === undefined ? undefined : pid(newest);
}

/** Waits for a process of that name that is none of `known`. @returns undefined when it is wanted no more */
export async function nextByName(
  name: string,
  known: ReadonlySet<number>,
  isUnwanted: () => boolean,
): Promise<Pid | undefined> {
  while (!isUnwanted()) {
    const found = pidsCalled(name).find((id) => !known.has(id));
    if (found !== undefined) return pid(found);
    await setTimeout(lookEveryMs);
  }
  return undefined;
}

/** Undefined: there is no such process, or it is a kernel thread. */
export function listedProcess(id: number, machine: MachineFacts): ListedProcess | undefined {
  const file = linkTarget(`/proc/${id}/exe`);
  const owner = processOwner(id);
  if (file === undefined || owner === undefined) return undefined;
  const identity = elfIdentity(pid(id));
  const arch = identity && moduleFor(machine.machine, identity.elfClass, identity.machine);
  const [, ...words] = commandWords(id);
  return {
    pid: id,
    ...owner,
    name: file,
    ...(words.length === 0 ? {} : { arguments: [file, ...words] }),
    ...(arch === undefined ? {} : { triple: tripleOf(arch) }),
  };
}

const matches: Readonly<Record<string, (name: string, wanted: string) => boolean>> = {
  equals: (name, wanted) => name === wanted,
  starts_with: (name, wanted) => name.startsWith(wanted),
  ends_with: (name, wanted) => name.endsWith(wanted),
  contains: (name, wanted) => name.includes(wanted),
  regex: (name, wanted) => new RegExp(wanted).test(name),
};

function isNameWanted(path: string, { name, nameMatch = 'equals' }: WantedProcesses): boolean {
  if (name === undefined || nameMatch === 'ignore') return true;
  const match = matches[nameMatch];
  return match !== undefined && (match(basename(path), name) || match(path, name));
}

function isWanted(process: ListedProcess, wanted: WantedProcesses, ownUser: number): boolean {
  const { ofAllUsers = true } = wanted;
  const sameNumbers = (
    ['pid', 'parentPid', 'realUser', 'realGroup', 'effectiveUser', 'effectiveGroup'] as const
  ).every((key) => wanted[key] === undefined || wanted[key] === process[key]);
  const isVisible = ofAllUsers || process.realUser === ownUser;
  return sameNumbers && isVisible && isNameWanted(process.name ?? '', wanted);
}

/** Processes as they are asked for; of all users unless that is denied. */
export function* listProcesses(
  wanted: WantedProcesses,
  machine: MachineFacts,
  ownUser: number,
): Generator<ListedProcess> {
  for (const id of numericNames('/proc')) {
    const process = listedProcess(Number(id), machine);
    if (process !== undefined && isWanted(process, wanted, ownUser)) yield process;
  }
}
