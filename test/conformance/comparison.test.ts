import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  type Comparison,
  compare,
  type FileComparison,
  outcomeOf,
  withoutRegressionsOf,
} from './comparison.js';
import { countOutcomes, formatComparison } from './comparison-report.js';
import { parseExcusedTests } from './excused-tests.js';
import { parseResults } from './suite-results.js';

const board = 'native-gdbserver';

interface Lists {
  readonly flaky?: string;
  readonly known?: string;
}

/** Compares two runs of gdb.base/a.exp, given by their lines. */
function compareLines(before: readonly string[], now: readonly string[], lists: Lists = {}): Comparison {
  const resultsOf = (lines: readonly string[]) =>
    parseResults(['Running gdb.base/a.exp ...', ...lines].join('\n'));
  const baseline = new Map(resultsOf(before).map((results) => [results.file, results]));
  const flaky = parseExcusedTests(lists.flaky ?? '');
  const known = parseExcusedTests(lists.known ?? '');
  return compare(resultsOf(now), { board, baseline, flaky, known });
}

function onlyFile({ files }: Comparison): FileComparison {
  const [file] = files;
  assert.ok(file);
  assert.equal(files.length, 1);
  return file;
}

describe('conformance: comparison', () => {
  it('finds what passed and does not now, the absent included', () => {
    const before = ['PASS: kept', 'PASS: broken', 'PASS: gone', 'FAIL: bad before'];
    const comparison = compareLines(before, ['PASS: kept', 'FAIL: broken', 'FAIL: bad before']);
    assert.deepEqual(onlyFile(comparison).regressions, [
      { test: 'broken', now: 'FAIL' },
      { test: 'gone', now: 'ABSENT' },
    ]);
    assert.deepEqual(countOutcomes(comparison), { passed: 0, failed: 1, known: 0 });
    assert.match(
      formatComparison(comparison),
      /gdb\.base\/a\.exp: 2 of 3\n\s+FAIL\s+broken\n\s+ABSENT\s+gone/,
    );
  });

  it('tells tests of one name apart by their order', () => {
    const comparison = compareLines(
      ['PASS: step', 'PASS: step', 'PASS: step'],
      ['PASS: step', 'FAIL: step', 'PASS: step'],
    );
    assert.deepEqual(onlyFile(comparison).regressions, [{ test: 'step [#2]', now: 'FAIL' }]);
  });

  it('finds what passes only now, and failures that are new', () => {
    const file = onlyFile(compareLines(['FAIL: a', 'PASS: b'], ['PASS: a', 'PASS: b', 'FAIL: c', 'PASS: d']));
    assert.deepEqual(file.improvements, ['a']);
    assert.deepEqual(file.newFailures, [{ test: 'c', now: 'FAIL' }]);
    assert.equal(outcomeOf(file), 'passed');
  });

  it('takes known failures out, and does not call their file passed', () => {
    const known = 'gdb.base/a.exp: a';
    const comparison = compareLines(['PASS: a', 'PASS: b'], ['FAIL: a', 'PASS: b'], { known });
    const file = onlyFile(comparison);
    assert.deepEqual([file.regressions, file.knownFailures, outcomeOf(file)], [[], 1, 'known']);
    assert.deepEqual(comparison.needlessKnown, []);
    assert.deepEqual(countOutcomes(comparison), { passed: 0, failed: 0, known: 1 });
    assert.match(formatComparison(comparison), /^1 known failures in 1 files/m);
  });

  it('names entries of known failures of which every test passes', () => {
    const known = 'gdb.base/a.exp: *\ngdb.base/b.exp: *\ngdb.base/a.exp: gone from the suite';
    const comparison = compareLines(['PASS: a', 'PASS: b'], ['PASS: a', 'PASS: b'], { known });
    assert.deepEqual(
      comparison.needlessKnown.map(({ text }) => text),
      ['gdb.base/a.exp: *'],
    );
    assert.match(formatComparison(comparison), /please take them out:\n {2}gdb\.base\/a\.exp: \*/);
    const partly = compareLines(['PASS: a', 'PASS: b'], ['PASS: a', 'FAIL: b'], { known });
    assert.deepEqual(partly.needlessKnown, []);
  });

  it('takes flaky tests out, whether they pass or not', () => {
    const lists = { flaky: 'gdb.base/a.exp: a', known: 'gdb.base/a.exp: *' };
    const failed = onlyFile(compareLines(['PASS: a'], ['FAIL: a'], lists));
    assert.deepEqual([failed.regressions, failed.flakyFailures, failed.knownFailures], [[], 1, 0]);
    assert.deepEqual(compareLines(['PASS: a'], ['PASS: a'], lists).needlessKnown, []);
  });

  it('keeps apart files without a baseline, and files with nothing to compare', () => {
    const results = parseResults('Running gdb.base/new.exp ...\nFAIL: a');
    const { files, withoutBaseline } = compare(results, { board, baseline: new Map(), flaky: [], known: [] });
    assert.deepEqual([files, withoutBaseline], [[], ['gdb.base/new.exp']]);
    assert.equal(outcomeOf(onlyFile(compareLines(['UNSUPPORTED: a'], []))), 'nothing');
  });

  it('takes out what the reference does not pass here either', () => {
    const ours = compareLines(['PASS: a', 'PASS: b'], ['FAIL: a', 'FAIL: b']);
    const gnu = compareLines(['PASS: a', 'PASS: b'], ['FAIL: a', 'PASS: b']);
    const file = onlyFile(withoutRegressionsOf(gnu, ours));
    assert.deepEqual([file.regressions, file.notOnThisMachine], [[{ test: 'b', now: 'FAIL' }], 1]);
  });
});
