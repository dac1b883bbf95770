/** How LLDB starts programs, attaches by name and lets go. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { hexOfText, textOfHex } from 'gdb-js-rsp-parser';
import { after, before, describe, it } from 'mocha';
import type { GdbServer } from '../../../src/engines/gdb/server.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, processState } from '../../support/proc-files.js';
import { compileFixed, endProcess, newServer, stopKeys } from './traced-session.js';
import { lldbTokens, WireClient } from './wire-client.js';

async function withServer(test: (client: WireClient, server: GdbServer) => Promise<void>): Promise<void> {
  const { server } = newServer({ multi: true, redirectStdio: false });
  try {
    const client = new WireClient(server);
    await client.greet(lldbTokens);
    for (const packet of ['QThreadSuffixSupported', 'QListThreadsInStopReply', 'QEnableErrorStrings'])
      assert.equal(await client.request(packet), 'OK');
    // What shells hear of their children.
    assert.equal(await client.request('QPassSignals:11'), 'OK');
    await test(client, server);
  } finally {
    server.dispose();
  }
}

/** Output up to the stop reply that follows it, and that. */
async function outputAndStop(client: WireClient, packet: string): Promise<readonly [string, string]> {
  let output = '';
  let reply = await client.request(packet);
  while (reply.startsWith('O')) {
    output += textOfHex(reply.slice(1));
    reply = await client.reply();
  }
  return [output, reply];
}

/** `ls` and others of the system say what they were started with. */
const shell = (script: string): string =>
  `vRun;${hexOfText('/bin/sh')};${hexOfText('-c')};${hexOfText(script)}`;

