/** One board of a run: the suite, the comparison with the baseline, and the report. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Baseline, readBaseline, storeInBaseline } from './baseline.js';
import { compare, type Expectations } from './comparison.js';
import { countOutcomes, formatComparison, formatCounts, type OutcomeCounts } from './comparison-report.js';
import { confirm, type Rerun } from './confirmation.js';
import { flakyFile, knownFailuresFile } from './conformance-paths.js';
import { parseExcusedTests } from './excused-tests.js';
import { hostMachine } from './host-machine.js';
import type { ConformanceOptions } from './options.js';
import { runSuite } from './run-suite.js';
import type { SuiteMachine } from './suite-machine.js';
import type { FileResults } from './suite-results.js';
import { prepareServer, type Toolchain, versionOf } from './toolchain.js';

export interface BoardRun {
  readonly board: string;
  readonly machine: SuiteMachine;
  readonly toolchain: Toolchain;
  readonly options: ConformanceOptions;
  /** Those of the wanted files that the suite has. */
  readonly files: readonly string[];
  /** The folder of the results; it is made anew. */
  readonly out: string;
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/** @throws Error if gdb cannot debug a trivial program through the server */
export async function runBoard(run: BoardRun): Promise<OutcomeCounts> {
  const { board, machine, toolchain, options, out, say } = run;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(machine.workFolder, 'gdb-suite-'));
  try {
    const server = prepareServer(options.server, toolchain, machine, work);
    const about = [
      `${board}: ${versionOf(toolchain.gdb, hostMachine)}`,
      `${versionOf(server, machine)}; suite ${toolchain.version}`,
    ].join('; ');
    say(about);
    const baseline = readBaseline(toolchain.version, board);
    const runFiles = (
      files: readonly string[],
      bin: string,
      jobs: number,
      to: string,
    ): Promise<FileResults[]> =>
      runSuite(
        {
          ...options,
          board,
          machine,
          gdb: toolchain.gdb,
          suite: toolchain.suite,
          server: bin,
          work,
          out: to,
        },
        { ...run, files, jobs, limitSeconds: options.limitSeconds, baselineSeconds: secondsIn(baseline) },
      );
    const results = await runFiles(run.files, server, options.jobs, out);
    if (options.storesBaseline) return store(run, results);
    return await report(run, baseline, results, about, (files, which) => {
      say(`\nagain, alone, with ${which === 'gnu' ? 'GNU gdbserver' : 'the tested server'}:`);
      return runFiles(files, which === 'gnu' ? toolchain.gnuServer : server, 1, join(out, `again-${which}`));
    });
  } finally {
    if (options.keepsWork) say(`test programs: ${work}`);
    else rmSync(work, { recursive: true, force: true });
  }
}

function secondsIn({ files }: Baseline): (file: string) => number | undefined {
  return (file) => files.get(file)?.seconds;
}

/** A run that was stopped is no baseline. */
function store({ board, toolchain, stop, say }: BoardRun, results: readonly FileResults[]): OutcomeCounts {
  if (!stop.aborted) say(`stored: ${storeInBaseline(toolchain.version, board, results)}`);
  return { passed: 0, failed: 0, known: 0 };
}

async function report(
  { board, options, out, stop, say }: BoardRun,
  baseline: Baseline,
  results: readonly FileResults[],
  about: string,
  rerun: Rerun,
): Promise<OutcomeCounts> {
  const expectations: Expectations = {
    board,
    baseline: baseline.files,
    flaky: parseExcusedTests(readFileSync(flakyFile, 'utf8')),
    known: parseExcusedTests(readFileSync(knownFailuresFile, 'utf8')),
  };
  const first = { results, comparison: compare(results, expectations) };
  const judged = options.confirms && !stop.aborted ? await confirm(first, expectations, rerun) : first;
  const before = results.map(({ file }) => baseline.files.get(file)).filter((file) => file !== undefined);
  const counts = formatCounts(before, judged.results);
  const text = [about, counts, '', formatComparison(judged.comparison), ''].join('\n');
  writeFileSync(join(out, 'comparison.txt'), text);
  say(`\n${text}results and logs: ${out}\n`);
  return countOutcomes(judged.comparison);
}
