import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';

describe('gdb: C++ exceptions', () => {
  it('catch throw and catch catch stop at each', async () => {
    await debugFixture('exceptions', {}, async ({ gdb }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      await gdb.execute('catch throw');
      await gdb.execute('catch catch');
      for (let round = 0; round < 2; round++) {
        expectBreakpointStop(await gdb.run('continue'), { number: 2 });
        assert.match(await gdb.execute('backtrace'), /thrower.*catcher.*main/s);
        expectBreakpointStop(await gdb.run('continue'), { number: 3 });
        assert.match(await gdb.execute('backtrace'), /catcher.*main/s);
      }
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('a breakpoint in the handler is reached through the unwinder', async () => {
    await debugFixture('exceptions', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('caught-number')}`);
      await gdb.execute(`break ${at('caught-error')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('caught-number') });
      assert.equal(await gdb.evaluate('number'), '1');
      expectBreakpointStop(await gdb.run('continue'), { line: line('caught-error') });
      expectExit(await gdb.run('continue'), 0);
    });
  });
});