describe('lldb session: programs', () => {
  it('print on a terminal of their own, which comes as O packets before the end', () =>
    withServer(async (client) => {
      assert.match(
        await client.request(shell('tty >/dev/null && echo on a terminal; echo and more >&2')),
        /^T13/,
      );
      const [output, end] = await outputAndStop(client, 'vCont;c');
      assert.equal(output, 'on a terminal\r\nand more\r\n');
      assert.match(end, /^W00/);
    }));

  it('lose nothing of what they print at their end', () =>
    withServer(async (client) => {
      await client.request(shell('seq 1 2000'));
      const [output, end] = await outputAndStop(client, 'vCont;c');
      assert.equal(output.split('\r\n').length, 2001);
      assert.match(end, /^W00/);
    }));

  it('are started by A, and read what I types', () =>
    withServer(async (client) => {
      assert.equal(await client.request('QEnvironment:OUTSTEP_VALUE=a=b'), 'OK');
      assert.match(await client.request('QEnvironment:novalue'), /^E16;/);
      assert.equal(await client.request('QSetDisableASLR:0'), 'OK');
      const words = ['/bin/sh', '-c', 'stty -echo; echo ready; read x; echo "$x $OUTSTEP_VALUE"'].map((one) =>
        hexOfText(one),
      );
      const packet = `A${words.map((word, index) => `${word.length},${index},${word}`).join(',')}`;
      assert.equal(await client.request(packet), 'OK');
      assert.equal(await client.request('qLaunchSuccess'), 'OK');
      assert.match(await client.request('?'), /^T13/);
      assert.match(await client.request('I00'), /^OK$/);
      client.disconnect();
    }));

  it('that cannot be started are told of', () =>
    withServer(async (client) => {
      const word = hexOfText('/nowhere/at/all');
      assert.match(await client.request(`A${word.length},0,${word}`), /^E[0-9a-f]{2};/);
      assert.match(await client.request('qLaunchSuccess'), /^E.*No such file/);
      assert.match(await client.request(`vRun;${word}`), /^E02;/);
    }));

  it('have files in place of the terminal where those are given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-stdio-'));
    try {
      await withServer(async (client) => {
        const at = (name: string): string => hexOfText(join(folder, name));
        assert.equal(await client.request(`QSetSTDIN:${hexOfText('/etc/passwd')}`), 'OK');
        assert.equal(await client.request(`QSetSTDOUT:${at('out')}`), 'OK');
        assert.equal(await client.request(`QSetSTDERR:${at('out')}`), 'OK');
        await client.request(shell('head -n 1; echo error >&2'));
        const [output, end] = await outputAndStop(client, 'vCont;c');
        assert.equal(output, '');
        assert.match(end, /^W00/);
        assert.match(await readFile(join(folder, 'out'), 'utf8'), /^root:.*\nerror\n$/);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are not given a terminal of the client, whose other side it would not read', () =>
    withServer(async (client) => {
      const word = shell('readlink /proc/self/fd/0; sleep 100');
      await client.request(word);
      client.send('vCont;c');
      const path = textOfHex((await client.reply()).slice(1)).trim();
      assert.match(path, /^\/dev\/pts\//);
      client.interrupt();
      assert.match(await client.reply(), /^T13/);
      assert.match(await client.request(`QSetSTDOUT:${hexOfText(path)}`), /^E16;/);
      assert.equal(await client.request(`QSetSTDIN:${hexOfText('/dev/null')}`), 'OK');
    }));

  it('are of architectures that run here', () =>
    withServer(async (client) => {
      assert.match(await client.request('QLaunchArch:sparc'), /^E16;/);
      assert.equal(await client.request('qVAttachOrWaitSupported'), 'OK');
      assert.equal(await client.request('qSupportsDetachAndStayStopped:'), 'OK');
    }));
});

describe('lldb session: attaching by name', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outstep-named-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('takes one that is there, and waits for one that is to come', async () => {
    // Nobody else has a program of this name.
    const path = join(folder, `named-${process.pid}`);
    await copyFile(await compileFixed('spinner'), path);
    const name = hexOfText(basename(path));
    using orphan = startOrphan(path, []);
    await withServer(async (client) => {
      const stop = await client.request(`vAttachName;${name}`);
      assert.equal(stopKeys(stop).get('thread')?.split('.')[0], `p${orphan.pid.toString(16)}`);
      assert.match(await client.request(`D;${orphan.pid.toString(16).padStart(16, '0')}`), /^OK/);
      const orWait = await client.request(`vAttachOrWait;${name}`);
      assert.equal(stopKeys(orWait).get('thread'), stopKeys(stop).get('thread'));
      assert.match(await client.request(`D;${orphan.pid.toString(16)}`), /^OK/);
      client.send(`vAttachWait;${name}`);
      using later = startOrphan(path, []);
      const waited = await client.reply();
      assert.equal(stopKeys(waited).get('thread')?.split('.')[0], `p${later.pid.toString(16)}`);
      assert.match(await client.request(`vAttachName;${hexOfText('no-such-program')}`), /^E03;/);
    });
  });
});

describe('lldb session: letting go', () => {
  it('leaves the process stopped for D1', async () => {
    const path = await compileFixed('spinner');
    using orphan = startOrphan(path, []);
    const { pid } = orphan;
    await withServer(async (client, server) => {
      await client.request(`vAttach;${pid.toString(16)}`);
      assert.equal(await client.request(`D1;${pid.toString(16).padStart(16, '0')}`), 'OK');
      assert.equal(server.tracer.processes.size, 0);
      // The signal that stops it has effect when the kernel lets the thread run next.
      await eventually('a stopped process', () => processState(pid) === 'T');
    });
  });

  it('detaches or kills when the client is lost, as it has said', async () => {
    for (const isDetached of [true, false]) {
      await withServer(async (client, server) => {
        assert.equal(await client.request(`QSetDetachOnError:${isDetached ? 1 : 0}`), 'OK');
        const stop = await client.request(shell('exec sleep 1000'));
        const pid = Number.parseInt(stopKeys(stop).get('thread')?.slice(1) ?? '', 16);
        const [traced] = server.tracer.processes.values();
        assert.ok(traced);
        client.disconnect();
        while (server.tracer.processes.size > 0) await new Promise((resolve) => setImmediate(resolve));
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        assert.equal(/^TracerPid:\s*0$/m.test(status), isDetached);
        if (isDetached) endProcess(pid);
      });
    }
  });
});
