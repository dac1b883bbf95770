import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'mocha';
import { osDataXml } from '../../../src/engines/gdb/objects/osdata.js';
import { escapeXml } from '../../../src/engines/gdb/objects/xml.js';
import { osTables } from '../../../src/engines/gdb/osdata/index.js';

function rowsOf(name: string): Readonly<Record<string, string>>[] {
  const table = osTables.find((one) => one.name === name);
  assert.ok(table, name);
  return [...table.rows()];
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

  it('is well-formed whatever a process calls itself', () => {
    const xml = osDataXml('t', [{ 'a b': `<x> & "y"'\u0001\ud800` }]);
    assert.equal(
      xml,
      '<osdata type="t">\n<item><column name="a b">&lt;x&gt; &amp; &quot;y&quot;&apos;\ufffd\ufffd</column></item>\n</osdata>\n',
    );
    assert.equal(escapeXml('tab\t, line\n, \u{1f600}'), 'tab\t, line\n, \u{1f600}');
  });
});
