/** `outstep vscode`: what it prints is fed to the adapters, or to what the adapters run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import process from 'node:process';
import { before, describe, it } from 'mocha';
import type { Entry, Task } from '../../src/cli/commands/vscode/entries.js';
import { lineOf } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';
import { cdtAdapter } from './adapters.js';
import { compileProgram, Debugging, fixture, startTarget } from './debugging.js';
import { expectRunsFree } from './process-state.js';

const command = [process.execPath, resolve(projectRoot, 'dist/outstep.cjs'), 'vscode'];

async function output(words: readonly string[], code = 0): Promise<string> {
  await using printing = await TestProcess.start('vscode', [...command, ...words]);
  assert.deepEqual(await printing.waitForExit(), { kind: 'exited', code }, printing.output.tail());
  return printing.output.text;
}

async function entries(words: readonly string[]): Promise<readonly Entry[]> {
  const { version, configurations } = JSON.parse(await output(words));
  assert.equal(version, '0.2.0');
  return configurations;
}

async function tasks(words: readonly string[]): Promise<readonly Task[]> {
  const file = JSON.parse(await output(['--tasks', ...words]));
  assert.equal(file.version, '2.0.0');
  return file.tasks;
}

async function entryOf(type: string, words: readonly string[]): Promise<Entry> {
  const found = (await entries(words)).find((entry) => entry.type === type);
  assert.ok(found, type);
  return found;
}

const text = (value: unknown): string => {
  assert.ok(typeof value === 'string');
  return value;
};

/** Nobody listens there now. */
async function freePort(): Promise<string> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  return `${typeof address === 'object' && address !== null ? address.port : 0}`;
}

/** The task that an entry names, as the editor runs it: until it says that it is there. */
async function startTask(entry: Entry, words: readonly string[]): Promise<TestProcess> {
  const task = (await tasks(words)).find(({ label }) => label === entry.preLaunchTask);
  assert.ok(task, `no task ${entry.preLaunchTask}`);
  const running = await TestProcess.start(task.label, [task.command, ...task.args]);
  const { background } = task.problemMatcher as { background: { endsPattern: string } };
  await running.output.match(new RegExp(background.endsPattern));
  return running;
}

