import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { asciiBytes } from 'gdb-js-rsp-parser';
import {
  parseOsData,
  parseSvr4Libraries,
  parseThreadList,
  printOsData,
  printSvr4Libraries,
  printThreadList,
} from 'gdb-js-rsp-parser/documents';
import { describe, it } from 'mocha';
import { pieceOf } from '../../../src/engines/gdb/packets/transfer.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, threadsOf } from '../../support/proc-files.js';
import { TestProcess } from '../../support/test-process.js';
import { compileFixed, newServer, type TracedSession, withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

/** What the codec makes of a document. */
const inBothDirections: Readonly<Record<string, (text: string) => string>> = {
  threads: (text) => printThreadList(parseThreadList(text)),
  'libraries-svr4': (text) => printSvr4Libraries(parseSvr4Libraries(text)),
  osdata: (text) => printOsData(parseOsData(text)),
};

/** The whole object, fetched in pieces. */
async function fetch(client: WireClient, object: string, annex = '', lengthBytes = 0x400): Promise<string> {
  let content = '';
  for (;;) {
    const offset = content.length.toString(16);
    const reply = await client.request(`qXfer:${object}:read:${annex}:${offset},${lengthBytes.toString(16)}`);
    assert.match(reply, /^[ml]/, `${object} at ${offset}: ${reply}`);
    content += reply.slice(1);
    if (reply.startsWith('l')) return content;
    assert.equal(reply.length, lengthBytes + 1);
  }
}

const running = (test: (session: TracedSession) => Promise<void>): Promise<void> =>
  withSession('signals', { args: ['usr1'] }, test);

describe('qXfer', () => {
  it('announces every object that it has', async () => {
    const { server } = newServer({ multi: true });
    try {
      const tokens = (await new WireClient(server).greet()).split(';');
      for (const object of [
        'features',
        'auxv',
        'exec-file',
        'libraries-svr4',
        'threads',
        'siginfo',
        'osdata',
      ]) {
        assert.ok(tokens.includes(`qXfer:${object}:read+`), object);
      }
      assert.ok(tokens.includes('qXfer:siginfo:write+'));
      assert.ok(tokens.includes('augmented-libraries-svr4-read+'));
      assert.equal(
        tokens.some((token) => token.startsWith('qXfer:auxv:write')),
        false,
      );
    } finally {
      server.dispose();
    }
  });

  it('cuts objects into pieces', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const piece = (offset: number, length: number): unknown => pieceOf(bytes, offset, length);
    assert.deepEqual(piece(0, 2), { kind: 'binary', prefix: 'm', bytes: Uint8Array.of(1, 2) });
    assert.deepEqual(piece(2, 2), { kind: 'binary', prefix: 'l', bytes: Uint8Array.of(3) });
    assert.deepEqual(piece(0, 3), { kind: 'binary', prefix: 'l', bytes });
    assert.deepEqual(piece(3, 1), { kind: 'binary', prefix: 'l', bytes: new Uint8Array() });
    assert.equal(piece(4, 1), undefined);
  });

  it('gives the target description', () =>
    running(async ({ client }) => {
      const xml = await fetch(client, 'features', 'target.xml');
      assert.match(xml, /<target[\s\S]*<\/target>\s*$/);
      assert.match(await client.request('qXfer:features:read:other.xml:0,100'), /^E/);
    }));

  it('gives documents that the codec reads, and prints the same', () =>
    running(async ({ client, symbol }) => {
      assert.equal(await client.request(`Z0,${symbol('main')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      for (const [object, again] of Object.entries(inBothDirections)) {
        const text = await fetch(client, object, object === 'osdata' ? 'processes' : '', 0x10000);
        assert.equal(again(text), text, object);
      }
    }));

  it('gives the auxiliary vector up to its end', () =>
    running(async ({ client, pid }) => {
      const content = asciiBytes(await fetch(client, 'auxv', '', 0x50));
      const file = new Uint8Array(readFileSync(`/proc/${pid}/auxv`));
      assert.deepEqual(content, file.subarray(0, content.length));
      assert.deepEqual([...content.subarray(-16)], Array(16).fill(0));
    }));

  it('gives the path of the program', () =>
    running(async ({ client, path, pid }) => {
      assert.equal(await fetch(client, 'exec-file'), path);
      assert.equal(await fetch(client, 'exec-file', pid.toString(16)), path);
      assert.equal(await client.request('qXfer:exec-file:read:7ffffffe:0,100'), 'E03');
    }));

  it('gives a path at which a deleted program can be opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deleted-'));
    try {
      const path = join(folder, 'workers');
      copyFileSync(await compileFixed('workers', ['-pthread']), path);
      using program = startOrphan(path, ['1']);
      await eventually('it runs', () => readlinkSync(`/proc/${program.pid}/exe`) === path);
      rmSync(path);
      const { server } = newServer();
      try {
        await server.attach(program.pid);
        const client = new WireClient(server);
        await client.greet();
        assert.equal(await fetch(client, 'exec-file'), `/proc/${program.pid}/exe`);
        assert.equal(await client.request('D'), 'OK');
      } finally {
        server.dispose();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives all threads with core and name', () =>
    running(async ({ client, pid }) => {
      const id = `p${pid.toString(16)}.${pid.toString(16)}`;
      const thread = `<thread id="${id}" core="\\d+" name="signals"/>`;
      assert.match(await fetch(client, 'threads'), new RegExp(`^<threads>\n${thread}\n</threads>\n$`));
    }));

  it('gives the names that threads have now, whoever gave them', () =>
    withSession('thread-names', { flags: ['-pthread'] }, async ({ client, pid, symbol }) => {
      const main = `p${pid.toString(16)}.${pid.toString(16)}`;
      const names = async (): Promise<readonly string[]> =>
        [...(await fetch(client, 'threads')).matchAll(/ name="([^"]*)"/g)].map(([, name = '']) => name);
      await names();
      assert.equal(await client.request(`Z0,${symbol('named')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      assert.deepEqual(await names(), ['back\\slash', '&lt;&quot;&amp;&apos;&gt;) R 1']);
      assert.equal(await client.request(`z0,${symbol('named')},${breakpointKind}`), 'OK');
      assert.match(await client.request(`vCont;s:${main}`), /^T05/);
      assert.equal(await client.request(`Z0,${symbol('named')},${breakpointKind}`), 'OK');
      assert.match(await client.request(`vCont;c:${main}`), /^T05/);
      assert.deepEqual(await names(), ['line\nend \xef\xbf\xbd', 'renamed']);
    }));

  it('gives no library before the loader ran, then those that are loaded, and a part of them', () =>
    running(async ({ client, symbol }) => {
      const none = '<library-list-svr4 version="1.0"></library-list-svr4>';
      assert.equal(await fetch(client, 'libraries-svr4'), none);
      assert.equal(await client.request(`Z0,${symbol('main')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      const xml = await fetch(client, 'libraries-svr4');
      assert.match(xml, /^<library-list-svr4 version="1.0" main-lm="0x[0-9a-f]+"><library name="/);
      const entries = [
        ...xml.matchAll(
          /<library name="([^"]*)" lm="0x([0-9a-f]+)" l_addr="0x[0-9a-f]+" l_ld="0x[0-9a-f]+" lmid="0x([0-9a-f]+)"\/>/g,
        ),
      ];
      assert.ok(entries.some(([, name]) => name?.endsWith('/libc.so.6')));
      const [, [, name, start, lmid] = []] = entries;
      const rest = await fetch(
        client,
        'libraries-svr4',
        `start=${start};prev=${entries[0]?.[2]};lmid=${lmid};`,
      );
      assert.ok(rest.startsWith(`<library-list-svr4 version="1.0"><library name="${name}" lm="0x${start}"`));
    }));

  it('gives and takes the information about a signal', () =>
    running(async ({ client }) => {
      assert.match(await client.request('vCont;c'), /^T1e/);
      const info = asciiBytes(await fetch(client, 'siginfo', '', 0x80));
      assert.equal(info.length, 128);
      assert.equal(new DataView(info.buffer).getInt32(0, true), 10);
      const changed = new Uint8Array([...asciiBytes('qXfer:siginfo:write::4:'), 0x23, 0x24, 0x7d, 0x2a]);
      assert.equal(await client.request(changed), '4');
      const after = asciiBytes(await fetch(client, 'siginfo', '', 0x80));
      assert.deepEqual([...after.subarray(4, 8)], [0x23, 0x24, 0x7d, 0x2a]);
      // Clients read single members: never those of an earlier state.
      const again = new Uint8Array([...asciiBytes('qXfer:siginfo:write::4:'), 1, 0, 0, 0]);
      assert.equal(await client.request(again), '4');
      assert.equal(await client.request('qXfer:siginfo:read::4,4'), 'm\x01\0\0\0');
      const tooLong = new Uint8Array([...asciiBytes('qXfer:siginfo:write::7e:'), 1, 2, 3]);
      assert.match(await client.request(tooLong), /^E/);
    }));

  it('tells of a thread that no signal stopped as of a SIGSTOP of the server', async () => {
    using program = startOrphan(await compileFixed('workers', ['-pthread']), ['1']);
    await eventually('its threads are there', () => threadsOf(program.pid).length === 2);
    const { server } = newServer();
    try {
      await server.attach(program.pid);
      const client = new WireClient(server);
      await client.greet();
      await client.request('?');
      const sigstop = new Uint8Array(128);
      const view = new DataView(sigstop.buffer);
      view.setInt32(0, 19, true);
      view.setInt32(8, -6, true);
      view.setInt32(16, process.pid, true);
      const info = asciiBytes(await fetch(client, 'siginfo', '', 0x80));
      assert.deepEqual(info, sigstop);
      // As clients do that put back what they saved.
      const write = new Uint8Array([...asciiBytes('qXfer:siginfo:write::0:'), ...info.subarray(0, 12)]);
      assert.equal(await client.request(write), 'c');
      assert.deepEqual(asciiBytes(await fetch(client, 'siginfo', '', 0x80)), sigstop);
      assert.equal(await client.request('D'), 'OK');
    } finally {
      server.dispose();
    }
  });

  it('gives the tables of the system', () =>
    running(async ({ client, pid }) => {
      const tables = await fetch(client, 'osdata');
      assert.match(tables, /^<osdata type="types">\n<item>.*<column name="Type">processes<\/column>/s);
      const row = `<column name="pid">${pid}</column>`;
      assert.ok((await fetch(client, 'osdata', 'processes', 0xffff)).includes(row));
      assert.equal(await client.request('qXfer:osdata:read:nothing:0,100'), 'l');
    }));

  it('serves all pieces from what the object was at the first', () =>
    running(async ({ client }) => {
      const first = await client.request('qXfer:osdata:read:processes:0,40');
      await using later = await TestProcess.start('sleep', ['sleep', '1000']);
      const row = `<column name="pid">${later.pid}</column>`;
      const second = await client.request('qXfer:osdata:read:processes:40,fffff');
      assert.ok(first.startsWith('m') && second.startsWith('l'));
      assert.equal(second.includes(row), false);
      assert.ok((await client.request('qXfer:osdata:read:processes:0,fffff')).includes(row));
    }));

  it('answers what it does not know with nothing, and mistakes with an error', () =>
    running(async ({ client }) => {
      assert.equal(await client.request('qXfer:memory-map:read::0,100'), '');
      assert.equal(await client.request('qXfer:auxv:write::0:x'), '');
      assert.equal(await client.request('qXfer:auxv:erase::0,1'), '');
      for (const broken of ['auxv:read::0', 'auxv:read::x,1', 'auxv:read:0,1', 'auxv:read::0,0', 'auxv']) {
        assert.match(await client.request(`qXfer:${broken}`), /^E16$/, broken);
      }
      assert.match(await client.request('qXfer:auxv:read:annex:0,100'), /^E/);
      assert.match(await client.request('qXfer:auxv:read::100000,100'), /^E/);
    }));

  it('answers with an error when there is no process', async () => {
    const { server } = newServer({ multi: true });
    try {
      const client = new WireClient(server);
      await client.greet();
      for (const object of ['features:read:target.xml', 'auxv:read:', 'exec-file:read:', 'siginfo:read:']) {
        assert.equal(await client.request(`qXfer:${object}:0,100`), 'E03', object);
      }
      assert.equal(await fetch(client, 'threads'), '<threads>\n</threads>\n');
      assert.ok((await fetch(client, 'osdata')).length > 0);
    } finally {
      server.dispose();
    }
  });
});
