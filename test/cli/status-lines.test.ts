/**
 * The lines that tools wait for: GNU gdbserver runs beside, in the same situations, and says the same in the same order
 * and on the same stream.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { bounded } from '../support/bounded.js';
import { isGnuServer, serverCommand } from '../support/debug-server.js';
import { commandScript } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

const run = promisify(execFile);
const gnu = ['gdbserver'];

interface Situation {
  readonly title: string;
  readonly args: (pid: number) => readonly string[];
  /** One gdb after the other, its commands each; ADDRESS is the server's. */
  readonly clients: readonly (readonly string[])[];
  /** Ends by itself; else by SIGTERM when the last client has gone, after which nothing that is said counts. */
  readonly ends: boolean;
}

const situations: readonly Situation[] = [
  {
    title: 'a program runs to its end',
    args: () => ['--once', 'localhost:0', '/bin/false'],
    clients: [['target remote ADDRESS', 'continue']],
    ends: true,
  },
  {
    title: 'a program is killed',
    args: () => ['localhost:0', '/bin/true'],
    clients: [['target remote ADDRESS', 'kill']],
    ends: true,
  },
  {
    title: 'a program ends by a signal',
    args: () => ['--once', 'localhost:0', '/bin/sh', '-c', 'kill -TERM $$'],
    clients: [['target remote ADDRESS', 'handle SIGTERM nostop noprint pass', 'continue']],
    ends: true,
  },
  {
    title: 'a process is attached to and let go',
    args: (pid) => ['--attach', 'localhost:0', String(pid)],
    clients: [['target remote ADDRESS', 'detach']],
    ends: true,
  },
  {
    title: 'clients come one after the other',
    args: () => ['--multi', 'localhost:0'],
    clients: [['target extended-remote ADDRESS'], ['target extended-remote ADDRESS', 'attach PID', 'detach']],
    ends: false,
  },
  {
    title: 'a client starts a program that ends',
    args: () => ['--multi', 'localhost:0'],
    clients: [['target extended-remote ADDRESS', 'set remote exec-file /bin/false', 'run']],
    ends: false,
  },
];

/** What differs from run to run, and gdbserver's warnings about this machine's registers. */
function normalized(text: string): string {
  return text
    .replace(/^Warning: .*\n/gm, '')
    .replace(/\bpid = \d+/g, 'pid = PID')
    .replace(/\bprocess \d+/g, 'process PID')
    .replace(/\bport \d+/g, 'port PORT')
    .replace(/host \S+,/g, 'host HOST,');
}

/** Everything that a server says on standard error, and that it says nothing on standard output. */
async function said(command: readonly string[], { args, clients, ends }: Situation): Promise<string> {
  await using target = await TestProcess.start('target', ['sleep', '600']);
  const [program = '', ...first] = command;
  const server = spawn(program, [...first, ...args(target.pid)], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const exit = once(server, 'close');
    let errors = '';
    let output = '';
    let heard = (): void => undefined;
    server.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
      heard();
    });
    server.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    const seen = (count: number, pattern: RegExp): Promise<void> =>
      bounded(
        new Promise((resolve) => {
          heard = () => {
            if ((errors.match(pattern) ?? []).length >= count) resolve();
          };
          heard();
        }),
        20_000,
        () => `${pattern} ${count} times in\n${errors}`,
      );
    await seen(1, /^Listening on port \d+\n/gm);
    const port = /^Listening on port (\d+)$/m.exec(errors)?.[1] ?? '';
    for (const [index, commands] of clients.entries()) {
      const words = commands.map((one) =>
        one.replace('ADDRESS', `localhost:${port}`).replace('PID', String(target.pid)),
      );
      const script = words.flatMap((one) => ['-ex', one]);
      await run('gdb', ['-nx', '-q', '-batch', ...script]).catch((error: Error) => error);
      if (!ends && index < clients.length - 1) await seen(index + 2, /^Listening on port \d+\n/gm);
    }
    if (!ends) {
      await seen(clients.length, /^Remote side has terminated/gm);
      server.kill('SIGKILL');
    }
    await bounded(exit, 20_000, () => `the end of ${program}\n${errors}`);
    assert.equal(output, '');
    return ends ? errors : errors.slice(0, errors.lastIndexOf('Remote debugging from'));
  } finally {
    server.kill('SIGKILL');
  }
}

