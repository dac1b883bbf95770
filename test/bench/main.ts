/** `npm run bench`: what operations cost, against GNU gdbserver and the limit. */
import { writeFileSync, writeSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.js';
import { hostProcess } from '../../src/base/host-process.js';
import { Bench } from './bench.js';
import { describeMachine } from './machine.js';
import { type BenchOptions, parseCommand, usage } from './options.js';
import { formatJson, formatMarkdown, type Report } from './report.js';
import type { Row, RowResult } from './row.js';
import { allRows } from './rows/index.js';
import { runRow } from './run-rows.js';

const exitStatuses = { failed: 1, notRun: 2 } as const;

function say(line: string): void {
  writeSync(2, `${line}\n`);
}

function selectRows(words: readonly string[]): readonly Row[] {
  if (words.length === 0) return allRows;
  const matches = (row: Row, word: string): boolean => row.name === word || row.name.startsWith(`${word}-`);
  for (const word of words) {
    if (!allRows.some((row) => matches(row, word))) throw new Error(`no row "${word}"; see --list`);
  }
  return allRows.filter((row) => words.some((word) => matches(row, word)));
}

/** After each row: a run that is broken off leaves what it has. */
function write(report: Report, { json, markdown }: BenchOptions): void {
  if (json !== undefined) writeFileSync(json, formatJson(report));
  if (markdown !== undefined) writeFileSync(markdown, formatMarkdown(report));
}

/** @returns the exit status */
async function run(options: BenchOptions): Promise<number> {
  const rows = selectRows(options.rows);
  await using bench = await Bench.prepare(options);
  const results = new Map<string, RowResult>();
  const { core, clock, rounds, scale } = options;
  const report: Report = { machine: describeMachine(), core, clock, rounds, scale, results };
  for (const row of rows) {
    say(row.name);
    results.set(row.name, await runRow(bench, row, { ...options, say }));
    write(report, options);
  }
  writeSync(1, formatMarkdown(report));
  return [...results.values()].some(({ failures }) => failures.has('outstep')) ? exitStatuses.failed : 0;
}

async function main(): Promise<number> {
  const command = parseCommand(hostProcess.argv.slice(2));
  if (command.kind === 'run') return run(command.options);
  writeSync(1, command.kind === 'help' ? usage : allRows.map(({ name }) => `${name}\n`).join(''));
  return 0;
}

try {
  hostProcess.exitCode = await main();
} catch (error) {
  say(`bench: ${messageOf(error)}`);
  hostProcess.exitCode = exitStatuses.notRun;
}
