import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isInForeground } from '../../src/cli/terminal.js';

describe('cli: terminal', () => {
  const rows: readonly [string, boolean][] = [
    ['70 (node) S 60 70 60 34816 70 4194304', true],
    ['70 (a) b (c) S 60 70 60 34816 70 4194304', true],
    ['70 (node) S 60 70 60 34816 60 4194304', false],
    ['70 (node) S 60 70 60 0 -1 4194304', false],
  ];
  for (const [stat, expected] of rows) {
    it(`${expected ? 'lends' : 'keeps its hands off'} the terminal: ${stat}`, () => {
      assert.equal(isInForeground(stat), expected);
    });
  }
});
