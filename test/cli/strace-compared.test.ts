/** `outstep strace` and strace(1) on the same programs: the same calls, arguments and results, thread by thread. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { commandScript } from '../support/project-paths.js';
import { traceByThread } from '../support/trace-lines.js';

const run = promisify(execFile);
const outstep = [process.execPath, commandScript, 'strace'];

/**
 * Calls whose values differ from run to run: random bytes, the load of the machine, the ids of this process and of those
 * outside, what a wait has used up.
 */
const varying: readonly RegExp[] = [
  /^(?:\[[ \d]+\] )?(getrandom)\(/,
  /^(sysinfo)\(/,
  /^(getppid|getpgrp|getpgid|getsid)\(/,
  /^(clock_gettime|gettimeofday|times|time)\(/,
  /^(ppoll)\((?=.*, left )/,
  // What alignment leaves over of a mapping, on one side or on both: the kernel puts it somewhere else each time.
  /^(?:\[[ \d]+\] )?(munmap)\((?=.* = 0$)/,
  /^(getrusage|wait4)\((?=.*ru_utime)/,
  /^(--- SIGCHLD)(?=.*si_utime)/,
];
/** Newer ones than 6.1 show what epoll(7) keeps for a descriptor as one number. */
const newerEpoll = / data=(0x[0-9a-f]+)/g;
/** What depends on who comes first: whether a thread has to wait, which child ends first, when its parent hears of it. */
const racing = { threads: /^futex\(/, children: /^(?:wait4\(|--- SIGCHLD |rt_sigreturn\()/ } as const;

function comparable(text: string, races: RegExp | undefined): ReadonlyMap<string, readonly string[]> {
  const asOlder = text.replace(newerEpoll, (_, digits: string) => {
    const data = BigInt(digits);
    return ` data={u32=${BigInt.asUintN(32, data)}, u64=${data}}`;
  });
  const steady = (line: string): string =>
    varying.find((call) => call.test(line))?.exec(line)?.[1] ??
    line.replace(/st_(?:ino=\d+|atime=.*?_nsec=\d+), /g, '');
  return new Map(
    [...traceByThread(asOlder)].map(([thread, lines]) => [
      thread,
      lines
        .filter((line) => races?.test(line) !== true)
        .map(steady)
        .filter((line, at, all) => line !== 'munmap' || all[at - 1] !== line),
    ]),
  );
}

describe('cli: strace beside strace', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outstep-strace-'));
    await mkdir(join(folder, 'tree'));
    for (const name of ['one', 'two', 'three'])
      await writeFile(join(folder, 'tree', name), `${name}\n`.repeat(50));
  });

  after(() => rm(folder, { recursive: true }));

  /** The program's output goes where both tracers find the same. */
  async function trace(
    tracer: readonly string[],
    flags: readonly string[],
    program: readonly string[],
  ): Promise<string> {
    const file = join(folder, 'trace');
    const [command = '', ...words] = [...tracer, ...flags, '-o', file, ...program];
    const env = { PATH: '/usr/bin:/bin', HOME: folder };
    const status = await run(command, words, { cwd: folder, env, maxBuffer: 1 << 26 }).then(
      () => 0,
      (error: { code?: number }) => error.code,
    );
    return `${await readFile(file, 'latin1')}\nstatus ${status}`;
  }

  async function compare(
    program: readonly string[],
    flags: readonly string[] = ['-f'],
    races?: RegExp,
  ): Promise<void> {
    const theirs = await trace(['strace'], flags, program);
    const ours = await trace(outstep, flags, program);
    assert.equal(ours.split('\n').at(-1), theirs.split('\n').at(-1));
    const [expected, found] = [comparable(theirs, races), comparable(ours, races)];
    assert.deepEqual([...found.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [thread, lines] of expected) assert.deepEqual(found.get(thread), lines, `thread ${thread}`);
    assert.ok([...expected.values()].flat().length > 3);
  }

  it('ls -l', () => compare(['ls', '-l', 'tree']));

  it('tar', () => compare(['tar', 'cf', '/dev/null', 'tree']));

  it('python3', () =>
    compare(['python3', '-B', '-S', '-c', 'import os, json; print(json.dumps(sorted(os.listdir("tree"))))']));

  it('calls about capabilities', async () => compare([await compileFixture('capability-calls')]));

  it('a pipeline of a shell', () =>
    compare(['sh', '-c', 'cat tree/one | sort | uniq -c; exit 3'], ['-f'], racing.children));

  it('64 threads', async () =>
    compare([await compileFixture('traced-threads'), '64'], ['-f'], racing.threads));

  it('all kinds of arguments', async () => {
    await mkdir(join(folder, 'work'), { recursive: true });
    await compare([await compileFixture('every-call'), 'work'], ['-f'], racing.children);
  });

  it('the calls of a class', () =>
    compare(['tar', 'cf', '/dev/null', 'tree'], ['-f', '-e', 'trace=%file,read']));

  for (const [what, program, flags] of [
    ['structs and environments as a whole', ['uname', '-a'], ['-v', '-s', '200']],
    ['strings that are no text in hex, and numbers of calls', ['uname', '-a'], ['-x', '-n', '-a', '60']],
    [
      'all strings in hex, and files of descriptors',
      ['cat', 'tree/one'],
      ['-xx', '-y', '-e', 'trace=execve,openat,read'],
    ],
    [
      'calls that succeed, without the end',
      ['cat', 'tree/one', 'tree/none'],
      ['-z', '-qq', '-e', 'trace=!mmap,close'],
    ],
    ['calls that fail or do not return', ['cat', 'tree/none'], ['-e', 'status=failed,unfinished']],
    ['some calls as numbers', ['cat', 'tree/one'], ['-e', 'raw=openat,read,fstat,mmap']],
    ['bytes that are read and written', ['cat', 'tree/one'], ['-e', 'read=3', '-e', 'write=all']],
    ['the calls of a file', ['tar', 'cf', '/dev/null', 'tree', 'tree/one'], ['-P', 'tree', '-P', 'tree/one']],
  ] as const)
    it(what, () => compare(program, ['-f', ...flags]));
});
