/** What LLDB asks about the machine, its processes and files, and what it has done there. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { asciiBytes, asciiText, hexOfText, type PacketName, parseReply, textOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { thisMachine } from '../../support/machine.js';
import { compileFixed, newServer, withSession } from './traced-session.js';
import { lldbTokens, WireClient } from './wire-client.js';

const run = promisify(execFile);

async function ask<const Name extends PacketName>(client: WireClient, name: Name, packet: string) {
  return parseReply(name, asciiBytes(await client.request(packet)));
}

/** A client of a server without a program. */
async function withMachine(test: (client: WireClient) => Promise<void>, isMulti = true): Promise<void> {
  const { server } = newServer({ multi: isMulti, version: '1.2.3', port: () => 4321 });
  try {
    const client = new WireClient(server);
    await client.greet(lldbTokens);
    await client.request('QEnableErrorStrings');
    await test(client);
  } finally {
    server.dispose();
  }
}

describe('lldb session: this machine', () => {
  it('names the server, the folder, users and groups', () =>
    withMachine(async (client) => {
      assert.equal(await client.request('qGDBServerVersion'), 'name:outstep;version:1.2.3;');
      assert.equal(textOfHex(await client.request('qGetWorkingDir')), process.cwd());
      assert.equal(await client.request(`QSetWorkingDir:${hexOfText('/tmp')}`), 'OK');
      assert.equal(textOfHex(await client.request('qGetWorkingDir')), '/tmp');
      assert.equal(textOfHex(await client.request('qUserName:0')), 'root');
      assert.equal(textOfHex(await client.request('qGroupName:0')), 'root');
      assert.match(await client.request('qUserName:4294967294'), /^E02;/);
    }));

  it('lists processes, all or those that are wanted', () =>
    withMachine(async (client) => {
      const own = await ask(client, 'qProcessInfoPID', `qProcessInfoPID:${process.pid}`);
      assert.ok(own.kind === 'facts');
      assert.equal(own.facts.pid, process.pid);
      assert.equal(own.facts.parentPid, process.ppid);
      assert.match(own.facts.triple ?? '', /-linux-gnu$/);
      const name = hexOfText(process.execPath.slice(process.execPath.lastIndexOf('/') + 1));
      const pids: (number | undefined)[] = [];
      let packet = `qfProcessInfo:name:${name};name_match:equals;all_users:0;`;
      for (;;) {
        const next = await ask(client, 'qsProcessInfo', packet);
        if (next.kind !== 'facts') break;
        pids.push(next.facts.pid);
        packet = 'qsProcessInfo';
      }
      assert.ok(pids.includes(process.pid));
      assert.ok(!pids.includes(1));
      assert.match(await client.request('qfProcessInfo:pid:1;'), /^pid:1;|^E04;/);
      assert.match(await client.request('qsProcessInfo'), /^E04;/);
      assert.match(await client.request('qProcessInfoPID:2147483647'), /^E03;/);
    }));

  it('describes signals', () =>
    withMachine(async (client) => {
      await client.request('jSignalsInfo');
      // LLDB undoes no escapes in it.
      const frame = asciiText(client.writes.at(-1) ?? new Uint8Array());
      const signals: { signo: number }[] = JSON.parse(
        frame.slice(frame.indexOf('$') + 1, frame.lastIndexOf('#')),
      );
      assert.deepEqual(
        signals.find(({ signo }) => signo === 17),
        { signo: 17, name: 'SIGCHLD', suppress: false, stop: false, notify: true },
      );
    }));
});

