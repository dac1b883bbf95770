import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'mocha';
import { osTables } from '../../../src/engines/gdb/osdata/index.js';
import { timeText } from '../../../src/engines/gdb/osdata/ipc-tables.js';
import { socketAddress } from '../../../src/engines/gdb/osdata/socket-tables.js';
import { compileFixture } from '../../support/fixture.js';
import { TestProcess } from '../../support/test-process.js';
import { withSession } from './traced-session.js';

function rowsOf(name: string): Readonly<Record<string, string>>[] {
  const table = osTables.find((one) => one.name === name);
  assert.ok(table, name);
  return [...table.rows()];
}

/** What the fixture `ipc` prints of itself, in that order. */
function assertOwned(ids: readonly (string | undefined)[], ownPid: number): void {
  const [shmid, semid, msqid, tcp, tcp6] = ids;
  const shm = rowsOf('shm').find((row) => row.shmid === shmid);
  const { 'last shmat() time': attached, user = '', ...facts } = shm ?? {};
  assert.match(attached ?? '', / \d{4}$/);
  assert.equal(facts.size, '8192');
  assert.equal(facts.permissions, '640');
  assert.equal(facts['creator command'], 'ipc');
  assert.equal(facts['num attached'], '1');
  assert.equal(user, rowsOf('processes').find((row) => row.pid === String(ownPid))?.user);
  const semaphores = rowsOf('semaphores').find((row) => row.semid === semid);
  assert.deepEqual([semaphores?.['num semaphores'], semaphores?.permissions], ['3', '600']);
  const queue = rowsOf('msg').find((row) => row.msqid === msqid);
  assert.deepEqual([queue?.['num used bytes'], queue?.['num messages']], ['12', '1']);
  assert.deepEqual([queue?.['last msgsnd() command'], queue?.['last msgrcv() time']], ['ipc', '']);
  const listening = rowsOf('sockets').filter((row) => row.state === 'LISTEN');
  const four = listening.find((row) => row['local port'] === tcp && row.family === 'INET');
  assert.deepEqual(
    [four?.['local address'], four?.['remote address'], four?.['remote port'], four?.protocol],
    ['127.0.0.1', '0.0.0.0', '0', 'STREAM'],
  );
  const six = listening.find((row) => row['local port'] === tcp6 && row.family === 'INET6');
  assert.deepEqual([six?.['local address'], six?.['remote address']], ['::', '::']);
}

const own = String(process.pid);

describe('osdata', () => {
  it('lists this process with its user, command and cores', () => {
    const row = rowsOf('processes').find(({ pid }) => pid === own);
    assert.deepEqual(Object.keys(row ?? {}), ['pid', 'user', 'command', 'cores']);
    assert.ok(row?.command?.includes('mocha'));
    assert.match(row?.cores ?? '', /^\d+(,\d+)*$/);
    assert.ok(row?.user !== '' && !/^\d+$/.test(row?.user ?? '0'));
  });

  it('lists its threads and open files', () => {
    const threads = rowsOf('threads').filter(({ pid }) => pid === own);
    assert.ok(threads.some(({ tid }) => tid === own));
    assert.ok(threads.length > 1 && threads.length <= readdirSync('/proc/self/task').length + 1);
    assert.ok(rowsOf('files').some((row) => row.pid === own && row['file descriptor'] === '0'));
  });

  it('puts the leader of a group first', () => {
    const rows = rowsOf('procgroups');
    const seen = new Set<string>();
    for (const { pgid = '', pid = '' } of rows) {
      if (seen.has(pgid)) assert.notEqual(pid, pgid, 'the leader comes behind a member');
      seen.add(pgid);
    }
    assert.ok(rows.some(({ pid }) => pid === own));
  });

  it('has a row for every processor', () => {
    const count = readFileSync('/proc/cpuinfo', 'utf8').match(/^processor\s*:/gm)?.length;
    assert.equal(rowsOf('cpus').length, count);
    assert.equal(rowsOf('cpus')[0]?.processor, '0');
  });

  it('lists System V IPC objects and sockets', async () => {
    await using owner = await TestProcess.start('ipc', [await compileFixture('ipc')]);
    const [, ...ids] = await owner.output.match(/shm (\d+) sem (\d+) msg (\d+) tcp (\d+) tcp6 (\d+)/, 10_000);
    try {
      assertOwned(ids, owner.pid);
    } finally {
      owner.endInput();
      await owner.waitForExit();
    }
    const [shmid] = ids;
    assert.ok(!rowsOf('shm').some((row) => row.shmid === shmid));
  });

  it('writes addresses and times in their usual form', () => {
    assert.equal(socketAddress('0100007F'), '127.0.0.1');
    assert.equal(socketAddress('00000000000000000000000001000000'), '::1');
    assert.equal(socketAddress('B80D0120000000000000000001000000'), '2001:db8::1');
    assert.equal(timeText('0'), '');
    assert.match(timeText('1763741850'), /^(Fri|Sat) Nov 2[12] \d\d:\d\d:30 2025$/);
    assert.match(timeText('1764633600'), /^(Mon|Tue) (Dec {2}[12]|Nov 30) \d\d:\d\d:00 2025$/);
  });

  it('has a description of every table, in the order of their names', () =>
    withSession('stepping', {}, async ({ client }) => {
      const xml = await client.request('qXfer:osdata:read::0,3fff');
      const names = [...xml.matchAll(/<column name="Type">(.*?)<\/column>/g)].map(([, name]) => name);
      assert.deepEqual(
        names,
        'cpus files modules msg processes procgroups semaphores shm sockets threads'.split(' '),
      );
      for (const name of names) {
        assert.match(
          await client.request(`qXfer:osdata:read:${name}:0,fff`),
          new RegExp(`^[lm]<osdata type="${name}">`),
        );
      }
    }));

  it('answers with nothing for a table that is not there', () =>
    withSession('stepping', {}, async ({ client }) => {
      assert.equal(await client.request('qXfer:osdata:read:nonsense:0,fff'), 'l');
    }));
});
