/** `outstep strace` as a command: what it shows, what it does to programs, how it ends. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'mocha';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { eventually, tracerOf } from '../support/proc-files.js';
import { commandScript } from '../support/project-paths.js';
import { type Exit, TestProcess } from '../support/test-process.js';
import { traceByThread } from '../support/trace-lines.js';

const command = [process.execPath, commandScript, 'strace'];
const slowMs = 60_000;

interface Call {
  readonly type: string;
  readonly tid: number;
  readonly name: string;
  readonly result: number | string | null;
  readonly error?: string;
  readonly args: readonly string[];
  readonly injected?: true;
  readonly delayed?: true;
  readonly stack?: readonly string[];
}

describe('cli: strace', () => {
  let folder: string;
  let file: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outstep-strace-'));
    file = join(folder, 'trace');
  });

  after(() => rm(folder, { recursive: true }));

  async function run(words: readonly string[]): Promise<{ exit: Exit; output: string; trace: string }> {
    await rm(file, { force: true });
    await using traced = await TestProcess.start('strace', [...command, '-o', file, ...words]);
    traced.endInput();
    const exit = await traced.waitForExit(slowMs);
    await traced[Symbol.asyncDispose]();
    const trace = await readFile(file, 'utf8').catch(() => '');
    return { exit, output: traced.output.text, trace };
  }

  async function records(
    words: readonly string[],
  ): Promise<{ exit: Exit; output: string; calls: readonly Call[] }> {
    const { trace, ...rest } = await run(['--json', ...words]);
    const all: Call[] = trace
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { ...rest, calls: all };
  }

  it('shows exactly the calls that are asked for', async () => {
    const program = await compileFixture('traced-calls');
    const { trace, exit } = await run(['-e', 'trace=openat', program, 'many', '5000', '100']);
    const shown = trace.split('\n').filter((line) => line.includes('"/nowhere"'));
    assert.equal(shown.length, 100);
    const expected = /^openat\(AT_FDCWD, "\/nowhere", O_RDONLY\) += -1 ENOENT \(No such file or directory\)$/;
    for (const line of shown) assert.match(line, expected);
    assert.doesNotMatch(trace, /getpid|execve/);
    assert.deepEqual(exit, { kind: 'exited', code: 0 });
  });

  it('shows exactly the calls that are asked for of a program that runs already', async () => {
    await using traced = await TestProcess.start('program', [
      await compileFixture('traced-calls'),
      'later',
      '5000',
      '100',
    ]);
    await using tracer = await TestProcess.start('strace', [
      ...[...command, '-e', 'trace=openat', '-o', file],
      ...['-p', String(traced.pid)],
    ]);
    await tracer.output.match(/Process \d+ attached/, 15_000);
    traced.write('x');
    assert.deepEqual(await traced.waitForExit(slowMs), { kind: 'exited', code: 0 });
    assert.deepEqual(await tracer.waitForExit(slowMs), { kind: 'exited', code: 0 });
    const lines = (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => !line.startsWith('+++') && line !== '');
    assert.equal(lines.length, 100);
  });

  it('ends as the program does', async () => {
    const status = async (...words: string[]): Promise<Exit> =>
      (await run(['-e', 'trace=none', ...words])).exit;
    assert.deepEqual(await status('sh', '-c', 'exit 7'), { kind: 'exited', code: 7 });
    assert.deepEqual(await status('sh', '-c', 'kill -KILL $$'), { kind: 'exited', code: 137 });
  });

  it('says so when there is no such program, or nothing to do', async () => {
    const missing = await run(['/no/such/program']);
    assert.match(missing.output, /^Cannot exec \/no\/such\/program: No such file or directory\nExiting\n/);
    assert.deepEqual(missing.exit, { kind: 'exited', code: 1 });
    for (const [words, message] of [
      [[], /^A program, or -p PID, is missing\.\nUsage: +outstep strace/],
      [['--bogus', 'true'], /^Unknown option '--bogus'\nUsage/],
      [['-e', 'trace=opeat', 'true'], /^-e: no system call is called "opeat"\nUsage/],
      [['-e', 'trace=%nothing', 'true'], /^-e: no class of system calls is called "%nothing"/],
      [['-e', 'inject=read:error=EBOGUS', 'true'], /^-e inject: no error is called EBOGUS/],
      [['-e', 'inject=read:error=EIO:when=0', 'true'], /^-e inject: when= is FIRST/],
      [['-e', 'inject=read', 'true'], /^-e inject=read says nothing to do/],
      [['-e', 'kvm=vcpu', 'true'], /^-e knows trace, signal, .* and quiet, not kvm/],
      [['-e', 'status=lost', 'true'], /^-e status= knows successful, failed, unfinished, not lost/],
      [['-S', 'size', 'true'], /^-S knows time-percent, .*, not size/],
      [['-u', 'nobody-at-all', 'true'], /^-u: there is no user nobody-at-all/],
      [['--follow-forks=no', 'true'], /^Option '--follow-forks' takes no value/],
      [['--syscall-times=h', 'true'], /^Times are in s, ms, us or ns, not h/],
      [['-s'], /^Option '-s' needs a value/],
      [['-p', '0'], /^Not a process id: 0/],
    ] as const) {
      const { output, exit } = await run(words);
      assert.match(output, message);
      assert.deepEqual(exit, { kind: 'exited', code: 1 });
    }
  });

  it('lets a tracer trace, and where its children are followed that is told what it may not', async () => {
    const inner = join(folder, 'inner');
    const alone = await run(['-e', 'trace=ptrace', 'strace', '-o', inner, 'true']);
    assert.deepEqual(alone.exit, { kind: 'exited', code: 0 });
    assert.match(alone.trace, /^ptrace\(PTRACE_SEIZE, .*\) += 0$|^ptrace\(PTRACE_SYSCALL, .*\) += 0$/m);
    assert.match(await readFile(inner, 'utf8'), /\n\+\+\+ exited with 0 \+\+\+\n$/);
    const followed = await run(['-f', '-e', 'trace=ptrace', 'strace', '-o', inner, 'true']);
    assert.deepEqual(followed.exit, { kind: 'exited', code: 1 });
    assert.match(followed.trace, /ptrace\(PTRACE_TRACEME.*\) += -1 EPERM \(Operation not permitted\)$/m);
    assert.match(followed.output, /^strace: .*PTRACE_TRACEME.*: Operation not permitted$/m);
  });

  it('leaves what stands behind the program to it', async () => {
    const { output } = await run(['-e', 'trace=none', 'echo', '-f', '--json', '-e']);
    assert.equal(output, '-f --json -e\n');
  });

  it('has the third, fifth, seventh … call fail', async () => {
    const program = await compileFixture('traced-calls');
    // Those of the dynamic linker are the first two.
    const { output, calls } = await records([
      '-e',
      'inject=openat:error=EMFILE:when=3+2',
      program,
      'opens',
      '8',
    ]);
    assert.equal(output, 'eoeoeoeo');
    const opens = calls.filter(({ name }) => name === 'openat');
    assert.deepEqual(
      // One of the linker's may fail by itself.
      opens.map(({ error, injected }) => injected && error),
      opens.map((_, index) => (index >= 2 && index % 2 === 0 ? 'EMFILE' : undefined)),
    );
    // What never reached the kernel has no descriptor to close.
    assert.equal(
      calls.filter(({ name, args }) => name === 'close' && args[0] === '3').length,
      opens.filter(({ error }) => error === undefined).length,
    );
  });

  it('has calls return what is wished', async () => {
    const { calls, output } = await records(['-e', 'inject=getppid:retval=4711', 'sh', '-c', 'echo $PPID']);
    assert.equal(calls.find(({ name }) => name === 'getppid')?.result, 4711);
    assert.equal(output, '4711\n');
  });

  it('has threads get signals', async () => {
    const { trace, exit } = await run(['-e', 'inject=getppid:signal=USR1', 'sh', '-c', 'exit 5']);
    assert.match(trace, /\ngetppid\(\) += \d+\n--- SIGUSR1 .* ---\n\+\+\+ killed by SIGUSR1 \+\+\+\n$/);
    assert.deepEqual(exit, { kind: 'exited', code: 138 });
  });

  it('delays one thread of eight, and no other', async () => {
    const program = await compileFixture('traced-writers');
    await using traced = await TestProcess.start('writers', [program]);
    await traced.output.match(/(?:thread \d+\n){8}/, 15_000);
    const ids = [...traced.output.text.matchAll(/^thread (\d+)$/gm)].map(([, id]) => Number(id));
    await using tracer = await TestProcess.start('strace', [
      ...command,
      ...['-e', 'inject=write:delay_enter=3600s', '-e', 'trace=write', '-p', String(ids[3])],
    ]);
    await tracer.output.match(/Process \d+ attached/, 15_000);
    traced.write('\n');
    for (const number of [0, 1, 2, 4, 5, 6, 7])
      await traced.output.match(new RegExp(`^${number}$`, 'm'), 15_000);
    await tracer.output.match(/write\(1, "3\\n", 2/, 15_000);
    assert.doesNotMatch(traced.output.text, /^3$/m);
    tracer.signal('SIGINT');
    assert.deepEqual(await tracer.waitForExit(), { kind: 'exited', code: 130 });
    // It is let go in its call.
    await traced.output.match(/^3$/m, 15_000);
    assert.deepEqual(await traced.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('attaches to a running process, and lets it run on', async () => {
    await using traced = await TestProcess.start('loop', [
      'sh',
      '-c',
      'while read line; do echo "$line"; done',
    ]);
    await using tracer = await TestProcess.start('strace', [
      ...command,
      '-e',
      'trace=read,write',
      '-p',
      String(traced.pid),
    ]);
    await tracer.output.match(/Process \d+ attached/, 15_000);
    traced.write('one\n');
    await tracer.output.match(/write\(1, "one\\n", 4\) +=/, 15_000);
    tracer.signal('SIGTERM');
    assert.deepEqual(await tracer.waitForExit(), { kind: 'exited', code: 143 });
    await eventually('it is let go', () => tracerOf(traced.pid) === 0);
    traced.write('two\n');
    await traced.output.match(/^two$/m, 15_000);
  });

  for (const [way, code] of [
    ['exec', 6],
    ['vfork', 6],
    ['parent', 4],
  ] as const)
    it(`loses no task: ${way}`, async () => {
      const program = await compileFixture('traced-tasks');
      const { trace, exit } = await run(['-f', program, way]);
      assert.deepEqual(exit, { kind: 'exited', code });
      const threads = [...traceByThread(trace).values()];
      // Whoever executed the program, and under which id it goes on.
      const child = threads.find((lines) => lines.some((line) => /^execve\(.*"child"\]/.test(line)));
      const heir =
        way === 'exec'
          ? threads.find((lines) => lines.some((line) => line.startsWith('+++ superseded')))
          : child;
      // Its call returns under the id that it has then.
      assert.equal(heir?.includes(') = 0'), way === 'exec', trace);
      assert.deepEqual(heir?.slice(-2), ['exit_group(6) = ?', '+++ exited with 6 +++'], trace);
      assert.ok(
        threads.every((lines) => way === 'exec' || /^\+\+\+ exited with \d \+\+\+$/.test(lines.at(-1) ?? '')),
      );
    });

  it('shows ids of this pid namespace', async function () {
    const program = await compileFixture('traced-tasks');
    const { trace, exit } = await run(['-f', program, 'namespace']);
    if (exit.kind === 'exited' && exit.code === 77) this.skip();
    assert.deepEqual(exit, { kind: 'exited', code: 3 });
    const [, lines = []] = traceByThread(trace).values();
    assert.ok(lines.includes('getpid() = 1'), trace);
    const [, child] = [...new Set([...trace.matchAll(/^(\d+) /gm)].map(([, id]) => Number(id)))];
    assert.ok(child !== undefined && child > 1, trace);
  });

  for (const way of ['read', 'futex', 'sleep'])
    for (const flags of ['restart', 'fail'])
      it(`shows once that a call is broken off: ${way}, ${flags}`, async () => {
        const program = await compileFixture('interrupted-calls');
        const { trace, exit } = await run(['-f', '-e', 'trace=read,futex,/nanosleep', program, way, flags]);
        // The program has looked at its results.
        assert.deepEqual(exit, { kind: 'exited', code: 0 });
        const [lines = []] = traceByThread(trace).values();
        const broken = lines.findIndex((line) => / = \? ERESTART/.test(line));
        assert.match(lines[broken + 1] ?? '', /^--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_TKILL, /);
        const name = way === 'sleep' ? 'clock_nanosleep' : way;
        assert.equal(lines[broken]?.split('(')[0], name);
        const later = lines.slice(broken + 1).filter((line) => line.startsWith(`${way}(`));
        assert.equal(later.length > 0 && way !== 'futex', flags === 'restart' && way === 'read');
        assert.equal(lines.filter((line) => line.includes('ERESTART')).length, 1);
      });

  const processes = Math.ceil(1000 / timeFactor);
  it(`counts what it shows, over a tree of ${processes} processes`, async () => {
    const program = await compileFixture('traced-tasks');
    const { exit, trace } = await run(['-f', '-C', program, 'tree', String(processes)]);
    assert.deepEqual(exit, { kind: 'exited', code: 0 });
    const shown = new Map<string, number>();
    for (const [, name = ''] of trace.matchAll(/^\d+ +(\w+)\(/gm))
      shown.set(name, (shown.get(name) ?? 0) + 1);
    const rows = [...trace.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$/gm)];
    const counts = new Map(rows.map(([, number, name = '']) => [name, Number(number)]));
    assert.equal(
      counts.get('total'),
      [...shown.values()].reduce((sum, count) => sum + count, 0),
    );
    counts.delete('total');
    assert.deepEqual(counts, shown);
    assert.equal(shown.get('exit_group'), processes);
  });

  it('writes a file for each thread', async () => {
    const program = await compileFixture('traced-tasks');
    await run(['-ff', program, 'vfork']);
    const names = (await readdir(folder)).filter((name) => /^trace\.\d+$/.test(name));
    assert.equal(names.length, 2);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    for (const text of texts) assert.match(text, /\n\+\+\+ exited with 6 \+\+\+\n$/);
  });

  it('shows stacks', async () => {
    const program = await compileFixture('traced-calls');
    const { calls } = await records(['-k', '-e', 'trace=openat', program, 'opens', '1']);
    const stack = calls.findLast(({ name }) => name === 'openat')?.stack ?? [];
    const functions = stack.map((frame) => /\((\w+)\+0x/.exec(frame)?.[1]);
    assert.deepEqual(functions, ['syscall', 'openOften', 'main']);
  });

  it('shows times in other forms', async () => {
    const words = ['-e', 'trace=close', '--absolute-timestamps=unix,ns', '-r', '--syscall-times=ms'];
    const { trace } = await run([...words, 'cat', '/dev/null']);
    assert.match(trace, /^\d{10}\.\d{9} \(\+ {5}0\.\d{6}\) close\(3\) += 0 <\d\.\d{3}>$/m);
    const { trace: relative } = await run(['-e', 'trace=close', '-r', 'cat', '/dev/null']);
    assert.match(relative, /^ {5}0\.\d{6} close\(3\)/m);
  });

  it('shows what is behind sockets, devices and processes', async () => {
    const script = `
import os, socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
client.send(b'x')
six = socket.create_server(('::1', 0), family=socket.AF_INET6)
six.getsockname()
os.write(os.open('/dev/null', os.O_WRONLY), b'x')
os.close(os.pidfd_open(os.getpid()))
`;
    const calls = 'trace=sendto,getsockname,write,close';
    const { trace } = await run(['-yy', '-e', calls, '/usr/bin/python3', '-S', '-c', script]);
    assert.match(
      trace,
      /^sendto\(\d+<TCP:\[127\.0\.0\.1:\d+->127\.0\.0\.1:\d+\]>, "x", 1, 0, NULL, 0\) = 1$/m,
    );
    assert.match(trace, /^getsockname\(\d+<TCPv6:\[\[::1\]:\d+\]>, \{sa_family=AF_INET6, /m);
    assert.match(trace, /^write\(\d+<\/dev\/null<char 1:3>>, "x", 1\) += 1$/m);
    assert.match(trace, /^close\(\d+<pid:\d+>\) += 0$/m);
  });

  it('is read by a command, which is waited for', async () => {
    const copy = join(folder, 'copy');
    await using tracer = await TestProcess.start('strace', [
      ...[
        ...command,
        '-e',
        'trace=close',
        '-o',
        `|sed 's/close/CLOSE/' > ${copy}; echo done`,
        'cat',
        '/dev/null',
      ],
    ]);
    assert.deepEqual(await tracer.waitForEnd(slowMs), { kind: 'exited', code: 0 });
    assert.match(tracer.output.text, /^done$/m);
    assert.match(await readFile(copy, 'utf8'), /^CLOSE\(3\) += 0\n/);
  });

  it('writes behind what is there', async () => {
    await run(['-e', 'trace=none', 'true']);
    await using again = await TestProcess.start('strace', [
      ...command,
      '-A',
      '-o',
      file,
      'sh',
      '-c',
      'exit 2',
    ]);
    await again.waitForExit(slowMs);
    const ends = (await readFile(file, 'utf8')).split('\n').filter((line) => line.startsWith('+++'));
    assert.deepEqual(ends, ['+++ exited with 0 +++', '+++ exited with 2 +++']);
  });

  it('runs a program as another user', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const { trace, exit } = await run(['-u', 'nobody', '-e', 'trace=execve,geteuid,getuid', 'id', '-u']);
    assert.deepEqual(exit, { kind: 'exited', code: 0 });
    assert.match(trace, /^execve\("\/usr\/bin\/id", \["id", "-u"\], /);
    assert.match(trace, /^getuid\(\) += 65534$|^geteuid\(\) += 65534$/m);
  });

  it('sorts its summary, with the columns that are asked for', async () => {
    const { trace } = await run(['-c', '-S', 'calls', '-U', 'calls,max-time,name', 'cat', '/dev/null']);
    const [head, , ...rows] = trace.trimEnd().split('\n');
    assert.equal(head, '    calls  longest syscall');
    const counts = rows.slice(0, -2).map((row) => Number(row.trim().split(/\s+/)[0]));
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => b - a),
    );
    assert.ok(counts.length > 5);
  });

  it('takes what tracing costs off the times of its summary', async () => {
    const timesIn = (trace: string): number[] =>
      [...trace.matchAll(/^ *[\d.]+ +(\d+\.\d{6}) .* (?:openat|close|total)$/gm)].map(([, time]) =>
        Number(time),
      );
    const whole = timesIn((await run(['-c', 'cat', '/dev/null'])).trace);
    assert.ok(whole.length === 3 && whole.every((time) => time > 0), whole.join());
    const rest = timesIn((await run(['-c', '-O', '1000s', 'cat', '/dev/null'])).trace);
    assert.deepEqual(rest, [0, 0, 0]);
  });

  it('shows times, and what descriptors stand for', async () => {
    const { trace } = await run(['-tt', '-T', '-y', '-e', 'trace=read,close', 'cat', '/dev/null']);
    assert.match(trace, /^\d\d:\d\d:\d\d\.\d{6} read\(3<\/dev\/null>, "", \d+\) += 0 <\d+\.\d{6}>$/m);
    assert.match(trace, /^\d\d:\d\d:\d\d\.\d{6} close\(3<\/dev\/null>\) += 0 <\d+\.\d{6}>$/m);
  });
});
