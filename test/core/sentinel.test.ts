import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../arch/system-calls.js';
import { program as agentProgram } from '../support/agent-program.js';
import { timeFactor } from '../support/bounded.js';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { withRunning } from '../support/debug-session.js';
import { expectBreakpointStop } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { programKinds, thisMachine } from '../support/machine.js';
import {
  eventually,
  executableText,
  isSameBytes,
  isSameText,
  mappingsOf,
  processState,
  systemCallOf,
  tracerOf,
} from '../support/proc-files.js';
import { projectRoot } from '../support/project-paths.js';
import { bytesAt, trap } from '../support/raw-memory.js';
import { TestProcess } from '../support/test-process.js';
import { symbolValue } from './traced-program.js';
import { sentinelsOf, TracerProcess } from './tracer-process.js';

const spinner = { ready: /ready/, args: ['3'], compile: { flags: ['-no-pie'] } } as const;
const answering = { ready: /ready/, compile: { flags: ['-no-pie'] } } as const;

/** `OUTSTEP_KILLS=100` for the whole of it. */
const kills = Number(process.env.OUTSTEP_KILLS ?? (timeFactor > 1 ? 2 : 5));

const read = systemCallsOf({ name: thisMachine }).numberOf('read');

/** Of them a page has dozens. */
const many = Math.ceil(3000 / timeFactor);

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
      await tracer.run(`insert(0, ${handler}); insert(0, ${libraryText(program.pid)}, ${many}, 64); go()`);
      assert.ok(changedBytes(program.pid, before) > 0.9 * many);
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
      const second = main + BigInt(trap.length);
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${main}, 2, ${trap.length})`);
      await tracer.run(`attached[0].process.memory.write(${main}n, Uint8Array.of(0x90))`);
      await tracer.run(
        `remove(0, ${second}); attached[0].process.memory.write(${second}n, Uint8Array.of(0xcc))`,
      );
      await tracer.kill();
      const [start, text] = [...before].find(([begin, bytes]) => {
        const offset = main - BigInt(`0x${begin}`);
        return offset >= 0n && offset < BigInt(bytes.length);
      }) ?? ['0', new Uint8Array()];
      const expected = text.slice();
      const offset = Number(main - BigInt(`0x${start}`));
      expected[offset] = 0x90;
      expected[offset + trap.length] = 0xcc;
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
    assert.deepEqual(bytesAt(child, work, trap.length), trap);
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
      assert.deepEqual(bytesAt(shell.pid, answer), trap);
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

  it('a thread that makes a system call for the tracer goes on from where it was', async () => {
    await withRunning('answering', answering, async (program) => {
      const before = executableText(program.pid);
      const waitForEver = systemCallsOf({ name: thisMachine }).numberOf('ppoll');
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run('await attached[0].quiesce()');
      tracer.begin(`const [{ threads, addressSpace }] = [attached[0].process]; const [thread] = threads.values();
        addressSpace.calls.call(thread, ${waitForEver}, [0n, 0n, 0n, 0n])`);
      await eventually('it makes the call', () => systemCallOf(program.pid) === waitForEver);
      await tracer.kill();
      await expectUnharmed(program, before);
      assert.match(statusField(program.pid, 'SigBlk'), /^0+$/);
    });
  });

  it('a thread that was only stepped goes on', async () => {
    await withRunning('spinner', spinner, async (program) => {
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`await attached[0].quiesce(); const thread = [...attached[0].process.threads.values()].at(-1);
        attached[0].resume([{ thread, action: { kind: 'step' } }]); await stepDone`);
      await tracer.kill();
      await eventually('nobody traces it', () => tracerOf(program.pid) === 0);
      const spent = processorTime(program.pid, program.pid);
      await eventually('it runs', () => processorTime(program.pid, program.pid) > spent);
      assert.equal(processState(program.pid), 'R');
    });
  });

  for (const [title, action] of [
    ['by instruction', `{ kind: 'step' }`],
    ['through ranges', `{ kind: 'range-step', start: pc & ~31n, end: (pc & ~31n) + 32n }`],
  ])
    it(`a thread that is stepped ${title} all the time goes on, ${kills} times`, async () => {
      for (let kill = 0; kill < kills; kill++) {
        await withRunning('spinner', spinner, async (program) => {
          const before = executableText(program.pid);
          await using tracer = await TracerProcess.start([program.pid]);
          await tracer.run(`await attached[0].quiesce(); const thread = [...attached[0].process.threads.values()].at(-1);
          const action = ({ pc }) => (${action}); let steps = 0;
          await new Promise((enough) => {
            engine.onEvent = () => {
              attached[0].vote(thread, action(thread)); if (++steps === 200) enough(); return 'pass';
            };
            attached[0].resume([{ thread, action: action(thread) }]);
          })`);
          await tracer.kill();
          await eventually('nobody traces it', () => tracerOf(program.pid) === 0);
          await eventually('the text is as it was', () => isSameText(program.pid, before));
          const spent = processorTime(program.pid, program.pid);
          await eventually('it runs', () => processorTime(program.pid, program.pid) > spent);
          assert.equal(processState(program.pid), 'R');
        });
      }
    });

  it('a thread that waits in a system call within a step goes on', async () => {
    await withRunning('answering', answering, async (program) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`await attached[0].quiesce(); const [thread] = attached[0].process.threads.values();
        attached[0].resume([{ thread, action: { kind: 'step' } }])`);
      await eventually('it waits', () => systemCallOf(program.pid) === read);
      await tracer.kill();
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

const hotThreads = 8;

async function startHot(path: string): Promise<TestProcess> {
  // The tracer has to come to its turns, on whatever machine.
  const command = ['nice', '-n', '10', path, String(hotThreads), '2000000000'];
  const program = await TestProcess.start('hot threads', command);
  const tasks = `/proc/${program.pid}/task`;
  await eventually('all threads are there', () => readdirSync(tasks).length === 1 + hotThreads);
  return program;
}

describe('a program whose tracer is killed', () => {
  for (const machine of programKinds) {
    it(`survives with a breakpoint that ${hotThreads} threads of ${machine} run into all the time, ${kills} times`, async function () {
      this.timeout(kills * 30_000 * timeFactor);
      const path = await compileFixture('hot-threads', { machine, flags: ['-no-pie', '-pthread'] });
      const hot = symbolValue(path, 'hot');
      const never = [...agentProgram(['const8', 0])];
      for (let kill = 0; kill < kills; kill++) {
        await using program = await startHot(path);
        const before = executableText(program.pid);
        await using tracer = await TracerProcess.start([program.pid]);
        const conditions = `{ conditions: [Uint8Array.of(${never})] }`;
        await tracer.run(`attached[0].insertBreakpoint(${hot}n, ${conditions}); go()`);
        const stops = voluntarySwitches(program.pid);
        await eventually('it is hit', () => voluntarySwitches(program.pid) > stops + 100n);
        await tracer.kill();
        await eventually('the text is as it was', () => isSameText(program.pid, before));
        assert.equal(tracerOf(program.pid), 0);
        // Every thread goes on: the processor time of each grows.
        const tids = readdirSync(`/proc/${program.pid}/task`).map(Number);
        for (const tid of tids.filter((one) => one !== program.pid)) {
          const spent = processorTime(program.pid, tid);
          await eventually(`thread ${tid} runs`, () => processorTime(program.pid, tid) > spent);
        }
      }
    });
  }

  it(`survives while the handler is put in and taken back, ${kills} times`, async function () {
    this.timeout(kills * 30_000 * timeFactor);
    for (let kill = 0; kill < kills; kill++) {
      await withRunning('answering', answering, async (program, path) => {
        const before = executableText(program.pid);
        await using tracer = await TracerProcess.start([program.pid]);
        tracer.begin(`for (let round = 1; ; round++) {
            insert(0, ${symbolValue(path, 'answer')}); go(); console.log('round ' + round + '.');
            await attached[0].quiesce(); await attached[0].detach();
            attached[0] = await tracer.attach(${program.pid}, engine);
          }`);
        const rounds = 2 + Math.floor(Math.random() * 20);
        await tracer.process.output.match(new RegExp(`round ${rounds}\\.`));
        await tracer.kill();
        await expectUnharmed(program, before);
      });
    }
  });

  it('has no handler of ours any more after a detach', async () => {
    await withRunning('answering', answering, async (program, path) => {
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
      assert.ok(handlesTraps(program.pid));
      await tracer.run('await attached[0].quiesce(); await attached[0].detach()');
      await eventually('it has no handler', () => !handlesTraps(program.pid));
      assert.ok(!mappingsOf(program.pid).some((one) => one.permissions === 'r-xp' && one.path === ''));
    });
  });

  it('dies of a SIGTRAP that is its own, as it would have', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      await using tracer = await TracerProcess.start([program.pid]);
      await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
      await tracer.kill();
      await expectUnharmed(program, before);
      program.signal('SIGTRAP');
      assert.deepEqual(await program.waitForExit(), { kind: 'signalled', signal: 'SIGTRAP' });
    });
  });

  it('may put our handler back that it was told of, after a detach', async () => {
    await withRunning('answering', answering, async (program, path) => {
      await using tracer = await TracerProcess.start([program.pid]);
      const at = symbolValue(path, 'answer');
      await tracer.run(`insert(0, ${at}); remove(0, ${at}); go()`);
      assert.ok(handlesTraps(program.pid));
      program.write('handle\n');
      await program.output.match(/answer to handle/);
      await tracer.run('await attached[0].quiesce(); await attached[0].detach()');
      program.write('restore\n');
      await program.output.match(/answer to restore/);
      program.signal('SIGTRAP');
      assert.deepEqual(await program.waitForExit(), { kind: 'signalled', signal: 'SIGTRAP' });
    });
  });

  it('is warned of where a thread blocks the signal', async () => {
    await withRunning('answering', answering, async (program, path) => {
      program.write('block\n');
      await program.output.match(/answer to block/);
      await using tracer = await TracerProcess.start([program.pid]);
      const at = symbolValue(path, 'answer');
      await tracer.run(`insert(0, ${at}); remove(0, ${at}); insert(0, ${at}); go()`);
      const warnings = tracer.process.output.text.match(/warning: .*: its thread \d+ blocks SIGTRAP/g);
      assert.equal(warnings?.length, 1);
      assert.ok(handlesTraps(program.pid), 'other threads have use of it');
    });
  });

  it('has the same handler under the next tracer', async () => {
    await withRunning('answering', answering, async (program, path) => {
      const before = executableText(program.pid);
      for (let time = 0; time < 2; time++) {
        await using tracer = await TracerProcess.start([program.pid]);
        await tracer.run(`insert(0, ${symbolValue(path, 'answer')}); go()`);
        assert.doesNotMatch(tracer.process.output.text, /warning/);
        await tracer.kill();
        await expectUnharmed(program, before);
      }
      const ours = mappingsOf(program.pid).filter((one) => one.permissions === 'r-xp' && one.path === '');
      assert.equal(ours.length, 1);
    });
  });
});

/** Whether a program has a handler of SIGTRAP, proc(5). */
function handlesTraps(id: number): boolean {
  return (BigInt(`0x${statusField(id, 'SigCgt')}`) & 0x10n) !== 0n;
}

/** Of all threads together: each stop is one. */
function voluntarySwitches(id: number): bigint {
  const tasks = readdirSync(`/proc/${id}/task`);
  return tasks.reduce((sum, task) => sum + BigInt(statusField(Number(task), 'voluntary_ctxt_switches')), 0n);
}

/** In ticks of the clock, proc(5) `utime`. */
function processorTime(id: number, tid: number): number {
  const stat = readFileSync(`/proc/${id}/task/${tid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]);
}

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
      await eventually('it has taken its descriptors', () => descriptorsOf(sentinel).length === 6);
      assert.deepEqual(
        descriptorsOf(sentinel).map((target) => target.replace(/\d+|\(deleted\)| /g, '')),
        [
          'socket:[]',
          '/dev/null',
          '/dev/null',
          '/memfd:outstep-sites',
          '/memfd:outstep-threads',
          '/proc//mem',
        ],
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
      for (const name of ['answer', 'main'])
        assert.deepEqual(bytesAt(program.pid, symbolValue(path, name), trap.length), trap);
      assert.equal(tracer.process.output.text.match(/warning: .*sentinel: No such file/g)?.length, 1);
      await tracer.run('tracer.dispose()');
      await expectUnharmed(program, before);
    });
  });
});

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
