/** Which calls an expression means, and at which of them something is injected. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../../arch/system-calls.js';
import { CallSelection, SelectionError } from '../../../src/engines/syscalls/index.js';
import { InjectionCounts, isAmong } from '../../../src/engines/syscalls/injection.js';

const x86 = systemCallsOf({ name: 'x86_64' });
const arm = systemCallsOf({ name: 'aarch64' });
const tables = [x86, arm];

function names(expression: string, table = x86): string | readonly string[] {
  const caught = CallSelection.parse(expression, tables).caughtIn(table);
  if (typeof caught === 'string') return caught;
  assert.ok(!('allBut' in caught));
  return [...caught].map((number) => table.nameOf(number) ?? String(number)).toSorted();
}

describe('syscalls engine: selections', () => {
  it('mean names, on each machine those that are there', () => {
    assert.deepEqual(names('open,openat'), ['open', 'openat']);
    assert.deepEqual(names('open,openat', arm), ['openat']);
    assert.deepEqual(names('39'), ['getpid']);
    assert.deepEqual(names('9999'), ['9999']);
  });

  it('mean classes and patterns', () => {
    assert.deepEqual(names('/^epoll_p?wait$'), ['epoll_pwait', 'epoll_wait']);
    assert.ok(names('%network').includes('sendmmsg'));
    assert.ok(names('%file').includes('execve'));
    assert.ok(!names('%file').includes('read'));
    assert.deepEqual(names('%%stat').includes('lstat'), true);
  });

  it('mean everything, nothing, or all others', () => {
    assert.equal(names('all'), 'all');
    assert.equal(names('none'), 'none');
    assert.equal(names('!none'), 'all');
    assert.equal(names('!all'), 'none');
    const others = CallSelection.parse('!getpid,%file', tables);
    const caught = others.caughtIn(x86);
    assert.ok(typeof caught === 'object' && 'allBut' in caught);
    assert.deepEqual(
      [0, 2, 39, 9999].map((number) => caught.allBut.has(number)),
      [false, true, true, false],
    );
    assert.equal(others.has('getpid', 39), false);
    assert.equal(others.has('open', 2), false);
    assert.equal(others.has('read', 0), true);
    assert.equal(others.has('syscall_0x270f', 9999), true);
  });

  it('are refused where they mean nothing, unless that is allowed', () => {
    for (const wrong of ['opeat', '%bogus', '/nothing_like_it', '/(', 'open,,close', ''])
      assert.throws(() => CallSelection.parse(wrong, tables), SelectionError, wrong);
    assert.equal(names('?opeat'), 'none');
    assert.deepEqual(names('?opeat,open'), ['open']);
  });

  it('of injections count for themselves', () => {
    const calls = CallSelection.parse('open', tables);
    const rule = { calls, when: { first: 2, last: Number.POSITIVE_INFINITY, step: 3 }, result: -2n };
    const counts = new InjectionCounts();
    const hits = Array.from({ length: 8 }, () => counts.take([rule], 'open', 2).length);
    assert.deepEqual(hits, [0, 1, 0, 0, 1, 0, 0, 1]);
    assert.equal(counts.take([rule], 'close', 3).length, 0);
    assert.equal(new InjectionCounts().take([rule], 'open', 2).length, 0);
    assert.deepEqual(
      [1, 2, 3, 4].map((count) => isAmong(count, { first: 2, last: 3, step: 1 })),
      [false, true, true, false],
    );
  });
});
