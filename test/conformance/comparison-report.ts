/** A comparison in words, for a person at a terminal. */
import {
  type Comparison,
  type FileComparison,
  type Outcome,
  outcomeOf,
  type Regression,
} from './comparison.js';
import { countStatuses, type FileResults, statuses } from './suite-results.js';

const shownTests = 20;
const shownFiles = 60;

export interface OutcomeCounts {
  /** Files of which every test that passes in the baseline passes, apart from flaky ones. */
  readonly passed: number;
  readonly failed: number;
  /** Files without a regression only thanks to known-failures.txt. */
  readonly known: number;
}

export function countOutcomes({ files }: Comparison): OutcomeCounts {
  const countOf = (wanted: Outcome): number => files.filter((file) => outcomeOf(file) === wanted).length;
  return { passed: countOf('passed'), failed: countOf('failed'), known: countOf('known') };
}

/** What the baseline and the run have of each status, over the files that both have. */
export function formatCounts(baseline: readonly FileResults[], run: readonly FileResults[]): string {
  const [before, now] = [countStatuses(baseline), countStatuses(run)];
  const rows = statuses
    .filter((status) => before.has(status) || now.has(status))
    .map((status) => [status, String(before.get(status) ?? 0), String(now.get(status) ?? 0)]);
  return [['status', 'baseline', 'now'], ...rows]
    .map(([status = '', b = '', n = '']) => `${status.padEnd(12)} ${b.padStart(9)} ${n.padStart(9)}`)
    .join('\n');
}

export function formatComparison(comparison: Comparison): string {
  const { files, withoutBaseline, needlessKnown } = comparison;
  const blocks = [
    block(
      'Regressions (PASS in the baseline, not now):',
      files
        .filter((file) => file.regressions.length > 0)
        .toSorted((a, b) => b.regressions.length - a.regressions.length)
        .flatMap(describeRegressions),
    ),
    block('Failures that the baseline does not have as tests:', files.flatMap(describeNewFailures)),
    block(
      'PASS now, not PASS in the baseline:',
      limited(
        files.flatMap(({ file, improvements }) => improvements.map((test) => `${file}: ${test}`)),
        shownFiles,
      ),
    ),
    block('Files that stopped with an error of the suite:', files.flatMap(describeErrors)),
    block('Not compared, for the baseline does not have them:', withoutBaseline),
    block(
      'In known-failures.txt, but these pass now; please take them out:',
      needlessKnown.map(({ text }) => text),
    ),
    [describeKnown(files), describeTotal(comparison)],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function limited(lines: readonly string[], most: number): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `… and ${lines.length - most} more`];
}

function describeTest({ test, now }: Regression): string {
  return `  ${now.padEnd(11)} ${test}`;
}

function describeRegressions({ file, regressions, baselinePasses }: FileComparison): string[] {
  return [
    `${file}: ${regressions.length} of ${baselinePasses}`,
    ...limited(regressions.map(describeTest), shownTests),
  ];
}

function describeNewFailures({ file, newFailures }: FileComparison): string[] {
  return newFailures.length === 0 ? [] : [file, ...limited(newFailures.map(describeTest), shownTests)];
}

function describeErrors({ file, errors }: FileComparison): string[] {
  return errors.length === 0 ? [] : [`${file}: ${errors[0]}`];
}

function sum(files: readonly FileComparison[], count: (file: FileComparison) => number): number {
  return files.reduce((total, file) => total + count(file), 0);
}

function describeKnown(files: readonly FileComparison[]): string {
  const known = sum(files, (file) => file.knownFailures);
  const flaky = sum(files, (file) => file.flakyFailures);
  const elsewhere = sum(files, (file) => file.notOnThisMachine);
  const knownFiles = files.filter((file) => file.knownFailures > 0).length;
  return [
    `${known} known failures in ${knownFiles} files (known-failures.txt); ${flaky} flaky tests failed (flaky.txt)`,
    ...(elsewhere > 0 ? [`${elsewhere} tests that GNU gdbserver does not pass on this machine either`] : []),
  ].join('; ');
}

function failuresExcused({ knownFailures, flakyFailures, notOnThisMachine }: FileComparison): number {
  return knownFailures + flakyFailures + notOnThisMachine;
}

function describeTotal(comparison: Comparison): string {
  const { board, files } = comparison;
  const { passed, failed } = countOutcomes(comparison);
  const passes = sum(files, (file) => file.baselinePasses);
  const regressions = sum(files, (file) => file.regressions.length);
  const kept = passes - regressions - sum(files, failuresExcused);
  const share = passes === 0 ? '-' : `${((100 * kept) / passes).toFixed(2)} %`;
  return [
    `${board}: ${kept} of the baseline's ${passes} passes (${share}), ${regressions} regressions;`,
    `${passed} files without failures, ${failed} with regressions`,
  ].join(' ');
}
