/** Who is served when, and what becomes of the programs when clients and the server go. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { bounded } from '../support/bounded.js';
import { DebugServer, serverCommand } from '../support/debug-server.js';
import { breakpointKind, registerOfRole } from '../support/machine-registers.js';
import { eventually } from '../support/proc-files.js';
import { connectRaw, RawClient, type SocketClient } from '../support/raw-client.js';
import { TestProcess } from '../support/test-process.js';

const reopening = 'Remote side has terminated connection.  GDBserver will reopen the connection.\n';

function connectTo(server: DebugServer): Promise<SocketClient> {
  return connectRaw({ port: server.port, host: '127.0.0.1' });
}

/** pid of the program that the server says it started. */
function startedPid(text: string): number {
  return Number(/created; pid = (\d+)/.exec(text)?.[1]);
}

/** A field of /proc/PID/status; undefined when the process is gone. */
function statusField(pid: number, name: string): string | undefined {
  try {
    return new RegExp(`^${name}:\\s*(.*)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

describe('cli: connections', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
  after(() => rmSync(folder, { recursive: true }));

  it('greets a client, serves it, and listens again at the same port', async () => {
    await using server = await DebugServer.start(['localhost:0', '/bin/true']);
    for (const round of [1, 2]) {
      using connection = await connectTo(server);
      assert.match(await connection.client.request('?'), /^T05/, `round ${round}`);
      const { localPort } = connection.socket;
      await server.output.match(
        new RegExp(`^Remote debugging from host 127\\.0\\.0\\.1, port ${localPort}$`, 'm'),
      );
      connection.socket.end();
      await server.output.match(
        new RegExp(`(?:${reopening}Listening on port ${server.port}\\n[\\s\\S]*){${round}}`),
      );
    }
  });

  it('serves a second client beside the first, and says that it listens when both have gone', async () => {
    await using server = await DebugServer.start(['localhost:0', '/bin/true']);
    using first = await connectTo(server);
    assert.match(await first.client.request('?'), /^T05/);
    using second = await connectTo(server);
    assert.match(await second.client.request('?'), /^T05/);
    assert.match(await first.client.request('qC'), /^QC/);
    first.socket.destroy();
    assert.match(await second.client.request('qC'), /^QC/);
    assert.doesNotMatch(server.output.text, new RegExp(reopening));
    second.socket.destroy();
    await server.output.match(new RegExp(`${reopening}Listening on port ${server.port}\\n`));
  });

  it('stops nothing for whoever connects beside a client and says nothing', async () => {
    await using server = await DebugServer.start(['localhost:0', '/bin/cat']);
    using first = await connectTo(server);
    await first.client.request('?');
    first.client.send('vCont;c');
    const pid = startedPid(server.output.text);
    await eventually('it reads', () => /^S/.test(statusField(pid, 'State') ?? ''));
    using probe = await connectTo(server);
    await server.output.match(new RegExp(`port ${probe.socket.localPort}$`, 'm'));
    assert.match(statusField(pid, 'State') ?? '', /^S/);
    probe.socket.write('+$?#3f');
    await eventually('it is held', () => /^t/.test(statusField(pid, 'State') ?? ''));
    probe.socket.destroy();
    await eventually('it reads again', () => /^S/.test(statusField(pid, 'State') ?? ''));
    assert.equal(first.client.hasReply, false);
  });

  it('goes on when a client leaves half a packet behind', async () => {
    await using server = await DebugServer.start(['localhost:0', '/bin/true']);
    using first = await connectTo(server);
    first.socket.write('$qSuppor');
    first.socket.resetAndDestroy();
    await server.output.match(new RegExp(reopening));
    using second = await connectTo(server);
    assert.match(await second.client.request('?'), /^T05/);
  });

  it('ends with its only client, and the program with it, with --once', async () => {
    await using server = await DebugServer.start(['--once', 'localhost:0', '/bin/cat']);
    const pid = startedPid(server.output.text);
    using connection = await connectTo(server);
    assert.match(await connection.client.request('?'), /^T05/);
    await assert.rejects(connectTo(server), /ECONNREFUSED/);
    connection.socket.end();
    assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
    assert.equal(statusField(pid, 'State'), undefined);
    assert.doesNotMatch(server.output.text, /reopen/);
  });

  it('ends when the program has ended and its client leaves', async () => {
    await using server = await DebugServer.start(['localhost:0', '/bin/true']);
    using connection = await connectTo(server);
    assert.match(await connection.client.request('vCont;c'), /^W00/);
    connection.socket.end();
    assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
    assert.match(server.output.text, /^\nChild exited with status 0$/m);
    assert.doesNotMatch(server.output.text, /reopen/);
  });

  it('listens at a Unix domain socket', async () => {
    const path = join(folder, 'socket');
    await using server = await TestProcess.start('server', [...serverCommand, `unix:${path}`, '/bin/true']);
    await server.output.match(new RegExp(`^Listening on ${path}$`, 'm'));
    using connection = await connectRaw({ path });
    assert.match(await connection.client.request('?'), /^T05/);
  });

  it('logs packets into a file, with the time', async () => {
    const log = join(folder, 'log');
    const options = [`--debug-file=${log}`, '--remote-debug', '--debug-format=timestamp'];
    await using server = await DebugServer.start([...options, 'localhost:0', '/bin/true']);
    using connection = await connectTo(server);
    await connection.client.request('qC');
    assert.match(readFileSync(log, 'utf8'), /^\d+\.\d{6} \[remote\] .*qC/m);
    assert.doesNotMatch(server.output.text, /qC/);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`kills what it started when it gets ${signal}`, async () => {
      await using server = await DebugServer.start(['localhost:0', '/bin/cat']);
      const pid = startedPid(server.output.text);
      assert.match(statusField(pid, 'State') ?? '', /^t/);
      server.process.signal(signal);
      const code = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal];
      assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code });
      assert.equal(statusField(pid, 'State'), undefined);
    });
  }

  it('lets go what it attached to when it is ended, without its breakpoints', async () => {
    await using program = await TestProcess.start('program', ['/bin/cat']);
    await using server = await DebugServer.start(['--attach', 'localhost:0', String(program.pid)]);
    assert.match(server.output.text, new RegExp(`^Attached; pid = ${program.pid}$`, 'm'));
    using connection = await connectTo(server);
    const pc = await programCounter(connection.client);
    assert.equal(await connection.client.request(`Z0,${pc},${breakpointKind}`), 'OK');
    server.process.signal('SIGTERM');
    await server.process.waitForExit();
    program.write('still here\n');
    await program.output.match(/still here/);
    assert.equal(statusField(program.pid, 'TracerPid'), '0');
  });

  it('speaks over standard input and output, and ends with them', async () => {
    const log = join(folder, 'stdio');
    const [program = '', ...args] = [...serverCommand, 'stdio', '/bin/echo', 'hello'];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', openSync(log, 'w')] });
    try {
      assert.ok(child.stdin && child.stdout);
      const client = new RawClient(child.stdout, child.stdin);
      assert.match(await client.request('?'), /^T05/);
      assert.match(await client.request('vCont;c'), /^W00/);
      const exited = once(child, 'exit');
      child.stdin.end();
      const [code] = await bounded(exited, 10_000, () => 'the end of the server');
      assert.equal(code, 0);
      assert.match(
        readFileSync(log, 'utf8'),
        /^stdin\/stdout redirected\nProcess .*\nRemote debugging using stdio\nhello\n/,
      );
    } finally {
      child.kill('SIGKILL');
    }
  });
});

const programCounterField = new RegExp(`;${registerOfRole('pc').number.toString(16)}:([0-9a-f]{16});`);

/** Where the first thread stands, from the expedited registers of a stop reply (little endian). */
async function programCounter(client: RawClient): Promise<string> {
  const [, hex = ''] = programCounterField.exec(`;${(await client.request('?')).slice(3)}`) ?? [];
  return (hex.match(/../g) ?? []).reverse().join('');
}

describe('cli: start of programs', () => {
  async function outputOf(server: DebugServer): Promise<string> {
    using connection = await connectTo(server);
    assert.match(await connection.client.request('vCont;c'), /^W00/);
    connection.socket.end();
    await server.process.waitForExit();
    await server.process[Symbol.asyncDispose]();
    return server.output.text;
  }

  const words = ['a  b', '', '--once', '$HOME', '*', "it's", '"', '\\', '--', ';', '\n'];
  for (const shell of ['--startup-with-shell', '--no-startup-with-shell']) {
    it(`hands arguments over as they are, ${shell}`, async () => {
      await using server = await DebugServer.start([
        shell,
        '--once',
        'localhost:0',
        '/usr/bin/printf',
        '[%s]',
        ...words,
      ]);
      assert.ok((await outputOf(server)).includes(words.map((word) => `[${word}]`).join('')));
    });
  }

  it('runs the program through a wrapper', async () => {
    const wrapper = ['--wrapper', 'env', 'OUTSTEP_WORD=two words', '--'];
    await using server = await DebugServer.start([
      ...wrapper,
      '--once',
      'localhost:0',
      '/usr/bin/printenv',
      'OUTSTEP_WORD',
    ]);
    assert.match(await outputOf(server), /^two words$/m);
  });
});

describe('cli: sockets', () => {
  /** Asks for `count` packets of memory at once and reads nothing yet. */
  function ask(connection: SocketClient, address: string, count: number): void {
    connection.socket.pause();
    connection.socket.write(new Uint8Array(count).reduce((all) => `${all}$x${address},8000#00`, ''));
  }

  /** The server has more to say than all buffers between the two take: /proc/net/tcp, "tx_queue". */
  function buffersFull(port: number): Promise<void> {
    const local = port.toString(16).toUpperCase().padStart(4, '0');
    const connection = new RegExp(`^ *\\d+: \\w+:${local} \\w+:\\w+ 01 (\\w+):`, 'm');
    const unsentBytes = (): number =>
      Number.parseInt(connection.exec(readFileSync('/proc/net/tcp', 'latin1'))?.[1] ?? '0', 16);
    return eventually('the buffers are full', () => unsentBytes() > 0x20000);
  }

  async function readyServer(): Promise<{ server: DebugServer; connection: SocketClient; area: string }> {
    const server = await DebugServer.start(['--once', 'localhost:0', '/bin/cat']);
    const connection = await connectTo(server);
    assert.equal(await connection.client.request('QStartNoAckMode'), 'OK');
    return { server, connection, area: await programCounter(connection.client) };
  }

  it('keep replies for a client that reads slowly, and answers in order', async () => {
    const { server, connection, area } = await readyServer();
    await using _server = server;
    using slow = connection;
    const count = 400;
    ask(slow, area, count);
    await buffersFull(server.port);
    slow.socket.resume();
    const [first] = [await slow.client.next('the first')];
    assert.ok(first.length > 0x1000);
    for (let index = 1; index < count; index += 1) assert.equal(await slow.client.next(`${index}`), first);
    assert.match(await slow.client.request('qC'), /^QC/);
  });

  it('go when their client dies in the middle of a large reply', async () => {
    const { server, connection, area } = await readyServer();
    await using _server = server;
    using dying = connection;
    ask(dying, area, 400);
    await buffersFull(server.port);
    dying.socket.resetAndDestroy();
    assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('answer what came before a client has closed its half', async () => {
    await using server = await DebugServer.start(['--once', 'localhost:0', '/bin/cat']);
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
    const ended = once(socket, 'end');
    socket.end('$qC#b4');
    await bounded(ended, 10_000, () => 'the end of the connection');
    assert.match(received, /^\+\$QC[0-9a-fp.]+#..$/);
    assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('are of both address families', async () => {
    await using server = await DebugServer.start(['--once', '[::1]:0', '/bin/cat']);
    using connection = await connectRaw({ port: server.port, host: '::1' });
    assert.match(await connection.client.request('?'), /^T05/);
    await server.output.match(/^Remote debugging from host ::1, port \d+$/m);
  });

  it('may be standard input and output in one', async () => {
    const path = join(folderOfPair, 'pair');
    const listener = createServer();
    listener.listen(path);
    await once(listener, 'listening');
    const accepted = once(listener, 'connection');
    const own = connect({ path });
    const [theirs] = await accepted;
    const [program = '', ...args] = [...serverCommand, '-', '/bin/echo', 'hello'];
    const child = spawn(program, args, { stdio: [theirs, theirs, 'ignore'] });
    try {
      const client = new RawClient(own, own);
      assert.match(await client.request('?'), /^T05/);
      assert.match(await client.request('vCont;c'), /^W00/);
      const exited = once(child, 'exit');
      own.end();
      const [code] = await bounded(exited, 10_000, () => 'the end of the server');
      assert.equal(code, 0);
    } finally {
      child.kill('SIGKILL');
      theirs.destroy();
      listener.close();
    }
  });

  const folderOfPair = mkdtempSync(join(tmpdir(), 'outstep-'));
  after(() => rmSync(folderOfPair, { recursive: true }));
});
