import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectStepStop } from '../support/expectations.js';

const linkages = [
  ['a program at fixed addresses', ['-no-pie']],
  ['a static program', ['-static']],
  ['a static program at any address', ['-static-pie']],
] as const;

describe('gdb: linkage', () => {
  for (const [title, flags] of linkages) {
    it(title, async () => {
      await debugFixture('stepping', { compile: { flags } }, async ({ gdb, line }) => {
        await gdb.execute('break twice');
        expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
        expectStepStop(await gdb.run('next'), { line: line('return-twice') });
        assert.match(await gdb.execute('backtrace'), /#0 +twice.*\n#1 .* main/);
        if (flags[0] !== '-static-pie') assert.match(await gdb.execute('compare-sections .text'), /matched/);
        await gdb.execute('delete');
        expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('thread-local variables of a static program', async () => {
    await debugFixture('thread-locals', { compile: { flags: ['-static'] } }, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      assert.equal((await gdb.execute('info threads')).match(/Thread \d/g)?.length, 4);
      await gdb.execute('thread 1');
      assert.equal(await gdb.evaluate('own_number'), '44');
    });
  });
});
