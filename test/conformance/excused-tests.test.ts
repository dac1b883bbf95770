import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { flakyFile, knownFailuresFile } from './conformance-paths.js';
import { findExcuse, parseExcusedTests } from './excused-tests.js';

const entries = parseExcusedTests(
  [
    '# a comment',
    'gdb.base/a.exp: one: test',
    'gdb.base/b.exp: *\tnative-gdbserver\twhy',
    'gdb.base/c.exp: x\tall',
    '',
  ].join('\n'),
);

describe('conformance: excused tests', () => {
  const cases = [
    { board: 'any', file: 'gdb.base/a.exp', name: 'one: test', excused: true },
    { board: 'any', file: 'gdb.base/a.exp', name: 'one', excused: false },
    { board: 'native-gdbserver', file: 'gdb.base/b.exp', name: 'whatever', excused: true },
    { board: 'native-extended-gdbserver', file: 'gdb.base/b.exp', name: 'whatever', excused: false },
    { board: 'any', file: 'gdb.base/c.exp', name: 'x', excused: true },
  ];
  for (const { board, file, name, excused } of cases) {
    it(`${excused ? 'cover' : 'do not cover'} "${name}" of ${file} on board ${board}`, () => {
      assert.equal(findExcuse(entries, board, file, name) !== undefined, excused);
    });
  }

  it('are refused where a line names no test', () => {
    assert.throws(() => parseExcusedTests('gdb.base/a.exp'), /"gdb.base\/a.exp" is no test/);
  });

  it('stand in the lists that runs use', () => {
    assert.notEqual(parseExcusedTests(readFileSync(flakyFile, 'utf8')).length, 0);
    assert.doesNotThrow(() => parseExcusedTests(readFileSync(knownFailuresFile, 'utf8')));
  });
});
