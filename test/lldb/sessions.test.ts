/** What users of lldb do, one test for each. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { compileFixture, lineOf } from '../support/fixture.js';
import { runLldb } from '../support/lldb.js';
import { isOwnServer, LldbServer } from '../support/lldb-server.js';
import { thisMachine } from '../support/machine.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, processState } from '../support/proc-files.js';

/** Runs the commands behind the connection to a fixture; what each of them printed. */
async function debug(
  fixture: string,
  args: readonly string[],
  commands: readonly string[],
): Promise<readonly string[]> {
  const path = await compileFixture(fixture, { flags: ['-lm'] });
  await using server = await LldbServer.startProgram(path, args);
  const outputs = await runLldb([`file ${path}`, server.connect, ...commands]);
  return outputs.slice(2);
}

/** A register that may have any value. */
const general = thisMachine === 'aarch64' ? 'x19' : 'r12';

/** Lets the program run, and does what Ctrl-C does at lldb's terminal, which is none here. */
const runAndInterrupt = `script ${[
  'import time',
  'p = lldb.process',
  'wait = lambda state: [time.sleep(0.01) for _ in iter(lambda: p.GetState() != state, False)]',
  'lldb.debugger.SetAsync(True)',
  'p.Continue()',
  'wait(lldb.eStateRunning)',
  'p.SendAsyncInterrupt()',
  'wait(lldb.eStateStopped)',
  'lldb.debugger.SetAsync(False)',
].join('; ')}`;

function breakAt(fixture: string, marker: string): string {
  const file = `${fixture}.${fixture === 'exceptions' ? 'cc' : 'c'}`;
  return `breakpoint set --file ${file} --line ${lineOf(fixture, marker)}`;
}

