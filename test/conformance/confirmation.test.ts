import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compare, type Expectations } from './comparison.js';
import { confirm, type Rerun } from './confirmation.js';
import { type FileResults, parseResults } from './suite-results.js';

function results(...files: ReadonlyArray<readonly [file: string, test: string]>): FileResults[] {
  return parseResults(files.map(([file, test]) => `Running gdb.base/${file}.exp ...\n${test}`).join('\n'));
}

const expectations: Expectations = {
  board: 'native-gdbserver',
  baseline: new Map(results(['a', 'PASS: t'], ['b', 'PASS: t']).map((file) => [file.file, file])),
  flaky: [],
  known: [],
};

/** Confirms a first run, with scripted answers to what runs again; gives what ran, and the regressions that stay. */
async function confirmWith(
  first: readonly FileResults[],
  answers: Readonly<Record<'tested' | 'gnu', readonly FileResults[]>>,
): Promise<{ readonly ran: readonly string[]; readonly regressions: readonly string[] }> {
  const ran: string[] = [];
  const rerun: Rerun = async (files, server) => {
    ran.push(`${server}: ${files.join(' ')}`);
    return answers[server];
  };
  const judged = { results: first, comparison: compare(first, expectations) };
  const { comparison } = await confirm(judged, expectations, rerun);
  const failed = comparison.files.filter(({ regressions }) => regressions.length > 0);
  return { ran, regressions: failed.map(({ file }) => file) };
}

describe('conformance: confirmation', () => {
  it('runs nothing again where nothing got worse', async () => {
    const outcome = await confirmWith(results(['a', 'PASS: t'], ['b', 'PASS: t']), { tested: [], gnu: [] });
    assert.deepEqual(outcome, { ran: [], regressions: [] });
  });

  it('forgives a file that passes the second time', async () => {
    const first = results(['a', 'FAIL: t'], ['b', 'PASS: t']);
    const outcome = await confirmWith(first, { tested: results(['a', 'PASS: t']), gnu: [] });
    assert.deepEqual(outcome, { ran: ['tested: gdb.base/a.exp'], regressions: [] });
  });

  it('forgives what GNU gdbserver does not pass here, and nothing else', async () => {
    const outcome = await confirmWith(results(['a', 'FAIL: t'], ['b', 'FAIL: t']), {
      tested: results(['a', 'FAIL: t'], ['b', 'FAIL: t']),
      gnu: results(['a', 'FAIL: t'], ['b', 'PASS: t']),
    });
    assert.deepEqual(outcome, {
      ran: ['tested: gdb.base/a.exp gdb.base/b.exp', 'gnu: gdb.base/a.exp gdb.base/b.exp'],
      regressions: ['gdb.base/b.exp'],
    });
  });
});