describe('cli: status lines', () => {
  for (const situation of situations)
    it(`are gdbserver's: ${situation.title}`, async () => {
      const ours = await said(serverCommand, situation);
      const theirs = await said(gnu, situation);
      assert.equal(normalized(ours), normalized(theirs));
    });

  // What cpptools' serverStarted, the pattern of CDT's adapter and pwntools look for.
  it('are found by the patterns of tools', async () => {
    const text = await said(serverCommand, situations[0] as Situation);
    assert.match(text, /Listening on port/);
    assert.match(text, /Listening on port ([0-9]+)\n/);
    assert.match(text, /^Process .* created; pid = \d+\n/);
    assert.match(text, /^Remote debugging from host 127\.0\.0\.1, port \d+\n/m);
  });
});

describe('cli: status for programs', () => {
  const command = [process.execPath, commandScript];
  let folder: string;
  before(function () {
    if (isGnuServer) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'outstep-status-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is JSON, an object a line', async () => {
    await using server = await TestProcess.start('server', [
      ...command,
      '--json',
      '--once',
      ':0',
      '/bin/true',
    ]);
    const [, line = ''] = await server.output.match(/^(\{"status":"listening".*\})$/m, 15_000);
    const { port } = JSON.parse(line);
    const gdb = ['-nx', '-q', '-batch', '-ex', `target remote localhost:${port}`, '-ex', 'continue'];
    await run('gdb', gdb);
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 0 });
    await server[Symbol.asyncDispose]();
    const all = server.output.text
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one));
    const kinds = ['created', 'notice', 'listening', 'connected', 'ended'];
    assert.deepEqual(
      all.map(({ status }) => status),
      kinds,
    );
    assert.equal(all[0].program, '/bin/true');
    assert.deepEqual(all[4], { status: 'ended', pid: all[0].pid, exit: { kind: 'exited', code: 0 } });
  });

  it('tells as JSON why it cannot start', async () => {
    const failing = [...command, '--json', 'localhost:0', '/nonexistent/program'];
    await using server = await TestProcess.start('server', failing);
    server.endInput();
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 1 });
    await server[Symbol.asyncDispose]();
    const objects = server.output.text.split('\n').filter((line) => line.startsWith('{'));
    const lines = ['During startup program exited with code 127.', '/nonexistent/program does not exist'];
    assert.deepEqual(
      objects.map((one) => JSON.parse(one)),
      [{ status: 'failed', lines, isSaid: true }, { status: 'exiting' }],
    );
  });

  it('has the port in a file and through a descriptor, and takes the file away', async () => {
    const file = join(folder, 'port');
    const fifo = join(folder, 'fifo');
    await run('mkfifo', [fifo]);
    const wrapper = 'cat "$0" & exec 3>"$0"; exec "$@"';
    const server = [...command, '--ready-fd=3', '--port-file', file, '--multi', 'localhost:0'];
    await using running = await TestProcess.start('server', ['sh', '-c', wrapper, fifo, ...server]);
    const [, listening] = await running.output.match(/^Listening on port (\d+)$/m, 15_000);
    await running.output.match(new RegExp(`^${listening}$`, 'm'), 15_000);
    assert.equal(readFileSync(file, 'latin1'), `${listening}\n`);
    running.signal('SIGTERM');
    await running.waitForExit();
    assert.equal(existsSync(file), false);
  });

  it('is refused through a descriptor that is not open', async () => {
    const failing = [...command, '--ready-fd=77', 'localhost:0', '/bin/true'];
    await using server = await TestProcess.start('server', failing);
    server.endInput();
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 1 });
    await server[Symbol.asyncDispose]();
    assert.match(server.output.text, /^--ready-fd=77: .*\nExiting\n$/);
  });
});