describe('lldb session: the platform', () => {
  it('runs commands, and tells how they ended', () =>
    withMachine(async (client) => {
      const shell = (command: string, rest = '') =>
        ask(client, 'qPlatform_shell', `qPlatform_shell:${hexOfText(command)},a${rest}`);
      const said = await shell('echo out; echo err >&2; exit 3');
      assert.ok(said.kind === 'finished');
      assert.equal(new TextDecoder().decode(said.output), 'out\nerr\n');
      assert.equal(said.status, 3);
      const killed = await shell('kill -9 $$');
      assert.ok(killed.kind === 'finished');
      assert.equal(killed.signal, 9);
      const folder = await shell('pwd', `,${hexOfText('/usr')}`);
      assert.ok(folder.kind === 'finished');
      assert.equal(new TextDecoder().decode(folder.output), '/usr\n');
    }));

  it('makes folders, changes modes, looks at files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-platform-'));
    try {
      await withMachine(async (client) => {
        const file = join(folder, 'file');
        await writeFile(file, 'contents');
        const hex = hexOfText(file);
        assert.equal(await client.request(`vFile:exists:${hex}`), 'F,1');
        assert.equal(await client.request(`vFile:exists:${hexOfText('/nowhere')}`), 'F,0');
        assert.equal(await client.request(`vFile:size:${hex}`), 'F8');
        assert.equal(await client.request(`vFile:size:${hexOfText('/nowhere')}`), 'F-1,2');
        assert.equal(await client.request(`qPlatform_chmod:000001c0,${hex}`), 'F0');
        assert.equal(await client.request(`vFile:mode:${hex}`), 'F1c0');
        const sum = createHash('md5').update('contents').digest('hex');
        const reversed = (half: string) => (half.match(/../g) ?? []).reverse().join('');
        const expected = `F,${reversed(sum.slice(0, 16))}${reversed(sum.slice(16))}`;
        assert.equal(await client.request(`vFile:MD5:${hex}`), expected);
        assert.equal(await client.request(`vFile:MD5:${hexOfText('/nowhere')}`), 'F,x');
        const made = join(folder, 'made');
        assert.equal(await client.request(`qPlatform_mkdir:000001c0,${hexOfText(made)}`), 'F0');
        assert.equal((await stat(made)).mode & 0o777, 0o700);
        assert.equal(await client.request(`qPlatform_mkdir:000001c0,${hexOfText(made)}`), 'F11');
        const link = join(folder, 'link');
        assert.equal(await client.request(`vFile:symlink:${hex},${hexOfText(link)}`), 'F0');
        assert.equal(await readFile(link, 'utf8'), 'contents');
        const paths = await ask(client, 'qPathComplete', `qPathComplete:0,${hexOfText(join(folder, 'm'))}`);
        assert.ok(paths.kind === 'paths');
        assert.deepEqual(paths.paths, [`${made}/`]);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('hands out its own port for programs', () =>
    withMachine(async (client) => {
      assert.equal(await client.request('qLaunchGDBServer;host:here;'), 'pid:0;port:4321;');
      assert.equal(await client.request('qQueryGDBServer'), '[]');
      assert.equal(await client.request('qKillSpawnedProcess:0'), 'OK');
    }));

  it('is refused by a server for one program', () =>
    withMachine(async (client) => {
      assert.match(await client.request(`qPlatform_shell:${hexOfText('true')},a`), /^E16;/);
      assert.match(await client.request('qLaunchGDBServer;host:here;'), /^E16;/);
    }, false));
});

describe('lldb session: modules and registers', () => {
  it('tells files by their build ids', async () => {
    const path = await compileFixed('stepping', ['-Wl,--build-id=sha1']);
    const { stdout } = await run('readelf', ['-n', path]);
    const id = /Build ID: ([0-9a-f]+)/.exec(stdout)?.[1];
    assert.ok(id);
    await withSession('stepping', { tokens: lldbTokens }, async ({ client }) => {
      const triple = 'x86_64-pc-linux-gnu';
      const query = JSON.stringify([
        { file: path, triple },
        { file: '/nowhere', triple },
      ]);
      const reply = await ask(client, 'jModulesInfo', `jModulesInfo:${query}`);
      assert.ok(reply.kind === 'modules');
      const fileBytes = (await stat(path)).size;
      assert.deepEqual(reply.modules, [{ uuid: id, triple, filePath: path, fileOffset: 0, fileBytes }]);
      const one = await ask(client, 'qModuleInfo', `qModuleInfo:${hexOfText(path)};${hexOfText(triple)}`);
      assert.ok(one.kind === 'module');
      assert.equal(one.module.uuid, id);
      assert.match(await client.request(`qModuleInfo:${hexOfText('/etc/passwd')};00`), /^E02/);
    });
  });

  it('says where a file is loaded', () =>
    withSession('stepping', { tokens: lldbTokens }, async ({ client, path }) => {
      const start = await client.request(`qFileLoadAddress:${hexOfText(path)}`);
      assert.equal(await client.request(`m${start},4`), '7f454c46');
      assert.match(await client.request(`qFileLoadAddress:${hexOfText('/nowhere')}`), /^E02/);
    }));

  it('describes registers one by one', () =>
    withSession('stepping', { tokens: lldbTokens }, async ({ client, server, pid }) => {
      const [traced] = server.tracer.processes.values();
      assert.ok(traced);
      assert.equal(await client.request('qGetPid'), pid.toString(16));
      const roles = new Map<string, string>();
      let number = 0;
      for (; ; number += 1) {
        const reply = await ask(client, 'qRegisterInfo', `qRegisterInfo${number.toString(16)}`);
        if (reply.kind !== 'register') break;
        const { name, bits, role } = reply.register;
        if (role !== undefined) roles.set(role, name ?? '');
        assert.deepEqual(
          [name, bits],
          [traced.registerFile.registers[number]?.name, traced.registerFile.registers[number]?.bits],
        );
      }
      assert.equal(number, traced.registerFile.registers.length);
      const [pc, first, last] = thisMachine === 'aarch64' ? ['pc', 'x0', 'x5'] : ['rip', 'rdi', 'r9'];
      assert.deepEqual([roles.get('pc'), roles.get('arg1'), roles.get('arg6')], [pc, first, last]);
    }));
});
