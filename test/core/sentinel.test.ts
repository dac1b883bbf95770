import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { withRunning } from '../support/debug-session.js';
import { expectBreakpointStop } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import {
  eventually,
  executableText,
  isSameBytes,
  isSameText,
  mappingsOf,
  processState,
  tracerOf,
} from '../support/proc-files.js';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';
import { symbolValue } from './traced-program.js';
import { sentinelsOf, TracerProcess } from './tracer-process.js';

const spinner = { ready: /ready/, args: ['3'], compile: { flags: ['-no-pie'] } } as const;
const answering = { ready: /ready/, compile: { flags: ['-no-pie'] } } as const;

type Text = ReadonlyMap<string, Uint8Array>;

/** How many bytes of the text differ. */
function changedBytes(id: number, before: Text): number {
  const now = executableText(id);
  let changed = 0;
  for (const [start, bytes] of before) {
    const bytesNow = now.get(start);
    changed += bytes.filter((byte, at) => byte !== bytesNow?.[at]).length;
  }
  return changed;
}

/** Where the C library's text begins: threads that only count execute none of it. */
function libraryText(id: number): bigint {
  const text = mappingsOf(id).find((one) => one.permissions === 'r-xp' && /\/libc[.-]/.test(one.path));
  assert.ok(text, 'no C library');
  return text.start;
}

function statusField(id: number, field: string): string {
  const status = readFileSync(`/proc/${id}/status`, 'latin1');
  return new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
}

function onlySentinelOf(server: TracerProcess): number {
  const [first, ...others] = sentinelsOf(server.process.pid);
  assert.ok(first !== undefined && others.length === 0, `${others.length} sentinels too many`);
  return first;
}

/** The program is rid of breakpoints and tracer, and runs: what it says is said by all of its threads. */
async function expectUnharmed(program: TestProcess, before: Text): Promise<void> {
  await eventually('the text is as it was', () => isSameText(program.pid, before));
  assert.equal(tracerOf(program.pid), 0);
  program.write('question\n');
  await program.output.match(/answer to question/);
}

