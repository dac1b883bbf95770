import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectExit } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';

describe('gdb: catch syscall', () => {
  it('stops at a call by name, and at its return', async () => {
    await debugFixture('system-calls', { args: ['call', '1'] }, async ({ gdb }) => {
      await gdb.execute('catch syscall getppid');
      for (const reason of ['syscall-entry', 'syscall-return']) {
        const stop = await gdb.run('continue');
        assert.equal(stop.reason, reason);
        assert.equal(stop.fields['syscall-name'], 'getppid');
      }
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('stops at a group of calls', async () => {
    await debugFixture('system-calls', { args: ['call', '1'] }, async ({ gdb }) => {
      await gdb.execute('tbreak main');
      await gdb.run('continue');
      await gdb.execute('catch syscall group:process');
      const stop = await gdb.run('continue');
      assert.equal(stop.reason, 'syscall-entry');
      assert.equal(stop.fields['syscall-name'], 'exit_group');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('stops in the program that was executed', async () => {
    const path = await compileFixture('system-calls');
    await debugFixture('exec', { args: ['first', path, 'call', '1'] }, async ({ gdb }) => {
      await gdb.execute('catch syscall getppid');
      const stop = await gdb.run('continue');
      assert.equal(stop.fields['syscall-name'], 'getppid');
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('counts every call of every thread', async () => {
    await debugFixture('system-calls', { args: ['threads', '25'] }, async ({ gdb }) => {
      await gdb.execute('catch syscall getppid');
      await gdb.execute('ignore $bpnum 1000');
      expectExit(await gdb.run('continue'), 0);
      assert.match(await gdb.execute('info breakpoints'), /already hit 100 times/);
    });
  });
});
