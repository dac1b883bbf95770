/** Tables about processes: what runs, in which groups, with which threads and files. */
import type { OsTable } from './os-table.js';
import {
  linkTarget,
  numericNames,
  type ProcessEntry,
  processEntries,
  threadEntries,
  userNames,
} from './proc-entries.js';

function* processRows(): Generator<Record<string, string>> {
  const users = userNames();
  for (const { pid, userId, command } of processEntries()) {
    const cores = new Set([...threadEntries(pid)].map((thread) => Number(thread.core)));
    const sorted = [...cores].sort((left, right) => left - right);
    yield { pid, user: users.get(userId) ?? userId, command, cores: sorted.join(',') };
  }
}

/** Members of a group stand together, the leader first. */
function* groupRows(): Generator<Record<string, string>> {
  const entries = [...processEntries()];
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
  const rank = (entry: ProcessEntry): number => (entry.pid === entry.processGroup ? 0 : Number(entry.pid));
  entries.sort(
    (left, right) => Number(left.processGroup) - Number(right.processGroup) || rank(left) - rank(right),
  );
  for (const { pid, processGroup, command } of entries) {
    const leader = byPid.get(processGroup)?.name ?? '';
    yield { pgid: processGroup, 'leader command': leader, pid, 'command line': command };
  }
}

function* threadRows(): Generator<Record<string, string>> {
  for (const { pid, name } of processEntries()) {
    for (const { tid, core } of threadEntries(pid)) yield { pid, command: name, tid, core };
  }
}

function* fileRows(): Generator<Record<string, string>> {
  for (const { pid, name: command } of processEntries()) {
    for (const descriptor of numericNames(`/proc/${pid}/fd`)) {
      const name = linkTarget(`/proc/${pid}/fd/${descriptor}`);
      if (name !== undefined) yield { pid, command, 'file descriptor': descriptor, name };
    }
  }
}

export const processTables: readonly OsTable[] = [
  { name: 'processes', title: 'Processes', description: 'Processes of the system', rows: processRows },
  { name: 'procgroups', title: 'Process groups', description: 'Process groups and members', rows: groupRows },
  { name: 'threads', title: 'Threads', description: 'Threads of all processes', rows: threadRows },
  { name: 'files', title: 'File descriptors', description: 'Open files of all processes', rows: fileRows },
];
