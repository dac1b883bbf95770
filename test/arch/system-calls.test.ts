/** The names and numbers of system calls, compared with the headers of the C libraries. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../arch/system-calls.js';
import { headerCallNumbers } from '../support/header-facts.js';
import { describeOn } from '../support/machine.js';

const compilers = { x86_64: 'gcc', i386: 'i686-linux-gnu-gcc', aarch64: 'aarch64-linux-gnu-gcc' } as const;
/** Names in the header that are no calls. */
const noCalls = new Set(['syscalls', 'arch_specific_syscall']);

describeOn('x86_64', 'system call tables', () => {
  for (const [name, compiler] of Object.entries(compilers))
    it(`are those of the headers: ${name}`, async () => {
      const said = [...(await headerCallNumbers(compiler))].filter(([call]) => !noCalls.has(call));
      assert.ok(said.length > 300);
      const { names, numberOf } = systemCallsOf({ name });
      // Headers may be newer or older than the tables; what both have must agree.
      const differing = said.filter(
        ([call, number]) => numberOf(call) !== undefined && numberOf(call) !== number,
      );
      assert.deepEqual(differing, []);
      const missing = said.filter(([call]) => numberOf(call) === undefined);
      assert.ok(missing.length < 30, `missing: ${missing.map(([call]) => call).join(' ')}`);
      assert.ok(names.size > 300);
    });
});

describe('system call tables', () => {
  it('name each call once, and find it by its name', () => {
    for (const name of Object.keys(compilers)) {
      const { names, numberOf } = systemCallsOf({ name });
      for (const [number, call] of names) assert.equal(numberOf(call), number, `${name}: ${call}`);
    }
  });

  it('are not there for machines that nobody knows', () => {
    assert.throws(() => systemCallsOf({ name: 'vax' }), /no system calls are known of vax/);
  });
});
