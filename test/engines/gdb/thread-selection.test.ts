import assert from 'node:assert/strict';
import { parseThreadSelector } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { selects, selectsWholeProcess } from '../../../src/engines/gdb/thread-selection.js';

const thread = { tid: 0x12, process: { pid: 0x10 } };

describe('thread selection', () => {
  for (const [text, expected] of [
    ['0', true],
    ['-1', true],
    ['12', true],
    ['13', false],
    ['p10', true],
    ['p10.-1', true],
    ['p10.0', true],
    ['p10.12', true],
    ['p10.13', false],
    ['p11', false],
    ['p11.12', false],
    ['p0.0', true],
    ['p-1.-1', true],
  ] as const) {
    it(`${text} ${expected ? 'names' : 'does not name'} p10.12`, () => {
      assert.equal(selects(parseThreadSelector(text), thread), expected);
    });
  }

  for (const [text, expected] of [
    ['-1', true],
    ['p10.-1', true],
    ['p10', true],
    ['p11.-1', false],
    ['p10.12', false],
    ['12', false],
  ] as const) {
    it(`${text} ${expected ? 'covers' : 'does not cover'} future threads of process 10`, () => {
      assert.equal(selectsWholeProcess(parseThreadSelector(text), { pid: 0x10 }), expected);
    });
  }
});
