import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatThreadId, ProtocolError, parseThreadSelector } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

describe('thread selector', () => {
  it('knows the plain form', () => {
    assert.deepEqual(parseThreadSelector('1f'), { process: undefined, thread: 0x1f });
    assert.deepEqual(parseThreadSelector('0'), { process: undefined, thread: 'any' });
    assert.deepEqual(parseThreadSelector('-1'), { process: undefined, thread: 'all' });
  });

  it('knows the form with a process', () => {
    assert.deepEqual(parseThreadSelector('p1f.20'), { process: 0x1f, thread: 0x20 });
    assert.deepEqual(parseThreadSelector('p1f'), { process: 0x1f, thread: 'all' });
    assert.deepEqual(parseThreadSelector('p1f.-1'), { process: 0x1f, thread: 'all' });
    assert.deepEqual(parseThreadSelector('p1f.0'), { process: 0x1f, thread: 'any' });
    assert.deepEqual(parseThreadSelector('p0.0'), { process: 'any', thread: 'any' });
    assert.deepEqual(parseThreadSelector('p-1'), { process: 'all', thread: 'all' });
    assert.deepEqual(parseThreadSelector('p-1.-1'), { process: 'all', thread: 'all' });
    assert.deepEqual(parseThreadSelector('p-1.0'), { process: 'all', thread: 'any' });
  });

  it('refuses everything else', () => {
    for (const text of [
      '',
      '-',
      '-2',
      'p',
      'p.',
      'p1.',
      'p.1',
      'p-1.5',
      'p1.-2',
      '1.2',
      'x',
      '1;',
      'p1.2.3',
      '1 ',
    ]) {
      assert.throws(() => parseThreadSelector(text), ProtocolError, text);
    }
  });

  it('reads back the ids of threads', () => {
    const id = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(id, id, (pid, tid) => {
        assert.deepEqual(parseThreadSelector(formatThreadId({ pid, tid }, true)), {
          process: pid,
          thread: tid,
        });
        assert.deepEqual(parseThreadSelector(formatThreadId({ pid, tid }, false)), {
          process: undefined,
          thread: tid,
        });
      }),
    );
  });
});
