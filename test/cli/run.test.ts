/** `outstep run`: crashes reported, and held for gdb. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, afterEach, before, describe, it } from 'mocha';
import { ElfFile } from '../../src/debug-info/index.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { gdbBacktraces } from '../support/gdb-backtraces.js';
import { eventually, processState } from '../support/proc-files.js';
import { TestProcess } from '../support/test-process.js';
import { commandLine, type Outcome, runCommand } from './command.js';

const run = promisify(execFile);

/** Ways to crash, with the signals that they end by. */
const deaths: readonly (readonly [how: string, name: string, number: number])[] = [
  ['segv', 'SIGSEGV', 11],
  ['abort', 'SIGABRT', 6],
  ['bus', 'SIGBUS', 7],
  ['fpe', 'SIGFPE', 8],
  ['sys', 'SIGSYS', 31],
  ['trap', 'SIGTRAP', 5],
  ['quit', 'SIGQUIT', 3],
  ['blocked', 'SIGSEGV', 11],
];

describe('cli: run', function () {
  this.timeout(60_000);
  let folder: string;
  let program: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-run-'));
    program = await compileFixture('crashes');
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const name of ['found', 'core']) rmSync(join(folder, name), { force: true });
  });

  function crash(how: string, ...options: readonly string[]): Promise<Outcome> {
    return runCommand(['run', ...options, '--', program, how], { cwd: folder });
  }

  for (const [how, name, number] of deaths)
    it(`reports ${name} (${how}) with a core file, and exits as a shell does`, async () => {
      const { status, errors } = await crash(how, '--core=found');
      assert.equal(status, 128 + number, errors);
      assert.match(errors, new RegExp(`^Process \\d+ \\(crashes\\) dies of ${name} in thread \\d+`, 'm'));
      assert.match(errors, /^#\d+ +0x[0-9a-f]+ in crash_here \(\)$/m);
      assert.match(errors, /^ {2}(rip|pc) +0x[0-9a-f]+$/m);
      assert.match(errors, /^[0-9a-f]+-[0-9a-f]+ r.*crashes$/m);
      assert.match(errors, new RegExp(`^ +\\d+\\.\\d+ \\d+ crashes: ${name}`, 'm'));
      assert.match(errors, /^Core file: found$/m);
      const words = ['-batch', '-nx', program, join(folder, 'found'), '-ex', 'bt'];
      const { stdout } = await run('gdb', words, { env: { ...process.env, DEBUGINFOD_URLS: '' } });
      assert.match(stdout, new RegExp(`terminated with signal ${name}`));
      assert.match(stdout, /crash_here \(how=/);
    });

  it('names who has sent the signal, and the address of a fault', async () => {
    assert.match((await crash('segv', '--no-core')).errors, /dies of SIGSEGV in thread \d+ at address 0x0$/m);
    const { errors } = await crash('quit', '--no-core');
    assert.match(errors, /dies of SIGQUIT in thread (\d+), sent by \1 \(crashes, uid \d+\)$/m);
    assert.ok(!existsSync(join(folder, 'core')));
  });

  for (const [how, expected] of [
    ['handled', 3],
    ['ignored', 4],
    ['term', 128 + 15],
  ] as const)
    it(`takes no notice of ${how}`, async () => {
      const { status, errors } = await crash(how);
      assert.equal(status, expected);
      assert.equal(errors, '');
    });

  it('shows all threads where they were', async () => {
    const { errors, status } = await crash('thread', '--core=found', '--json');
    assert.equal(status, 128 + 11);
    const report = JSON.parse(errors);
    const ofThread = (tid: number): { frames: { function: string }[] } =>
      report.threads.find((thread: { tid: number }) => thread.tid === tid);
    assert.equal(report.threads.length, 2);
    assert.equal(ofThread(report.signal.tid).frames[0]?.function, 'crash_here');
    assert.ok(ofThread(report.pid).frames.some((frame) => frame.function === 'main'));
    assert.equal(Object.keys(report.registers).length, 2);
    assert.deepEqual(
      report.lastEvents.map(({ kind }: { kind: string }) => kind),
      ['start', 'thread-start', 'signal'],
    );
    const stacks = await gdbBacktraces([program, join(folder, 'found')]);
    // The thread of the signal is the first.
    assert.equal([...stacks.keys()].at(-1), report.signal.tid);
  });

  it('looks after children, or leaves them alone', async () => {
    const followed = await crash('child', '--core=found');
    assert.equal(followed.status, 11);
    assert.match(followed.errors, /dies of SIGSEGV/);
    const left = await crash('child', '--core=found', '--leave-children');
    assert.equal(left.status, 11);
    assert.equal(left.errors, '');
  });

  it('says that a program is set-user-ID', async () => {
    const privileged = join(folder, 'privileged');
    copyFileSync('/bin/true', privileged);
    chmodSync(privileged, 0o4755);
    const { errors, status } = await runCommand(['run', '--', '/bin/sh', '-c', `${privileged}; exit 3`]);
    assert.equal(status, 3);
    assert.match(errors, /^outstep: \S+\/privileged is set-user-ID or set-group-ID: /);
  });

  it('ends with the signal that it is asked to end by, and takes the program with it', async () => {
    const command = [...commandLine, 'run', '--', '/bin/sh', '-c', 'echo "me $$"; exec sleep 1000'];
    await using running = await TestProcess.start('run', command, { cwd: folder });
    const [, id] = await running.output.match(/^me (\d+)$/m);
    running.signal('SIGTERM');
    assert.deepEqual(await running.waitForExit(), { kind: 'exited', code: 128 + 15 });
    await eventually('the program is gone', () => !existsSync(`/proc/${id}/exe`));
  });

  it('reports what hangs, and kills it when asked to', async () => {
    const { errors, status } = await crash('hang', '--on-hang=300ms', '--kill', '--core=found');
    assert.equal(status, 128 + 9);
    assert.match(errors, /^outstep: process \d+ has not ended after 0\.3 s$/m);
    assert.match(errors, /^Process \d+ \(crashes\) hangs$/m);
    assert.match(errors, /in main \(\)$/m);
    assert.ok(existsSync(join(folder, 'found')));
  });

  it('passes on input, output and the exit status of what does not crash', async () => {
    const { output, errors, status } = await runCommand(['run', '/bin/sh', '-c', 'cat; exit 7'], {
      input: 'text',
    });
    assert.deepEqual([output, errors, status], ['text', '', 7]);
  });

  it('says what is wrong with its words', async () => {
    for (const [words, expected] of [
      [[], /^The program is missing\.\nUsage:/],
      [['--on-crash=wait', 'x'], /^--on-crash is report or hold:PORT, not wait\.\n/],
      [['--on-hang=soon', 'x'], /^--on-hang needs a time/],
      [['--kill', 'x'], /^--kill needs --on-hang\.\n/],
      [['/no/such/program'], /^Cannot exec \/no\/such\/program: No such file or directory/],
    ] as const) {
      const { errors, status } = await runCommand(['run', ...words]);
      assert.match(errors, expected);
      assert.equal(status, 1);
    }
  });

  for (const [how, name, number] of deaths.slice(0, 6))
    it(`holds ${name} for gdb, and lets it die of that when gdb detaches`, async () => {
      const command = [...commandLine, 'run', '--on-crash=hold:0', '--', program, how];
      await using held = await TestProcess.start('run', command, { cwd: folder });
      const [, port] = await held.output.match(/^Listening on port (\d+)$/m);
      await using gdb = await Gdb.start();
      await gdb.execute(`file ${program}`);
      await gdb.execute(`target remote localhost:${port}`);
      assert.match(await gdb.execute('bt'), /crash_here \(how=/);
      assert.match(await gdb.execute('print $_siginfo.si_signo'), new RegExp(`= ${number}$`, 'm'));
      await gdb.execute('detach');
      assert.deepEqual(await held.waitForExit(), { kind: 'exited', code: 128 + number });
    });

  it('holds every thread until gdb lets it go on, and goes on after it was lost', async () => {
    const command = [...commandLine, 'run', '--on-crash=hold:0', '--', program, 'thread'];
    await using held = await TestProcess.start('run', command, { cwd: folder });
    const [, port] = await held.output.match(/^Listening on port (\d+)$/m);
    const [, id] = await held.output.match(/process (\d+) got signal 11/);
    await using lost = await Gdb.start();
    await lost.execute(`target remote localhost:${port}`);
    lost.process.signal('SIGKILL');
    await lost.process.waitForExit();
    await held.output.match(/has terminated connection/);
    await eventually('it is still held', () => processState(Number(id)) === 't');
    await using gdb = await Gdb.start();
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target remote localhost:${port}`);
    assert.match(await gdb.execute('info threads'), /crash_here/);
    const stop = await gdb.run('continue');
    assert.equal(stop.reason, 'exited-signalled');
    assert.deepEqual(await held.waitForExit(), { kind: 'exited', code: 128 + 11 });
  });
});

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** By type: the contents of each, in the file's order. */
function notesOf(path: string): readonly (readonly [key: string, contents: string])[] {
  const bytes = new Uint8Array(readFileSync(path));
  const read = (offset: number, lengthBytes: number) => bytes.subarray(offset, offset + lengthBytes);
  const file = new ElfFile({ name: path, lengthBytes: bytes.length, read });
  const segment = file.segments.find(({ type }) => type === 4);
  assert.ok(segment);
  const notes = read(segment.offset, segment.fileBytes);
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  const found: (readonly [string, string])[] = [];
  const padded = (count: number): number => Math.ceil(count / 4) * 4;
  for (let at = 0; at + 12 <= notes.length; ) {
    const [nameBytes, contentBytes, type] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const contentAt = at + 12 + padded(nameBytes);
    const contents = notes.subarray(contentAt, contentAt + contentBytes);
    found.push([`0x${type.toString(16)}`, hexOf(contents)]);
    at = contentAt + padded(contentBytes);
  }
  return found;
}

/** gdb 16 reads behind the end of sets of vectors that are not in use: what it makes of these differs each time. */
const ofVectors = /^(?:svcr|s?vg|fp[sc]r|warning: Section) .*\n/gm;

/** Stacks and registers of all threads, as gdb finds them in a core file. */
async function seenByGdb(program: string, core: string): Promise<string> {
  const commands = ['thread apply all -q bt', 'thread apply all -q info registers', 'info signal 11'];
  const words = ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command]), program, core];
  const { stdout } = await run('gdb', words, { env: { ...process.env, DEBUGINFOD_URLS: '' } });
  assert.match(stdout, /crash_here/);
  assert.match(stdout, /^rip |^pc /m);
  return stdout.replaceAll(core, 'CORE').replaceAll(ofVectors, '');
}

const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1').trim();

/** What only a kernel that writes files can show. */
if (/^[\w.]+$/.test(pattern))
  describe('cli: run beside the kernel', () => {
    it('writes the registers and the signal that the kernel does, byte for byte', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'outstep-kernel-core-'));
      try {
        const program = await compileFixture('crashes');
        const words = [...commandLine, 'run', '--core=ours', '--', program, 'thread'];
        const line = 'ulimit -c unlimited && "$@" 2> report';
        await run('/bin/sh', ['-c', line, 'sh', ...words], { cwd: folder }).catch(() => undefined);
        const theirs = readdirSync(folder).find((name) => name.startsWith(pattern));
        assert.ok(theirs, readdirSync(folder).join(' '));
        const kernels = notesOf(join(folder, theirs));
        const ours = notesOf(join(folder, 'ours'));
        /** Of NT_PRSTATUS: everything up to the pending signals, ids, and registers; not the times. */
        const comparable = ([type, contents]: readonly [string, string]): readonly string[] =>
          type === '0x1'
            ? [type, contents.slice(0, 32), contents.slice(64, 96), contents.slice(224)]
            : [type, contents];
        const typesOf = (notes: typeof ours) => [...new Set(notes.map(([type]) => type))];
        assert.deepEqual(typesOf(ours), typesOf(kernels));
        // NT_PRPSINFO tells what the process is doing, which differs.
        for (const type of typesOf(kernels).filter((one) => one !== '0x3')) {
          const of = (notes: typeof ours) => notes.filter(([one]) => one === type).map(comparable);
          assert.deepEqual(of(ours), of(kernels), `notes ${type}`);
        }
        assert.equal(ours.filter(([type]) => type === '0x1').length, 2);
        assert.deepEqual(
          await seenByGdb(program, join(folder, 'ours')),
          await seenByGdb(program, join(folder, theirs)),
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
