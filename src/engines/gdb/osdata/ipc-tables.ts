/** Tables of System V IPC objects (sysvipc(7)): /proc/sysvipc/{shm,sem,msg}, whose first line names the columns. */
import type { OsTable } from './os-table.js';
import { groupNames, processName, readLines, userNames } from './proc-entries.js';

type Fields = Readonly<Record<string, string>>;

function* objectsOf(name: 'shm' | 'sem' | 'msg'): Generator<Fields> {
  const [head = '', ...lines] = readLines(`/proc/sysvipc/${name}`);
  const columns = head.trim().split(/\s+/);
  for (const line of lines) {
    const values = line.trim().split(/\s+/);
    yield Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']));
  }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Seconds since 1970 in the form of ctime(3), local time; empty for 0, which stands for never. */
export function timeText(seconds: string): string {
  if (!/^[1-9]\d*$/.test(seconds)) return '';
  const date = new Date(Number(seconds) * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${days[date.getDay()]} ${months[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${time} ${date.getFullYear()}`;
}

/** Who owns and who created an object. */
function owners(): (fields: Fields) => Record<string, string> {
  const users = userNames();
  const groups = groupNames();
  const user = (id = ''): string => users.get(id) ?? id;
  const group = (id = ''): string => groups.get(id) ?? id;
  return ({ uid, gid, cuid, cgid }) => ({
    user: user(uid),
    group: group(gid),
    'creator user': user(cuid),
    'creator group': group(cgid),
  });
}

function* sharedMemoryRows(): Generator<Record<string, string>> {
  const owner = owners();
  for (const fields of objectsOf('shm')) {
    const { key = '', shmid = '', perms = '', size = '', cpid = '', lpid = '', nattch = '' } = fields;
    yield {
      key,
      shmid,
      permissions: perms,
      size,
      'creator command': processName(cpid),
      'last op. command': processName(lpid),
      'num attached': nattch,
      ...owner(fields),
      'last shmat() time': timeText(fields.atime ?? ''),
      'last shmdt() time': timeText(fields.dtime ?? ''),
      'last shmctl() time': timeText(fields.ctime ?? ''),
    };
  }
}

function* semaphoreRows(): Generator<Record<string, string>> {
  const owner = owners();
  for (const fields of objectsOf('sem')) {
    const { key = '', semid = '', perms = '', nsems = '' } = fields;
    yield {
      key,
      semid,
      permissions: perms,
      'num semaphores': nsems,
      ...owner(fields),
      'last semop() time': timeText(fields.otime ?? ''),
      'last semctl() time': timeText(fields.ctime ?? ''),
    };
  }
}

function* messageQueueRows(): Generator<Record<string, string>> {
  const owner = owners();
  for (const fields of objectsOf('msg')) {
    const { key = '', msqid = '', perms = '', cbytes = '', qnum = '', lspid = '', lrpid = '' } = fields;
    yield {
      key,
      msqid,
      permissions: perms,
      'num used bytes': cbytes,
      'num messages': qnum,
      'last msgsnd() command': processName(lspid),
      'last msgrcv() command': processName(lrpid),
      ...owner(fields),
      'last msgsnd() time': timeText(fields.stime ?? ''),
      'last msgrcv() time': timeText(fields.rtime ?? ''),
      'last msgctl() time': timeText(fields.ctime ?? ''),
    };
  }
}

export const ipcTables: readonly OsTable[] = [
  { name: 'msg', title: 'Message queues', description: 'System V message queues', rows: messageQueueRows },
  { name: 'semaphores', title: 'Semaphores', description: 'System V semaphore sets', rows: semaphoreRows },
  {
    name: 'shm',
    title: 'Shared-memory regions',
    description: 'System V shared memory',
    rows: sharedMemoryRows,
  },
];
