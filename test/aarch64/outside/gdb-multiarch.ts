/** gdb of an x86_64 machine on the server of an aarch64 one. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  expectBreakpointStop,
  expectExit,
  expectFinish,
  expectStepStop,
  expectWatchStop,
} from '../../support/expectations.js';
import { lineOf } from '../../support/fixture.js';
import { debugInGuest } from './guest-session.js';

describe('aarch64 from outside: gdb-multiarch', () => {
  it('breaks, steps, finishes, and sees the program end', () =>
    debugInGuest('stepping', async (gdb) => {
      await gdb.execute('break twice');
      expectBreakpointStop(await gdb.run('continue'), {
        function: 'twice',
        line: lineOf('stepping', 'in-twice'),
      });
      expectStepStop(await gdb.run('next'), { line: lineOf('stepping', 'return-twice') });
      expectFinish(await gdb.run('finish'), { function: 'main' }, '6');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
      assert.match(await gdb.execute('backtrace'), /#0 +twice \(value=6\)[\s\S]*#1 .* main \(\)/);
      await gdb.execute('delete');
      await gdb.execute('tbreak factorial if n == 1');
      expectBreakpointStop(await gdb.run('continue'), {
        function: 'factorial',
        line: lineOf('stepping', 'in-factorial'),
      });
      assert.equal((await gdb.execute('backtrace')).match(/factorial/g)?.length, 5);
      expectExit(await gdb.run('continue'), 0);
    }));

  it('stops where a watched variable changes', () =>
    debugInGuest('stepping', async (gdb) => {
      await gdb.execute('tbreak main');
      await gdb.run('continue');
      await gdb.execute('watch total');
      expectWatchStop(await gdb.run('continue'), 'write', { old: '0', new: '6' }, { function: 'main' });
      expectWatchStop(await gdb.run('continue'), 'write', { old: '6', new: '12' }, { function: 'main' });
    }));

  it('reads and writes registers of every kind', () =>
    debugInGuest('stepping', async (gdb) => {
      await gdb.execute('tbreak twice');
      await gdb.run('continue');
      for (const [register, value] of [
        ['x19', '0x123456789abcdef0'],
        ['v31.d.u[1]', '0xfedcba9876543210'],
        ['fpsr', '0x8000001'],
      ]) {
        await gdb.execute(`set var $${register} = ${value}`);
        await gdb.execute('maintenance flush register-cache');
        assert.equal(await gdb.hex(`$${register}`), value);
      }
      // A vector of the guest's own length: 64 bytes unless somebody set another.
      const lengthInWords = Number(await gdb.evaluate('$vg'));
      assert.ok(lengthInWords >= 2, `$vg is ${lengthInWords}`);
      await gdb.execute(`set var $z7.d.u[${lengthInWords - 1}] = 0x77`);
      await gdb.execute('maintenance flush register-cache');
      assert.equal(await gdb.hex(`$z7.d.u[${lengthInWords - 1}]`), '0x77');
      expectFinish(await gdb.run('finish'), { function: 'main' }, '6');
    }));

  it('knows threads, their names for variables of their own, and switches between them', () =>
    debugInGuest('sample', async (gdb) => {
      await gdb.execute('break deposit');
      const first = expectBreakpointStop(await gdb.run('continue'), { function: 'deposit' });
      assert.equal(await gdb.evaluate('deposits'), '0');
      assert.match(await gdb.execute('info threads'), /LWP|Thread/);
      await gdb.execute('thread 1');
      assert.match(await gdb.execute('backtrace'), /main \(\)/);
      await gdb.execute(`thread ${first.thread}`);
      await gdb.execute('delete');
      const end = await gdb.run('continue', 60_000);
      expectExit(end, 12);
    }));
});
