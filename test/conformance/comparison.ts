/**
 * A run of the suite held against a baseline, test by test. A test is known by its file, its name and, where the name
 * occurs again, by which occurrence it is. What passes in the baseline must pass: a test that is absent now did not
 * pass, so that no server gains by failing early.
 */
import { type ExcusedTest, findExcuse } from './excused-tests.js';
import type { FileResults, Status, TestResult } from './suite-results.js';

export type StatusNow = Status | 'ABSENT';

export interface Regression {
  /** With ` [#n]` where the name had occurred before. */
  readonly test: string;
  readonly now: StatusNow;
}

export interface FileComparison {
  readonly file: string;
  readonly baselinePasses: number;
  readonly regressions: readonly Regression[];
  /** Tests of known-failures.txt that do not pass. */
  readonly knownFailures: number;
  /** Tests of flaky.txt that do not pass. */
  readonly flakyFailures: number;
  /** Tests that GNU gdbserver does not pass on this machine either. */
  readonly notOnThisMachine: number;
  /** Tests that fail now and are not in the baseline at all. */
  readonly newFailures: readonly Regression[];
  /** Tests that pass now but not in the baseline, where they are. */
  readonly improvements: readonly string[];
  readonly errors: readonly string[];
}

export interface Comparison {
  readonly board: string;
  readonly files: readonly FileComparison[];
  /** Files that ran, but of which the baseline has nothing. */
  readonly withoutBaseline: readonly string[];
  /** Entries of known-failures.txt whose tests all pass in this run. */
  readonly needlessKnown: readonly ExcusedTest[];
}

export interface Expectations {
  readonly board: string;
  readonly baseline: ReadonlyMap<string, FileResults>;
  readonly flaky: readonly ExcusedTest[];
  readonly known: readonly ExcusedTest[];
}

/** passed: without a regression; known: without one only thanks to known-failures.txt; nothing: no test to compare. */
export type Outcome = 'passed' | 'failed' | 'known' | 'nothing';

export function outcomeOf(file: FileComparison): Outcome {
  if (file.regressions.length > 0) return 'failed';
  if (file.knownFailures > 0) return 'known';
  return file.baselinePasses === 0 ? 'nothing' : 'passed';
}

export function compare(run: readonly FileResults[], expectations: Expectations): Comparison {
  const { board, baseline, known } = expectations;
  const judged = run.map((results) => ({
    results,
    verdicts: judgeTests(results, baseline.get(results.file), expectations),
  }));
  const all = judged.flatMap(({ verdicts }) => verdicts ?? []);
  return {
    board,
    files: judged.flatMap(({ results, verdicts }) =>
      verdicts === undefined ? [] : [compareFile(results, baseline.get(results.file), verdicts)],
    ),
    withoutBaseline: judged
      .filter(({ verdicts }) => verdicts === undefined)
      .map(({ results }) => results.file),
    needlessKnown: known.filter((entry) => {
      const uses = all.filter(({ excuse }) => excuse === entry);
      return uses.length > 0 && uses.every(({ now }) => now === 'PASS');
    }),
  };
}

/** What became of one test that passes in the baseline. */
interface Verdict extends Regression {
  readonly isFlaky: boolean;
  /** The entry of known-failures.txt for this test. */
  readonly excuse: ExcusedTest | undefined;
}

function judgeTests(
  results: FileResults,
  expected: FileResults | undefined,
  { board, flaky, known }: Expectations,
): Verdict[] | undefined {
  if (expected === undefined) return undefined;
  const now = byOccurrence(results);
  return [...byOccurrence(expected)]
    .filter(([, { status }]) => status === 'PASS')
    .map(([test, { name }]) => {
      const isFlaky = findExcuse(flaky, board, results.file, name) !== undefined;
      // Whether a flaky test passes this time says nothing about an entry of known failures.
      const excuse = isFlaky ? undefined : findExcuse(known, board, results.file, name);
      return { test, now: now.get(test)?.status ?? 'ABSENT', isFlaky, excuse };
    });
}

const failing: ReadonlySet<Status> = new Set(['FAIL', 'UNRESOLVED', 'KPASS', 'XPASS']);

function compareFile(
  results: FileResults,
  expected: FileResults | undefined,
  verdicts: readonly Verdict[],
): FileComparison {
  const before = expected === undefined ? new Map<string, TestResult>() : byOccurrence(expected);
  const now = [...byOccurrence(results)];
  const failures = verdicts.filter((verdict) => verdict.now !== 'PASS');
  return {
    file: results.file,
    baselinePasses: verdicts.length,
    regressions: failures
      .filter(({ isFlaky, excuse }) => !isFlaky && excuse === undefined)
      .map((verdict) => ({ test: verdict.test, now: verdict.now })),
    knownFailures: failures.filter(({ excuse }) => excuse !== undefined).length,
    flakyFailures: failures.filter(({ isFlaky }) => isFlaky).length,
    notOnThisMachine: 0,
    newFailures: now
      .filter(([test, { status }]) => failing.has(status) && !before.has(test))
      .map(([test, { status }]) => ({ test, now: status })),
    improvements: now
      .filter(([test, { status }]) => status === 'PASS' && (before.get(test)?.status ?? 'PASS') !== 'PASS')
      .map(([test]) => test),
    errors: results.errors,
  };
}

/** Tests by their names, with ` [#n]` from the second occurrence of a name on. */
function byOccurrence(results: FileResults): Map<string, TestResult> {
  const seen = new Map<string, number>();
  return new Map(
    results.tests.map((result) => {
      const occurrence = (seen.get(result.name) ?? 0) + 1;
      seen.set(result.name, occurrence);
      return [occurrence === 1 ? result.name : `${result.name} [#${occurrence}]`, result];
    }),
  );
}

/**
 * Takes out the regressions that GNU gdbserver has on this machine, too: another processor, kernel or set of rights
 * than where the baseline was made.
 */
export function withoutRegressionsOf(gnu: Comparison, comparison: Comparison): Comparison {
  const files = comparison.files.map((file) => {
    const same = gnu.files.find((other) => other.file === file.file);
    const alsoThere = new Set(same?.regressions.map(({ test }) => test));
    const regressions = file.regressions.filter(({ test }) => !alsoThere.has(test));
    return { ...file, regressions, notOnThisMachine: file.regressions.length - regressions.length };
  });
  return { ...comparison, files };
}
