/** `outstep watch`: records, traces, rings, filters. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { LineWriter } from '../../src/cli/commands/watch/line-writer.js';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, tracerOf } from '../support/proc-files.js';
import { TestProcess } from '../support/test-process.js';
import { commandLine, runCommand } from './command.js';

interface Shown {
  readonly timeUs: number;
  readonly kind: string;
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly [detail: string]: unknown;
}

function recordsIn(text: string): readonly Shown[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

async function watchScript(
  script: string,
  ...options: readonly string[]
): Promise<{ readonly records: readonly Shown[]; readonly status: number; readonly output: string }> {
  const words = ['watch', '--json', ...options, '--', '/bin/sh', '-c', script];
  const { output, status, errors } = await runCommand(words, { timeoutMs: 60_000 });
  assert.equal(errors, '');
  return { records: recordsIn(output), status, output };
}

describe('cli: watch', function () {
  this.timeout(90_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-watch-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('tells of forks, programs, ends, and who has sent a signal', async () => {
    const { records, status } = await watchScript('trap : USR1; kill -USR1 $$; /bin/true; exit 5');
    assert.equal(status, 5);
    const [start] = records;
    assert.equal(start?.kind, 'start');
    const root = start.pid;
    const signal = records.find((one) => one.kind === 'signal' && one.signal === 'SIGUSR1');
    assert.deepEqual([signal?.senderPid, signal?.senderName, signal?.pid], [root, 'sh', root]);
    const fork = records.find(({ kind }) => kind === 'fork');
    assert.equal(fork?.pid, root);
    const ofChild = records.filter(({ pid }) => pid === fork.child);
    assert.deepEqual(
      ofChild.map(({ kind }) => kind).filter((kind) => kind !== 'library'),
      ['exec', 'exit'],
    );
    assert.match(String(ofChild[0]?.path), /\/true$/);
    assert.deepEqual(ofChild[0]?.arguments, ['/bin/true']);
    assert.equal(ofChild.at(-1)?.code, 0);
    const chld = records.find((one) => one.signal === 'SIGCHLD');
    assert.equal(chld?.senderPid, fork.child);
    assert.deepEqual([records.at(-1)?.kind, records.at(-1)?.code, records.at(-1)?.pid], ['exit', 5, root]);
  });

  it('shows a tree', async () => {
    const words = ['watch', '--events=fork,exec,exit', '--', '/bin/sh', '-c', '/bin/true; exit 2'];
    const { output, status } = await runCommand(words);
    assert.equal(status, 2);
    const lines = output.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^ +\d+\.\d{6} \d+ sh: runs \/bin\/sh -c \/bin\/true; exit 2$/);
    assert.match(lines[1] ?? '', /^ +\d+\.\d{6} \d+ sh: v?fork: \d+$/);
    assert.match(lines[2] ?? '', /^ +\d+\.\d{6} {3}\d+ true: exec \/\S*true: \/bin\/true$/);
    assert.match(lines[3] ?? '', /^ +\d+\.\d{6} {3}\d+ true: exited with 0$/);
    assert.match(lines[4] ?? '', /^ +\d+\.\d{6} \d+ sh: exited with 2$/);
    assert.equal(lines.length, 5);
  });

  it('tells of threads and libraries', async () => {
    const program = await compileFixture('crashes');
    const { output } = await runCommand(['watch', '--json', '--', program, 'thread']);
    const records = recordsIn(output);
    const thread = records.find(({ kind }) => kind === 'thread-start');
    assert.ok(thread);
    assert.equal(records.find(({ kind }) => kind === 'signal')?.tid, thread.thread);
    const libraries = records.filter(({ kind }) => kind === 'library');
    assert.ok(libraries.some(({ path, action }) => /libc\.so/.test(String(path)) && action === 'loaded'));
    // What a program is linked with is there before it begins.
    assert.ok(records.indexOf(thread) > records.indexOf(libraries[0] as Shown));
  });

  it('tells of libraries that come and go while the program runs', async () => {
    const library = await compileFixture('opened-library', {
      flags: ['-shared', '-fPIC'],
      output: 'opened.so',
    });
    const program = await compileFixture('open-library', { flags: ['-ldl'] });
    const { output } = await runCommand(['watch', '--json', '--events=library', '--', program, library]);
    const opened = recordsIn(output).filter(({ path }) => path === library);
    assert.deepEqual(
      opened.map(({ action }) => action),
      ['loaded', 'unloaded', 'loaded', 'unloaded'],
      output,
    );
  });

  it('leaves processes of other names to run untraced', async () => {
    const script = 'grep -h ^TracerPid: /proc/self/status; /bin/true';
    const { records, output } = await watchScript(script, '--comm=true');
    const left = records.find(({ kind }) => kind === 'left');
    assert.equal(left?.reason, 'its name is grep');
    assert.match(output, /^TracerPid:\s+0$/m);
    assert.equal(records.filter(({ kind, pid }) => kind === 'exit' && pid === left.pid).length, 0);
    assert.equal(records.filter(({ kind, name }) => kind === 'exit' && name === 'true').length, 1);
    const others = await watchScript('/bin/true', '--uid=4242424');
    assert.match(String(others.records.find(({ kind }) => kind === 'left')?.reason), /^it is of user \d+$/);
  });

  it('writes a trace whose spans nest and whose times never go back', async () => {
    const file = join(folder, 'trace.json');
    const script = '(/bin/true; sleep 0.01) & /bin/true; wait; kill -9 $$';
    const { status } = await watchScript(
      script,
      `--trace=${file}`,
      '--calls=wait4,execve,exit_group,clock_nanosleep',
    );
    assert.equal(status, 128 + 9);
    const events: readonly { ph: string; pid: number; tid: number; ts: number; name: string }[] = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    const depths = new Map<number, number>();
    const times = new Map<number, number>();
    for (const { ph, tid, ts } of events) {
      assert.ok(ts >= (times.get(tid) ?? 0));
      times.set(tid, ts);
      const depth = (depths.get(tid) ?? 0) + (ph === 'B' ? 1 : ph === 'E' ? -1 : 0);
      assert.ok(depth >= 0, `thread ${tid}`);
      depths.set(tid, depth);
    }
    assert.ok([...depths.values()].every((depth) => depth === 0));
    assert.ok(depths.size >= 4);
    for (const name of ['wait4', 'clock_nanosleep', 'execve'])
      assert.ok(
        events.some((event) => event.ph === 'B' && event.name === name),
        name,
      );
  });

  it('keeps the last events for a crash, and that as the last', async () => {
    const file = join(folder, 'ring.json');
    const loop = 'i=0; while [ $i -lt 20 ]; do kill -USR1 $$; i=$((i+1)); done';
    const { status } = await watchScript(`trap : USR1; ${loop}; kill -SEGV $$`, `--ring=5:${file}`);
    assert.equal(status, 128 + 11);
    const kept = recordsIn(readFileSync(file, 'utf8'));
    assert.deepEqual(
      kept.map(({ kind, signal }) => `${kind} ${signal}`),
      ['signal SIGUSR1', 'signal SIGUSR1', 'signal SIGUSR1', 'signal SIGSEGV', 'exit SIGSEGV'],
    );
    const quiet = join(folder, 'no-crash.json');
    await watchScript('/bin/true', `--ring=5:${quiet}`);
    assert.equal(readFileSync(quiet, 'utf8'), '');
  });

  it('loses none of thousands of events', async () => {
    const loop = 'i=0; while [ $i -lt 5000 ]; do kill -USR1 $$; i=$((i+1)); done';
    const { records } = await watchScript(`trap : USR1; ${loop}`);
    assert.equal(records.filter(({ signal }) => signal === 'SIGUSR1').length, 5000);
    assert.equal(records.filter(({ kind }) => kind === 'lost').length, 0);
  });

  it('watches a running tree, and leaves it as it was', async () => {
    using orphan = startOrphan('/bin/sh', ['-c', 'while :; do sleep 0.05; done']);
    await using watch = await TestProcess.start('watch', [...commandLine, 'watch', String(orphan.pid)]);
    await watch.output.match(/fork: \d+\n[\s\S]*exec \/\S*sleep/, 30_000);
    assert.equal(tracerOf(orphan.pid), watch.pid);
    watch.signal('SIGINT');
    assert.deepEqual(await watch.waitForExit(), { kind: 'exited', code: 0 });
    await eventually('nobody traces it', () => tracerOf(orphan.pid) === 0);
  });

  it('says what is wrong with its words', async () => {
    for (const [words, expected] of [
      [[], /^Either a PID or a program behind -- is needed\.\nUsage:/],
      [['1', '2'], /^Unknown argument: 2\n/],
      [['--events=forks', '--', 'x'], /^--events knows fork, .*, not forks\.\n/],
      [['--ring=x', '1'], /^--ring needs COUNT:FILE, not x\.\n/],
      [['--calls=opened', '1'], /^--calls: no system call is called opened\.\n/],
    ] as const) {
      const { errors, status } = await runCommand(['watch', ...words]);
      assert.match(errors, expected);
      assert.equal(status, 1);
    }
  });
});

describe('cli: lines for slow readers', () => {
  it('are lost when the queue is full, and counted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outstep-lines-'));
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const writer = new LineWriter(fifo, (count) => `lost ${count}`, 10_000);
      const total = 50_000;
      for (let index = 0; index < total; index++) {
        writer.line(`line ${index}`);
        // Only now and then is there time to write.
        if (index % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      let text = '';
      const chunk = new Uint8Array(65536);
      const read = (): void => {
        try {
          text += new TextDecoder('latin1').decode(chunk.subarray(0, readSync(fifo, chunk)));
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
        }
      };
      let isOver = false;
      const end = writer.end().then(() => {
        isOver = true;
      });
      await eventually('all is read', () => {
        read();
        return isOver;
      });
      await end;
      read();
      const lines = text.trimEnd().split('\n');
      const written = lines.filter((line) => line.startsWith('line ')).length;
      const lost = lines.filter((line) => line.startsWith('lost '));
      assert.ok(lost.length > 0);
      assert.equal(written + lost.reduce((sum, line) => sum + Number(line.slice(5)), 0), total);
    } finally {
      closeSync(fifo);
      rmSync(folder, { recursive: true });
    }
  });
});
