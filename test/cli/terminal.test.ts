import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { mayLend } from '../../src/cli/terminal.js';

describe('cli: terminal', () => {
  const rows: readonly [string, number | undefined, boolean][] = [
    ['70 (node) S 60 70 60 34816 70 4194304', undefined, true],
    ['70 (a) b (c) S 60 70 60 34816 70 4194304', undefined, true],
    ['70 (node) S 60 70 60 34816 60 4194304', undefined, false],
    ['70 (node) S 60 70 60 0 -1 4194304', undefined, false],
    ['70 (node) S 60 70 60 34816 81 4194304', 81, true],
    ['70 (node) S 60 70 60 34816 60 4194304', 81, false],
  ];
  for (const [stat, borrower, expected] of rows) {
    it(`${expected ? 'lends' : 'keeps its hands off'} the terminal: ${stat}, ${borrower}`, () => {
      assert.equal(mayLend(stat, borrower), expected);
    });
  }
});
