import assert from 'node:assert/strict';
import { asciiBytes, FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { actionFor, newThreadsOf, parseActions } from '../../../src/engines/gdb/run-control.js';

function parse(text: string) {
  return parseActions(new FieldReader(asciiBytes(text)));
}

const first = { tid: 0x10, process: { pid: 0x10 } };
const second = { tid: 0x12, process: { pid: 0x10 } };
const other = { tid: 0x20, process: { pid: 0x20 } };

describe('resume actions', () => {
  it('apply from left to right: the first that names a thread wins', () => {
    const actions = parse(';s:p10.12;c');
    assert.equal(actionFor(actions, second)?.action.kind, 'step');
    assert.equal(actionFor(actions, first)?.action.kind, 'continue');
    assert.equal(actionFor(parse(';c;s:p10.12'), second)?.action.kind, 'continue');
  });

  it('leave threads alone that none names', () => {
    const actions = parse(';c:p10.-1');
    assert.equal(actionFor(actions, other), undefined);
    assert.equal(newThreadsOf(actions, other.process), 'hold');
    assert.equal(newThreadsOf(actions, first.process), 'continue');
  });

  it('let new threads run only by an action for the whole process', () => {
    assert.equal(newThreadsOf(parse(';s:p10.12'), first.process), 'hold');
    assert.equal(newThreadsOf(parse(';s:p10.12;c:p10.-1'), first.process), 'continue');
    assert.equal(newThreadsOf(parse(';t'), first.process), 'hold');
    assert.equal(newThreadsOf(parse(';c'), first.process), 'continue');
  });

  it('carry signals and ranges', () => {
    assert.equal(actionFor(parse(';C1e:p10.10'), first)?.signal, 0x1e);
    assert.equal(actionFor(parse(';S0b'), first)?.signal, 0x0b);
    assert.deepEqual(actionFor(parse(';r401000,401010:p10.10'), first)?.action, {
      kind: 'range-step',
      start: 0x401000n,
      end: 0x401010n,
    });
  });

  for (const bad of [
    '',
    ';',
    ';q',
    ';c:',
    ';c:zz',
    ';C',
    ';Cff',
    ';r10',
    ';r10,',
    ';c;;c',
    ';cc',
    ';s:p1.1.1',
    'c',
  ]) {
    it(`refuse ${JSON.stringify(bad)}`, () => {
      assert.throws(() => parse(bad), ProtocolError);
    });
  }
});
