import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { countStatuses, formatResults, parseResults } from './suite-results.js';

const sum = `Test run by someone
Running /somewhere/gdb.base/break.exp ...
PASS: gdb.base/break.exp: break main
FAIL: gdb.base/break.exp: print &main is 0x55555555513d
WARNING: something
ERROR: tcl error sourcing break.exp.
Running gdb.base/step.exp ... 1.5 s
PASS: step: in a process 4711
UNSUPPORTED: gdb.base/step.exp: no: colons

# of expected passes 2
`;

describe('conformance: results of the suite', () => {
  it('are read from whole and from short lines', () => {
    assert.deepEqual(parseResults(sum), [
      {
        file: 'gdb.base/break.exp',
        seconds: undefined,
        tests: [
          { name: 'break main', status: 'PASS' },
          { name: 'print &main is 0xADDR', status: 'FAIL' },
        ],
        errors: ['tcl error sourcing break.exp.'],
      },
      {
        file: 'gdb.base/step.exp',
        seconds: 1.5,
        tests: [
          { name: 'step: in a process N', status: 'PASS' },
          { name: 'no: colons', status: 'UNSUPPORTED' },
        ],
        errors: [],
      },
    ]);
  });

  it('survive being written and read', () => {
    const files = parseResults(sum);
    assert.deepEqual(parseResults(formatResults(files)), files);
  });

  it('are counted by status', () => {
    const counts = countStatuses(parseResults(sum));
    assert.deepEqual(Object.fromEntries(counts), { PASS: 2, FAIL: 1, UNSUPPORTED: 1 });
  });
});
