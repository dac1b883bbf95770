import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectStepStop } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';

describe('gdb: exec of a program of the other width', () => {
  it('from 64 to 32 bits and back: registers, breakpoints and steps are those of the present program', async () => {
    const narrow = await compileFixture('exec', { machine: 'i386' });
    const wide = await compileFixture('stepping');
    const args = ['first', narrow, 'other', wide];
    await debugFixture('exec', { args }, async ({ gdb }) => {
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      assert.equal(await gdb.evaluate('sizeof($sp)'), '8');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      assert.equal(await gdb.evaluate('sizeof($sp)'), '4');
      assert.match(await gdb.execute('info registers eip'), /eip +0x5655/);
      assert.equal(await gdb.evaluate('argc'), '3');
      await gdb.execute('break become');
      expectStepStop(await gdb.run('next'));
      expectBreakpointStop(await gdb.run('continue'), { function: 'become' });
      await gdb.execute('set var $ecx = 0x12345678');
      await gdb.execute('maint flush register-cache');
      assert.equal(await gdb.hex('$ecx'), '0x12345678');
      expectBreakpointStop(await gdb.run('continue'), { function: 'main' });
      assert.equal(await gdb.evaluate('sizeof($sp)'), '8');
      assert.match(await gdb.execute('info registers rip r15'), /rip +0x5555.*r15 /s);
      expectStepStop(await gdb.run('step'), { function: 'twice' });
      await gdb.execute('watch total');
      assert.equal((await gdb.run('continue')).reason, 'watchpoint-trigger');
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('stops at the first instruction of the new program with its registers', async () => {
    const narrow = await compileFixture('stepping', { machine: 'i386' });
    await debugFixture('exec', { args: ['first', narrow] }, async ({ gdb }) => {
      await gdb.execute('catch exec');
      assert.equal((await gdb.run('continue')).reason, 'exec');
      assert.match(await gdb.execute('info registers'), /^eax .*^eip .*^gs /ms);
      assert.match(await gdb.execute('x/i $pc'), /=> 0xf7/);
      await gdb.run('stepi');
      assert.equal(await gdb.evaluate('$cs'), '35');
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 0);
    });
  });
});