describe('when a tracer is killed', () => {
  it('breakpoints go from wherever they are, thousands of them', async () => {
    await withRunning('spinner', spinner, async (program, path) => {
      const before = executableText(program.pid);
      const handler = symbolValue(path, 'on_usr1');
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${handler}); insert(0, ${libraryText(program.pid)}, 3000, 64); go()`);
      assert.ok(changedBytes(program.pid, before) > 2900);
      await tracer.kill();
      await eventually('the text is as it was', () => isSameText(program.pid, before));
      assert.equal(tracerOf(program.pid), 0);
      // Into the handler, which had a breakpoint; a second signal is taken when the first one was survived.
      for (let time = 0; time < 2; time++) {
        program.signal('SIGUSR1');
        await eventually('the signal is taken', () => /^0+$/.test(statusField(program.pid, 'ShdPnd')));
      }
      assert.equal(processState(program.pid), 'R');
    });
  });

  it('those that were taken out and set again go, and those taken out do not matter', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      const answer = symbolValue(path, 'answer');
      const main = symbolValue(path, 'main');
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${main}, 40, 4); insert(0, ${answer}); go()`);
      await tracer.run(`remove(0, ${main}, 20, 4); remove(0, ${answer})`);
      await tracer.run(`insert(0, ${answer}); insert(0, ${main}, 10, 4); remove(0, ${main + 80n}, 20, 4)`);
      assert.ok(changedBytes(program.pid, before) > 0);
      await tracer.kill();
      await expectUnharmed(program, before);
    });
  });

  it('bytes that were written under a breakpoint stay, and so does a trap where none is any more', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      const main = symbolValue(path, 'main');
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${main}, 2, 1)`);
      await tracer.run(`attached[0].process.memory.write(${main}n, Uint8Array.of(0x90))`);
      await tracer.run(
        `remove(0, ${main + 1n}); attached[0].process.memory.write(${main + 1n}n, Uint8Array.of(0xcc))`,
      );
      await tracer.kill();
      const [start, text] = [...before].find(([begin, bytes]) => {
        const offset = main - BigInt(`0x${begin}`);
        return offset >= 0n && offset < BigInt(bytes.length);
      }) ?? ['0', new Uint8Array()];
      const expected = text.slice();
      expected.set([0x90, 0xcc], Number(main - BigInt(`0x${start}`)));
      await expectUnharmed(program, new Map([...before, [start, expected]]));
    });
  });

  it('every program that it had attached to is repaired', async () => {
    await withRunning('answering', answering, (one, path) =>
      withRunning('answering', answering, async (other) => {
        const before = [executableText(one.pid), executableText(other.pid)] as const;
        const answer = symbolValue(path, 'answer');
        await using tracer = await TracerProcess.start([one.pid, other.pid]);
        await tracer.run(
          `insert(0, ${answer}); insert(1, ${answer}); insert(0, ${symbolValue(path, 'main')}); go()`,
        );
        await tracer.kill();
        await expectUnharmed(one, before[0]);
        await expectUnharmed(other, before[1]);
      }),
    );
  });

  it('so is a child that was followed', async () => {
    const path = await compileFixture('forks', { flags: ['-no-pie', '-pthread'] });
    const work = symbolValue(path, 'work');
    await using parent = await TestProcess.start('parent', [path, 'pfpw']);
    await eventually('it waits', () => processState(parent.pid) === 'S');
    const before = executableText(parent.pid);
    await using tracer = await TracerProcess.start([parent.pid]);
    await tracer.run(`insert(0, ${work}); go()`);
    parent.signal('SIGUSR1');
    await tracer.run(
      `const { child } = await fork; attached.push(child.attachments[0]); console.log(child.pid)`,
    );
    const child = Number((await tracer.process.output.match(/^(\d+)$/m))[1]);
    await tracer.run('go()');
    assert.equal(changedBytes(child, before), 1);
    await tracer.kill();
    for (const one of [parent.pid, child])
      await eventually('the text is as it was', () => isSameText(one, before) && tracerOf(one) === 0);
    await eventually('the child waits', () => processState(child) === 'S');
    process.kill(child, 'SIGUSR1');
    assert.deepEqual(await parent.waitForExit(), { kind: 'exited', code: 2 });
  });

  it('so is what a program has become by an exec', async () => {
    await withRunning('answering', answering, async (untouched, path) => {
      const answer = symbolValue(path, 'answer');
      await using shell = await TestProcess.start('shell', ['/bin/sh', '-c', 'read line; exec "$0"', path]);
      await eventually('the shell reads', () => processState(shell.pid) === 'S');
      await using tracer = await TracerProcess.start([shell.pid]);
      await tracer.run(`insert(0, ${libraryText(shell.pid)}n); go()`);
      shell.write('\n');
      await tracer.run(`await exec; insert(0, ${answer}); go()`);
      await shell.output.match(/ready/);
      assert.notDeepEqual(bytesAt(shell.pid, answer), bytesAt(untouched.pid, answer));
      await tracer.kill();
      await eventually('the breakpoint is gone', () =>
        isSameBytes(bytesAt(shell.pid, answer), bytesAt(untouched.pid, answer)),
      );
      shell.write('question\n');
      await shell.output.match(/answer to question/);
    });
  });

  it('a thread that its client held at a breakpoint goes on from there', async function () {
    skipOnGnuServer(this, 'the program dies');
    await withRunning('answering', answering, async (program) => {
      const before = executableText(program.pid);
      await using server = await DebugServer.start(['localhost:0', '--attach', String(program.pid)]);
      await using gdb = await Gdb.start();
      await gdb.execute(`target remote ${server.address}`);
      await gdb.execute('break answer');
      await gdb.resume('continue');
      await eventually('the program runs', () => processState(program.pid) === 'S');
      program.write('first\n');
      expectBreakpointStop(await gdb.nextStop(), { function: 'answer' });
      // gdb takes its breakpoints out at each stop: what is left to be put right is the program counter.
      await eventually('the text is as it was', () => isSameText(program.pid, before));
      server.process.signal('SIGKILL');
      await program.output.match(/answer to first/);
      await expectUnharmed(program, before);
    });
  });

  it('its port is free at once, and nobody holds its output', async function () {
    skipOnGnuServer(this, 'it has no sentinel');
    await withRunning('answering', answering, async (program) => {
      const before = executableText(program.pid);
      await using server = await DebugServer.start(['localhost:0', '--attach', String(program.pid)]);
      await using gdb = await Gdb.start();
      await gdb.execute(`target remote ${server.address}`);
      await gdb.execute('break answer');
      await gdb.resume('continue');
      await eventually('there is a sentinel', () => sentinelsOf(server.process.pid).length === 1);
      const [sentinel = 0] = sentinelsOf(server.process.pid);
      // Whatever the sentinel could still have of the server's, it would have now.
      process.kill(sentinel, 'SIGSTOP');
      server.process.signal('SIGKILL');
      await server.process.waitForExit();
      await using listener = createServer();
      listener.listen(server.port, 'localhost');
      await once(listener, 'listening');
      await server[Symbol.asyncDispose]();
      process.kill(sentinel, 'SIGCONT');
      await expectUnharmed(program, before);
    });
  });
});

describe('a sentinel', () => {
  it('has nothing of the server but what it needs, and no signal ends it', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid]);
      assert.deepEqual(sentinelsOf(tracer.process.pid), [], 'started before it is needed');
      await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
      const sentinel = onlySentinelOf(tracer);
      assert.notEqual(statusField(sentinel, 'PPid'), String(tracer.process.pid));
      assert.notEqual(statusField(sentinel, 'NSsid'), statusField(tracer.process.pid, 'NSsid'));
      assert.equal(readlinkSync(`/proc/${sentinel}/cwd`), '/');
      assert.equal(readFileSync(`/proc/${sentinel}/environ`, 'latin1'), '');
      await eventually('it has taken its descriptors', () => descriptorsOf(sentinel).length === 5);
      assert.deepEqual(
        descriptorsOf(sentinel).map((target) => target.replace(/\d+|\(deleted\)| /g, '')),
        ['socket:[]', '/dev/null', '/dev/null', '/memfd:outstep-sites', '/proc//mem'],
      );
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGTSTP'] as const) {
        process.kill(sentinel, signal);
      }
      await tracer.kill();
      await expectUnharmed(program, before);
      await eventually('it has ended', () => sentinelsOf(tracer.process.pid).length === 0);
    });
  });

  it('ends with an orderly end of the tracer, which leaves no process behind', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
      onlySentinelOf(tracer);
      await tracer.run('tracer.dispose()');
      await eventually('it has ended', () => sentinelsOf(tracer.process.pid).length === 0);
      await expectUnharmed(program, before);
    });
  });

  it('repairs after process.exit without dispose, too', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
      tracer.process.write('process.exit(3)\n');
      assert.deepEqual(await tracer.process.waitForExit(), { kind: 'exited', code: 3 });
      await expectUnharmed(program, before);
    });
  });

  it('that is missing costs one warning and no breakpoint', async () => {
    using project = projectWithoutSentinel();
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid], project.path);
      await tracer.run(
        `insert(0, ${symbolValue(path, 'answer')}); insert(0, ${symbolValue(path, 'main')}); go()`,
      );
      assert.equal(changedBytes(program.pid, before), 2);
      assert.equal(tracer.process.output.text.match(/warning: .*sentinel: No such file/g)?.length, 1);
      await tracer.run('tracer.dispose()');
      await expectUnharmed(program, before);
    });
  });
});

function bytesAt(id: number, address: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const memory = openSync(`/proc/${id}/mem`, 'r');
  readSync(memory, bytes, 0, bytes.length, address);
  closeSync(memory);
  return bytes;
}

/** What the descriptors of a process stand for, by number. */
function descriptorsOf(id: number): string[] {
  const numbers = readdirSync(`/proc/${id}/fd`).sort((one, other) => Number(one) - Number(other));
  return numbers.map((number) => readlinkSync(`/proc/${id}/fd/${number}`));
}

function projectWithoutSentinel(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'outstep-'));
  for (const part of ['package.json', 'dist/src', 'dist/arch', 'native/build/Release/outstep.node']) {
    cpSync(resolve(projectRoot, part), join(path, part), { recursive: true });
  }
  symlinkSync(resolve(projectRoot, 'node_modules'), join(path, 'node_modules'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
