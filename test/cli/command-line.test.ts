/** The command line as a process: texts, exit statuses, and what is left behind. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DebugServer, serverCommand } from '../support/debug-server.js';
import { TestProcess } from '../support/test-process.js';

interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** Runs the command line to its end. */
async function run(...args: string[]): Promise<Outcome> {
  const server = await TestProcess.start('outstep', [...serverCommand, ...args]);
  try {
    server.endInput();
    const exit = await server.waitForExit();
    assert.equal(exit.kind, 'exited', server.output.text);
    return { code: exit.kind === 'exited' ? exit.code : -1, text: await textOf(server) };
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** All that was said: the output may end later than the process. */
async function textOf(server: TestProcess): Promise<string> {
  await server[Symbol.asyncDispose]();
  return server.output.text;
}

const answers: readonly [string[], RegExp][] = [
  [['--version'], /^outstep \d+\.\d+\.\d+\n$/],
  [['--help'], /^Usage:[\s\S]*--attach COMM PID/],
  [['--disable-packet'], /^Packets that can be disabled:\n {2}vCont/],
  [['--selftest'], /^Ran 4 unit tests, 0 failed$/m],
  [['--selftest=codec'], /^Ran 1 unit tests, 0 failed$/m],
];

const failures: readonly [string[], RegExp][] = [
  [[], /COMM\) is missing[\s\S]*Usage:/],
  [['--bogus', ':0', '/bin/true'], /^Unknown argument: --bogus\nUsage:/],
  [[':0'], /PROG\) is missing[\s\S]*Usage:/],
  [['--attach', ':0', 'x'], /^Not a process id: x\nUsage:/],
  [['--debug-file=/nonexistent/log', ':0', '/bin/true'], /^Cannot open the log file: .*\n$/],
  [
    ['garbage:1234:5', '/bin/true'],
    /^garbage:1234:5: cannot resolve name: Name or service not known\nExiting\n$/,
  ],
  [['tcp8:123:5', '/bin/true'], /^tcp8:123:5: cannot resolve name: .+\nExiting\n$/],
  [
    ['/dev/nonexistent', '/bin/true'],
    /^Could not open remote device \/dev\/nonexistent: .*No such file.*\nExiting\n$/,
  ],
  [['localhost:0', '/nonexistent'], /During startup program exited with code 127\.\nExiting\n$/],
  // 126 where PATH names a folder that this user may not search.
  [['stdio', 'nonexistent-program'], /During startup program exited with code 12[67]\.\nExiting\n$/],
  [
    ['--no-startup-with-shell', 'localhost:0', '/nonexistent'],
    /No such file or directory[\s\S]*\nExiting\n$/,
  ],
  [
    ['--attach', 'localhost:0', '2147483647'],
    /^Cannot attach to process 2147483647: No such process\nExiting\n$/,
  ],
];

describe('cli: command line', () => {
  for (const [args, text] of answers) {
    it(`answers ${args.join(' ')}`, async () => {
      const outcome = await run(...args);
      assert.match(outcome.text, text);
      assert.equal(outcome.code, 0);
    });
  }

  for (const [args, text] of failures) {
    it(`fails: ${args.join(' ') || 'no arguments'}`, async () => {
      const outcome = await run(...args);
      assert.match(outcome.text, text);
      assert.equal(outcome.code, 1);
    });
  }

  it('fails when the port is taken, and starts no program', async () => {
    await using server = await DebugServer.start(['--multi', 'localhost:0']);
    const outcome = await run(`localhost:${server.port}`, '/bin/true');
    assert.deepEqual(outcome, { code: 1, text: "Can't bind address: Address already in use.\nExiting\n" });
  });

  it('names the tracer of a process that is traced already', async () => {
    await using program = await TestProcess.start('program', ['/bin/cat']);
    await using server = await DebugServer.start(['--attach', 'localhost:0', String(program.pid)]);
    const outcome = await run('--attach', 'localhost:0', String(program.pid));
    assert.match(
      outcome.text,
      new RegExp(`^Cannot attach to process ${program.pid}.*traced by.*\\b${server.process.pid}\\b`),
    );
    assert.equal(outcome.code, 1);
  });

  it('says who can connect when no host is given', async () => {
    await using server = await DebugServer.start(['--once', ':0', '/bin/true']);
    const { text } = server.output;
    assert.match(
      text,
      /^Process \/bin\/true created; pid = \d+\nOnly this machine can connect.*\nListening on port \d+\n$/,
    );
  });
});
