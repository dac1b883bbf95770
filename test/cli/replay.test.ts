/** Sessions that are recorded, and served again to gdb and LLDB. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { Player } from '../../src/cli/commands/replay/player.js';
import { type Exchange, readSession } from '../../src/cli/commands/replay/recorded-session.js';
import { compileFixture } from '../support/fixture.js';
import { commandScript } from '../support/project-paths.js';
import { type Exit, TestProcess } from '../support/test-process.js';

const run = promisify(execFile);
const main = [process.execPath, commandScript];

const gdbCommands = ['break twice', 'continue', 'backtrace', 'finish', 'info registers', 'kill'];
const lldbCommands = [
  'b twice',
  'process continue',
  'bt',
  'frame variable',
  'finish',
  'register read',
  'kill',
];

function gdb(program: string, port: number, commands: readonly string[]): readonly string[] {
  const all = ['set debuginfod enabled off', `target remote localhost:${port}`, ...commands];
  return ['gdb', '-nx', '-q', '-batch', ...all.flatMap((command) => ['-ex', command]), program];
}

function lldb(program: string, port: number, commands: readonly string[]): readonly string[] {
  const all = [`target create ${program}`, `gdb-remote localhost:${port}`, ...commands];
  return ['lldb-19', '--no-lldbinit', '-b', ...all.flatMap((command) => ['-o', command])];
}

interface Played {
  readonly shown: string;
  readonly exit: Exit;
  readonly said: string;
}

/** Runs a server and one client of it. */
async function play(server: readonly string[], client: (port: number) => readonly string[]): Promise<Played> {
  await using running = await TestProcess.start('server', [...main, ...server]);
  const [, port] = await running.output.match(/^Listening on port (\d+)$/m, 15_000);
  const [program = '', ...args] = client(Number(port));
  // Where a client cannot kill the program at its end, it fails.
  const { stdout } = await run(program, args, { timeout: 60_000 }).catch(
    (error: { stdout: string }) => error,
  );
  const exit = await running.waitForExit();
  await running[Symbol.asyncDispose]();
  return { shown: stdout.replaceAll(`localhost:${port}`, 'ADDRESS'), exit, said: running.output.text };
}

describe('cli: record and replay', () => {
  let folder: string;
  let program: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-replay-'));
    program = await compileFixture('stepping');
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, client, commands] of [
    ['gdb', gdb, gdbCommands],
    ['LLDB', lldb, lldbCommands],
  ] as const)
    it(`shows ${name} the same again, without the program`, async () => {
      const file = join(folder, `${name}.jsonl`);
      const recording = ['--record', file, '--once', 'localhost:0', program];
      const recorded = await play(recording, (port) => client(program, port, commands));
      assert.match(recorded.shown, /twice/);
      const replayed = await play(['replay', file], (port) => client(program, port, commands));
      assert.equal(replayed.shown, recorded.shown);
      assert.deepEqual(replayed.exit, { kind: 'exited', code: 0 }, replayed.said);
    });

  it('says where gdb leaves the record', async () => {
    const file = join(folder, 'gdb.jsonl');
    const other = ['break twice', 'continue', 'print/x *(long *) 0x1234', 'stepi'];
    const { exit, said } = await play(['replay', file], (port) => gdb(program, port, other));
    assert.deepEqual(exit, { kind: 'exited', code: 2 });
    assert.match(said, /^The client leaves the record with request \d+: m: read memory -- address 0x1234, /m);
    assert.match(said, /^ {2}The record goes on with: /m);
  });

  it('has every byte with its time and direction', () => {
    const [head, ...lines] = readFileSync(join(folder, 'gdb.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(head.outstepRecord, 1);
    assert.match(lines[0].bytes, /^\+?\$qSupported:/);
    assert.ok(lines.every(({ from }) => from === 'client' || from === 'server'));
    const times = lines.map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      times.toSorted((left, right) => left - right),
    );
  });

  it('refuses what is no record', async () => {
    const file = join(folder, 'other');
    writeFileSync(file, '{"something":1}\n');
    for (const path of [file, join(folder, 'absent')]) assert.throws(() => readSession(path, 1), /record/);
    assert.throws(() => readSession(join(folder, 'gdb.jsonl'), 2), /has no connection 2/);
  });
});

function exchanges(...requests: readonly string[]): Exchange[] {
  return requests.map((request, index) => ({ request, answers: [{ kind: 'packet', data: String(index) }] }));
}

function asked(recorded: readonly string[], requests: readonly string[]): (string | undefined)[] {
  const player = new Player(exchanges(...recorded), () => undefined);
  return requests.map((request) => player.answer(request)?.[0]?.data);
}

describe('cli: a replayed client', () => {
  const recorded = ['?', 'm1,1', 'm2,1', 'vCont;c', 'm1,1', 'g', 'vCont;c', 'm1,1'];

  it('may repeat and leave out what it reads', () => {
    assert.deepEqual(asked(recorded, ['?', 'm2,1', 'm1,1', 'm1,1', 'vCont;c', 'g', 'm1,1']), [
      ...['0', '2', '1', '1', '3', '5', '4'],
    ]);
  });

  it('reads nothing of before a change, and nothing of behind the next', () => {
    assert.deepEqual(asked(recorded, ['vCont;c', 'm2,1', 'm1,1', 'vCont;c', 'g', 'm1,1']), [
      ...['3', undefined, '4', '6', undefined, '7'],
    ]);
  });

  it('is told of a packet that its kind was answered, if it was', () => {
    const player = new Player(exchanges('qXfer:threads:read::0,10', 'm1,1'), () => undefined);
    assert.ok(player.knows('m2,2') && player.knows('qXfer:threads:read::10,10'));
    assert.ok(!player.knows('qXfer:auxv:read::0,10') && !player.knows('x1,1'));
  });

  it('is told once for each request that the record does not know, with what it has', () => {
    const departures: unknown[] = [];
    const player = new Player(exchanges(...recorded), (departure) => departures.push(departure));
    player.answer('?');
    assert.equal(player.answer('p0'), undefined);
    assert.equal(player.answer('s'), undefined);
    assert.equal(player.isAtEnd, false);
    assert.deepEqual(departures, [
      { place: 2, request: 'p0', expected: 'm1,1' },
      { place: 3, request: 's', expected: 'm1,1' },
    ]);
    for (const request of ['vCont;c', 'vCont;c']) player.answer(request);
    assert.equal(player.isAtEnd, true);
  });
});