describe('lldb: breakpoints', () => {
  it('stop where they were set, and the program ends as it does', async () => {
    const [set, run, trace, end] = await debug(
      'stepping',
      [],
      ['breakpoint set --name factorial', 'continue', 'thread backtrace', 'breakpoint delete 1', 'continue'],
    ).then((outputs) => [outputs[0], outputs[1], outputs[2], outputs[4]]);
    assert.match(set ?? '', /Breakpoint 1: where = stepping`factorial/);
    assert.match(run ?? '', /stop reason = breakpoint 1\.1/);
    assert.match(trace ?? '', /frame #0: .*factorial[\s\S]*frame #\d+: .*main/);
    assert.match(end ?? '', /exited with status = 0/);
  });

  it('with a condition stop only where that holds', async () => {
    const outputs = await debug(
      'workers',
      ['8'],
      [
        "breakpoint set --name work --condition 'index == 5'",
        'continue',
        'frame variable index',
        'continue',
        'frame variable index',
      ],
    );
    assert.match(outputs[1] ?? '', /stop reason = breakpoint 1\.1/);
    assert.match(outputs[2] ?? '', /index = 5/);
    assert.match(outputs[4] ?? '', /index = 5/);
  });

  it('in libraries that are opened later come with them', async () => {
    const library = await compileFixture('opened-library', {
      flags: ['-shared', '-fPIC'],
      output: 'opened-library.so',
    });
    const again = ['continue', 'thread backtrace'];
    const outputs = await debug(
      'open-library',
      [library],
      [
        'breakpoint set --name library_function',
        'continue',
        'thread step-out',
        // With LLDB's own server the second one is not seen.
        ...(isOwnServer ? again : []),
      ],
    );
    assert.match(outputs[0] ?? '', /pending/);
    assert.match(outputs[1] ?? '', /stop reason = breakpoint 1\.1/);
    assert.match(outputs[2] ?? '', /stop reason = step out[\s\S]*Return value: \(int\) \$0 = 101/);
    if (isOwnServer) assert.match(outputs[4] ?? '', /library_function[\s\S]*open_and_call[\s\S]*main/);
  });
});

describe('lldb: threads', () => {
  it('are all listed, with their names and stacks', async () => {
    const outputs = await debug(
      'workers',
      ['8'],
      [
        breakAt('workers', 'started'),
        'continue',
        'breakpoint set --name work',
        'continue',
        'thread list',
        'thread backtrace all',
      ],
    );
    assert.equal(outputs[4]?.match(/thread #\d+: tid/g)?.length, 9);
    assert.equal(outputs[4]?.match(/name = 'workers'/g)?.length, 9);
    // Those that have just been made are in the C library still.
    assert.match(outputs[5] ?? '', /frame #\d+: .*main/);
    assert.match(outputs[5] ?? '', /frame #0: .*work/);
  });

  it('that have hit a breakpoint at once are all told of', async () => {
    const outputs = await debug(
      'workers',
      ['8'],
      ['breakpoint set --name work', 'continue', 'continue', 'continue', 'thread list'],
    );
    for (const stop of outputs.slice(1, 4)) assert.match(stop, /stop reason = breakpoint 1\.1/);
    assert.match(outputs[4] ?? '', /workers`work\(.*stop reason = breakpoint 1\.1/);
  });
});

describe('lldb: expressions', () => {
  it('call functions of the program, with compiled code of their own', async () => {
    const outputs = await debug(
      'inferior-calls',
      [],
      [
        'breakpoint set --name triple',
        'continue',
        'breakpoint delete 1',
        'thread step-out',
        'expression triple(14)',
        'expression half(5.0)',
        'expression int total = 0; for (int i = 1; i <= 10; i++) total += triple(i); total',
        'expression calls = 100',
        'expression calls',
        `register write ${general} 0x1234`,
        `register read ${general}`,
        'continue',
      ],
    );
    assert.match(outputs[4] ?? '', /\(int\) \$\d+ = 42/);
    assert.match(outputs[5] ?? '', /\(double\) \$\d+ = 2\.5/);
    assert.match(outputs[6] ?? '', /\(int\) \$\d+ = 165/);
    assert.match(outputs[8] ?? '', /= 100/);
    assert.match(outputs[10] ?? '', / = 0x0+1234/);
  });
});

describe('lldb: watchpoints', () => {
  it('stop behind the write, with both values', async () => {
    const outputs = await debug(
      'watch',
      [],
      [breakAt('watch', 'start'), 'continue', 'watchpoint set variable global', 'continue', 'continue'],
    );
    assert.match(outputs[3] ?? '', /old value: 1\nnew value: 2/);
    assert.match(outputs[3] ?? '', /stop reason = watchpoint 1/);
    assert.match(outputs[4] ?? '', /old value: 2\nnew value: 3/);
  });
});

describe('lldb: signals', () => {
  it('are told, passed on, and described where they are faults', async () => {
    const outputs = await debug(
      'signals',
      ['usr1', 'segv'],
      ['continue', 'thread siginfo', 'process handle --stop false SIGUSR1', 'continue', 'continue'],
    );
    assert.match(outputs[0] ?? '', /stop reason = signal SIGUSR1/);
    assert.match(outputs[1] ?? '', /si_signo = 10/);
    assert.match(
      outputs[3] ?? '',
      /stop reason = signal SIGSEGV: address not mapped to object \(fault address[=:] ?0x0\)/,
    );
    assert.match(outputs[4] ?? '', /exited with status = 11/);
  });

  for (const mode of ['spin', 'sleep', 'threads']) {
    it(`an interrupt stops a program that does: ${mode}`, async () => {
      const outputs = await debug(
        'busy',
        [mode],
        [
          'breakpoint set --name started',
          'continue',
          // lldb would step off it before it lets the program run.
          'breakpoint delete 1',
          runAndInterrupt,
          'thread list',
          runAndInterrupt,
          'thread list',
        ],
      );
      for (const list of [outputs[4], outputs[6]]) {
        assert.match(list ?? '', /stop reason = signal SIGSTOP/);
        assert.equal(list?.match(/thread #\d+: tid/g)?.length, mode === 'threads' ? 5 : 1);
      }
    });
  }
});

describe('lldb: children', () => {
  it('forks are followed to the parent, or to the child', async () => {
    for (const [side, plan] of [
      ['parent', 'fw'],
      ['child', 'fw'],
      ['parent', 'vw'],
    ]) {
      const outputs = await debug(
        'forks',
        [plan ?? ''],
        [
          'process handle --stop false --notify false SIGCHLD',
          `settings set target.process.follow-fork-mode ${side}`,
          'breakpoint set --name work',
          'continue',
          'thread backtrace',
          'breakpoint delete 1',
          'continue',
        ],
      );
      assert.match(outputs[3] ?? '', /stop reason = breakpoint 1\.1/, `${side} ${plan}`);
      assert.match(outputs[4] ?? '', /work[\s\S]*main/);
      assert.match(outputs[6] ?? '', /exited with status = [123]/);
    }
  });

  it('a new program has its own modules and breakpoints', async () => {
    const program = await compileFixture('stepping');
    // With LLDB's own server lldb waits for ever when another thread than the first one executes a program.
    for (const mode of isOwnServer ? ['first', 'other'] : ['first']) {
      const outputs = await debug(
        'exec',
        [mode, program],
        ['continue', 'breakpoint set --name factorial', 'continue', 'thread backtrace'],
      );
      assert.match(outputs[0] ?? '', /stop reason = exec/);
      assert.match(outputs[2] ?? '', /stop reason = breakpoint 1\.1/);
      assert.match(outputs[3] ?? '', /stepping`main/);
    }
  });
});

describe('lldb: memory', () => {
  it('is read, written and listed, and saved in a core file that lldb opens', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-core-'));
    try {
      const core = join(folder, 'core');
      const outputs = await debug(
        'watch',
        [],
        [
          breakAt('watch', 'loop'),
          'continue',
          'memory write &constant 0x2a',
          'memory read --size 4 --count 1 --format decimal &constant',
          'memory region --all',
          `process save-core ${core}`,
        ],
      );
      assert.match(outputs[3] ?? '', /: 42/);
      assert.match(outputs[4] ?? '', /rw- \[stack\]/);
      assert.match(outputs[4] ?? '', /r-x .*watch/);
      const path = await compileFixture('watch');
      const saved = await runLldb([`target create --core ${core} ${path}`, 'thread backtrace']);
      assert.match(saved[1] ?? '', /accumulate[\s\S]*main/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('lldb: steps', () => {
  it('go over, into and out of calls', async () => {
    const outputs = await debug(
      'stepped-threads',
      ['3'],
      [
        breakAt('stepped-threads', 'third'),
        'continue',
        'thread step-over',
        'thread step-in',
        'thread step-out',
        'thread step-over',
        'thread step-inst',
        'continue',
      ],
    );
    const at = (marker: string): RegExp =>
      new RegExp(`stepped-threads.c:${lineOf('stepped-threads', marker)}`);
    assert.match(outputs[2] ?? '', at('call'));
    assert.match(outputs[3] ?? '', at('callee'));
    assert.match(outputs[4] ?? '', /Return value: \(int\) \$0 = 7/);
    assert.match(outputs[5] ?? '', at('behind'));
    assert.match(outputs[6] ?? '', /stop reason = instruction step/);
    assert.match(outputs[7] ?? '', /exited with status = 0/);
  });
});

describe('lldb: a server with a program', () => {
  it('sends what that prints', async () => {
    const path = await compileFixture('sample');
    await using server = await LldbServer.startProgram(path, ['one', 'two']);
    const [, , end] = await runLldb([`file ${path}`, server.connect, 'continue']);
    assert.match(end ?? '', /ada has 106 after deposit 3[\s\S]*12 deposited/);
    assert.match(end ?? '', /exited with status = 12/);
    assert.doesNotMatch(server.process.output.text, /deposited/);
  });
});

describe('lldb: a server without a program', () => {
  it('starts the one that lldb wants, and sends what it prints', async () => {
    const path = await compileFixture('sample');
    await using server = await LldbServer.start([]);
    const outputs = await runLldb([
      'script lldb.debugger.SetAsync(True)',
      `file ${path}`,
      server.connect,
      // Without a process lldb says nothing when it has connected.
      'script import time; [time.sleep(0.05) for _ in range(400) if str(lldb.debugger.GetSelectedTarget().GetProcess().GetState()) != str(lldb.eStateConnected)]',
      'script lldb.debugger.SetAsync(False)',
      'breakpoint set --name deposit',
      'process launch -- one two',
      'thread backtrace',
      'breakpoint delete 1',
      'continue',
    ]);
    assert.match(outputs[6] ?? '', /stop reason = breakpoint 1\.1/);
    assert.match(outputs[7] ?? '', /deposit[\s\S]*work/);
    assert.match(outputs[9] ?? '', /exited with status = 12/);
    // LLDB's own server takes the terminal that lldb offers, whose output is not shown here.
    if (isOwnServer) assert.match(outputs[9] ?? '', /ada has 106 after deposit 3[\s\S]*12 deposited/);
  });

  it('attaches to the one that it was given, and leaves it', async () => {
    const path = await compileFixture('busy');
    using orphan = startOrphan(path, ['threads']);
    await using server = await LldbServer.start(['--attach', String(orphan.pid)]);
    const outputs = await runLldb([`file ${path}`, server.connect, 'thread list', 'detach']);
    assert.equal(outputs[2]?.match(/thread #\d+: tid/g)?.length, 5);
    assert.match(outputs[3] ?? '', /detached/);
    await eventually('it runs on', () => processState(orphan.pid) === 'S');
  });

  it('leaves it stopped where lldb wants that', async function () {
    // LLDB's own server has no packet for it.
    if (!isOwnServer) this.skip();
    const path = await compileFixture('busy');
    using orphan = startOrphan(path, ['sleep']);
    await using server = await LldbServer.start(['--attach', String(orphan.pid)]);
    await runLldb([`file ${path}`, server.connect, 'process detach --keep-stopped true']);
    await eventually('it stands', () => processState(orphan.pid) === 'T');
  });
});