describe('dap: outstep vscode', function () {
  this.timeout(120_000);
  let program = '';
  before(async () => {
    program = await compileProgram();
  });

  const stopInAdd = async (gdb: Gdb): Promise<void> => {
    await gdb.execute(`break ${fixture}.c:${lineOf(fixture, 'change')}`);
    const stop = await gdb.run('continue');
    assert.deepEqual([stop.function, stop.line], ['add', lineOf(fixture, 'change')]);
  };

  it('has an entry for each debugger, and a task for each that is named', async () => {
    for (const words of [[program], ['--attach', `${process.pid}`]]) {
      const all = await entries(words);
      assert.deepEqual(
        all.map(({ type }) => type),
        ['cppdbg', 'gdbtarget', 'lldb', 'lldb-dap', 'gdb'],
      );
      const labels = (await tasks(words)).map(({ label }) => label);
      const named = all.flatMap(({ preLaunchTask }) => preLaunchTask ?? []);
      assert.deepEqual([...new Set(named)].sort(), labels.sort());
      assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    }
  });

  it('debugs with Eclipse CDT’s adapter', async () => {
    const entry = await entryOf('gdbtarget', [program, '2']);
    await using debugging = await Debugging.begin(
      {
        adapter: { command: [process.execPath, cdtAdapter] },
        request: entry.request,
        entry,
        ...nothingToEnd,
      },
      { lines: [{ mark: 'change' }] },
    );
    await debugging.stoppedAt('change', 'add');
  });

  it('attaches with Eclipse CDT’s adapter, which leaves the process running', async () => {
    await using target = await startTarget();
    const entry = await entryOf('gdbtarget', ['--attach', `${target.pid}`]);
    await using debugging = await Debugging.begin(
      {
        adapter: { command: [process.execPath, cdtAdapter] },
        request: entry.request,
        entry,
        ...nothingToEnd,
      },
      { lines: [{ mark: 'change' }] },
    );
    await debugging.stoppedAt('change', 'add');
    await debugging.session.disconnect({ terminateDebuggee: false });
    await expectRunsFree(target.pid);
  });

  it('debugs with LLDB’s adapter, after its task', async () => {
    const words = ['--port', await freePort(), program, '2'];
    const entry = await entryOf('lldb-dap', words);
    await using _server = await startTask(entry, words);
    await using debugging = await Debugging.begin(
      { adapter: { command: ['lldb-dap-19'] }, request: entry.request, entry, ...nothingToEnd },
      { lines: [{ mark: 'change' }] },
    );
    await debugging.stoppedAt('change', 'add');
  });

  it('attaches with LLDB’s adapter, which leaves the process running', async () => {
    await using target = await startTarget();
    const words = ['--port', await freePort(), '--attach', `${target.pid}`];
    const entry = await entryOf('lldb-dap', words);
    await using _server = await startTask(entry, words);
    await using debugging = await Debugging.begin(
      { adapter: { command: ['lldb-dap-19'] }, request: entry.request, entry, ...nothingToEnd },
      { lines: [{ mark: 'change' }] },
    );
    await debugging.stoppedAt('change', 'add');
    await debugging.session.disconnect({ terminateDebuggee: false });
    await expectRunsFree(target.pid);
  });

  it('has commands for CodeLLDB that lldb understands', async () => {
    const words = ['--port', await freePort(), program, '2'];
    const entry = await entryOf('lldb', words);
    await using _server = await startTask(entry, words);
    const commands = [entry.targetCreateCommands, entry.processCreateCommands].flat().map(text);
    const all = [...commands, 'breakpoint set --name add', 'continue', 'kill'];
    await using lldb = await TestProcess.start('lldb', [
      'lldb-19',
      '--no-lldbinit',
      '--batch',
      ...all.flatMap((line) => ['-o', line]),
    ]);
    await lldb.output.match(/stop reason = breakpoint 1\.1\n.*`add\(/);
  });

  it('has a server for C/C++ that starts, says so and serves the program', async () => {
    const entry = await entryOf('cppdbg', ['--port', await freePort(), program, '2']);
    await using server = await TestProcess.start('server', [
      '/bin/sh',
      '-c',
      `exec "$0" ${text(entry.debugServerArgs)}`,
      text(entry.debugServerPath),
    ]);
    await server.output.match(new RegExp(text(entry.serverStarted)));
    await using gdb = await Gdb.start([], { program: text(entry.miDebuggerPath) });
    await gdb.execute(`file ${text(entry.program)}`);
    await gdb.execute(`target remote ${text(entry.miDebuggerServerAddress)}`);
    await stopInAdd(gdb);
  });

  it('has a task for C/C++ whose server attaches and lets go', async () => {
    await using target = await startTarget();
    const words = ['--port', await freePort(), '--attach', `${target.pid}`];
    const entry = await entryOf('cppdbg', words);
    assert.deepEqual([entry.processId, entry.useExtendedRemote], [`${target.pid}`, true]);
    await using _server = await startTask(entry, words);
    await using gdb = await Gdb.start([], { program: text(entry.miDebuggerPath) });
    await gdb.execute(`target extended-remote ${text(entry.miDebuggerServerAddress)}`);
    await gdb.execute(`file ${text(entry.program)}`);
    await gdb.attach(Number(entry.processId));
    await stopInAdd(gdb);
    await gdb.execute('detach');
    await expectRunsFree(target.pid);
  });

  it('has a target for Native Debug through which gdb starts the server', async () => {
    const entry = await entryOf('gdb', [program, '2']);
    await using gdb = await Gdb.start([], { program: text(entry.gdbpath) });
    await gdb.execute(`-file-exec-and-symbols ${text(entry.executable)}`);
    await gdb.execute(`-target-select remote ${text(entry.target)}`);
    await stopInAdd(gdb);
  });

  it('says what is wrong with the words', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^The program \(PROG\) or the process \(--attach PID\) is missing\.\nUsage: {2}outstep vscode/],
      [['--port', '0', program], /^Not a port: 0\nUsage/],
      [['--loud', program], /^Unknown option '--loud'.*\nUsage/],
      [['--attach', 'x'], /^x is no PID of a process\.\nUsage/],
      [['--attach', '1', program, 'x'], /^A process has its arguments already: x\nUsage/],
      [['/no/such'], /^\/no\/such: no such program\nExiting\n$/],
      [['--attach', '4194305'], /^Which program process 4194305 runs cannot be read: .*ENOENT.*\nExiting\n$/],
    ];
    for (const [words, wanted] of cases) assert.match(await output(words, 1), wanted);
  });

  it('says what debuggers will miss, and still prints', async () => {
    await using printing = await TestProcess.start('vscode', [...command, '/etc/passwd'], {
      env: { PATH: '/nowhere' },
    });
    assert.deepEqual(await printing.waitForExit(), { kind: 'exited', code: 0 });
    assert.match(printing.output.text, /^\/etc\/passwd is no program for this machine/m);
    assert.match(printing.output.text, /^There is no gdb on the PATH/m);
    assert.match(printing.output.text, /"type": "gdbtarget"/);
  });
});

const nothingToEnd = { [Symbol.asyncDispose]: (): Promise<void> => Promise.resolve() };
