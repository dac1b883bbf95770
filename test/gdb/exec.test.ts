import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';

describe('gdb: exec', () => {
  for (const mode of ['first', 'other']) {
    it(`by the ${mode} thread: the new program is debugged on`, async () => {
      const next = await compileFixture('stepping');
      await debugFixture('exec', { args: [mode, next] }, async ({ gdb, at, line }) => {
        await gdb.execute(`break ${at('exec')}`);
        expectBreakpointStop(await gdb.run('continue'), { line: line('exec') });
        const pid = await gdb.evaluate('(int) getpid()');
        await gdb.execute('delete');
        await gdb.execute('catch exec');
        assert.equal((await gdb.run('continue')).reason, 'exec');
        await gdb.waitForOutput(new RegExp(`is executing new program: ${next}`));
        assert.equal((await gdb.execute('info threads')).match(/Thread \d/g)?.length, 1);
        await gdb.execute('break twice');
        expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
        assert.equal(await gdb.evaluate('(int) getpid()'), pid);
        await gdb.execute('delete');
        expectExit(await gdb.run('continue'), 0);
      });
    });
  }

  it('breakpoints that are in both programs move to the new one', async () => {
    const next = await compileFixture('stepping');
    await debugFixture('exec', { args: ['first', next] }, async ({ gdb }) => {
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      const stop = await gdb.run('continue');
      expectBreakpointStop(stop, { function: 'main' });
      assert.match(await gdb.execute('info source'), /stepping\.c/);
      expectExit(await gdb.run('continue'), 0);
    });
  });
});
