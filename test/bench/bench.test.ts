/** The benchmark in a tiny form: the harness runs, the work is really done, and nobody looks at the times. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Bench } from './bench.js';
import { parseLog } from './call-counter.js';
import type { ContenderName } from './contender.js';
import { describeMachine } from './machine.js';
import { parseCommand } from './options.js';
import { formatJson, formatMarkdown, type Report } from './report.js';
import type { Row, RowResult } from './row.js';
import { allRows } from './rows/index.js';
import { runRow } from './run-rows.js';

const settings = { core: 0, clock: 'wall' } as const;

function rowNamed(name: string): Row {
  const row = allRows.find((candidate) => candidate.name === name);
  assert.ok(row, `there is no row ${name}`);
  return row;
}

function run(
  bench: Bench,
  row: Row,
  contenders: readonly ContenderName[],
  scale: number,
): Promise<RowResult> {
  return runRow(bench, row, {
    rounds: 1,
    scale,
    contenders,
    countsCalls: row.name === 'stepi',
    say: () => undefined,
  });
}

function reportOf(results: readonly RowResult[]): Report {
  const named = new Map(results.map((result) => [result.row.name, result]));
  return { machine: describeMachine(), ...settings, rounds: 1, scale: 1, results: named };
}

describe('bench', () => {
  it('has rows of different names', () => {
    assert.equal(new Set(allRows.map(({ name }) => name)).size, allRows.length);
  });

  for (const name of ['stepi', 'range', 'stop', 'false-4', 'read-m', 'write', 'caught', 'signals', 'forks']) {
    it(`runs the row ${name} and finds its work done`, async () => {
      await using bench = await Bench.prepare(settings);
      const result = await run(bench, rowNamed(name), ['outstep', 'gdbserver', 'raw'], 0.01);
      assert.deepEqual([...result.failures], []);
      assert.deepEqual([...result.summaries.keys()], ['outstep', 'gdbserver', 'raw']);
      for (const { operations, medianNs } of result.summaries.values()) {
        assert.ok(operations > 0 && medianNs > 0);
      }
    }).timeout(120_000);
  }

  for (const { name } of allRows.filter((row) => row.name.startsWith('interrupt-'))) {
    it(`interrupts the program of ${name}`, async () => {
      await using bench = await Bench.prepare(settings);
      const { failures, summaries } = await run(bench, rowNamed(name), ['outstep'], 0.1);
      assert.deepEqual([...failures], []);
      assert.ok((summaries.get('outstep')?.worstNs ?? 0) > 0);
    }).timeout(120_000);
  }

  it('runs what strace does as well', async () => {
    await using bench = await Bench.prepare(settings);
    for (const name of ['traced', 'untraced-8']) {
      const { failures, summaries } = await run(bench, rowNamed(name), ['outstep', 'strace', 'native'], 0.01);
      assert.deepEqual([...failures], []);
      assert.deepEqual([...summaries.keys()], ['outstep', 'strace', 'native']);
    }
  }).timeout(120_000);

  it('counts system calls and stops', async () => {
    await using bench = await Bench.prepare(settings);
    const { summaries } = await run(bench, rowNamed('stepi'), ['gdbserver', 'raw'], 0.4);
    const [gdbserver, raw] = [summaries.get('gdbserver'), summaries.get('raw')];
    assert.equal(Math.round(gdbserver?.stops ?? 0), 1);
    assert.equal(Math.round(raw?.stops ?? 0), 1);
    assert.equal(Math.round(raw?.systemCalls ?? 0), 6);
    assert.ok((gdbserver?.systemCalls ?? 0) > 20);
  });

  it('fails a contender that did not do the work', async () => {
    await using bench = await Bench.prepare(settings);
    const row = rowNamed('signals');
    assert.equal(row.kind, 'served');
    if (row.kind !== 'served') return;
    const lazy: Row = { ...row, workload: (count) => ['signals', `${count - 1}`] };
    const { summaries, failures } = await run(bench, lazy, ['outstep', 'raw'], 0.01);
    assert.match(failures.get('outstep') ?? '', /^99 instead of 100/);
    assert.match(failures.get('raw') ?? '', /counted 99 instead of 100/);
    assert.equal(summaries.size, 0);
  });
});

describe('bench: report', () => {
  const result: RowResult = {
    row: rowNamed('false-4'),
    summaries: new Map([
      ['outstep', { medianNs: 10_000, samplesNs: [10_000], operations: 100, systemCalls: 6, stops: 1 }],
      ['gdbserver', { medianNs: 110_000, samplesNs: [110_000], operations: 100 }],
    ]),
    failures: new Map([['raw', 'a reason\nmore']]),
  };

  it('shows the ratio, and each target with whether it is met', () => {
    const table = formatMarkdown(reportOf([result]));
    assert.match(table, /\| 10\.0 µs \| 110 µs \| – \| failed \| 11\.0x \|/);
    assert.match(table, /\| 12x; 1 stops \| \*\*no\*\*: 11\.0x; yes: 1\.00 stops \| 6\.00, –, – \|/);
    assert.match(table, /^- `false-4`, raw failed: a reason$/m);
  });

  it('has the same as JSON', () => {
    const { rows, machine } = JSON.parse(formatJson(reportOf([result])));
    assert.equal(rows[0].contenders.outstep.medianNs, 10_000);
    assert.deepEqual(rows[0].targets[0], { target: '12x', actual: '11.0x', isMet: false });
    assert.equal(typeof machine.kernel, 'string');
  });

  it('counts calls and stops in a log of strace, also those in two lines', () => {
    const log = [
      '7 ptrace(PTRACE_CONT, 8, NULL, 0) = 0',
      '7 wait4(-1,  <unfinished ...>',
      '9 read(3, "", 1) = 0',
      '7 <... wait4 resumed>[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}], __WALL, NULL) = 8',
      '7 --- SIGCHLD {si_signo=SIGCHLD, si_status=SIGTRAP} ---',
      '7 wait4(-1, 0x7f, WNOHANG|__WALL, NULL) = 0',
      '7 waitid(P_ALL, 0, {si_code=CLD_TRAPPED, si_pid=8}, WNOHANG|WNOWAIT|__WALL, NULL) = 0',
      '7 wait4(8, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8',
      '7 +++ exited with 0 +++',
    ].join('\n');
    const { systemCalls, stops, byName } = parseLog(log);
    assert.deepEqual([systemCalls, stops, byName.get('wait4')], [6, 1, 3]);
  });
});

describe('bench: command line', () => {
  it('takes rows, contenders and numbers', () => {
    const command = parseCommand([
      '--rows',
      'false,stepi',
      '--contenders',
      'outstep,raw',
      '--quick',
      '--core',
      '1',
    ]);
    assert.equal(command.kind, 'run');
    if (command.kind !== 'run') return;
    assert.deepEqual(command.options.rows, ['false', 'stepi']);
    assert.deepEqual(command.options.contenders, ['outstep', 'raw']);
    assert.deepEqual([command.options.rounds, command.options.scale, command.options.core], [2, 0.1, 1]);
  });

  it('says what is wrong', () => {
    assert.throws(() => parseCommand(['--contenders', 'rr']), /no contender "rr"/);
    assert.throws(() => parseCommand(['--rounds', '0']), /--rounds needs a whole number/);
  });
});
