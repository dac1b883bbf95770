import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { debugFixture, withGdb } from '../support/debug-session.js';
import {
  expectBreakpointStop,
  expectExit,
  expectFinish,
  expectSignalStop,
  expectStepStop,
  expectWatchStop,
} from '../support/expectations.js';

const compile = { machine: 'i386' } as const;

describe('gdb: 32-bit programs', () => {
  it('break, step, next, finish, backtrace', async () => {
    await debugFixture('stepping', { compile }, async ({ gdb, line, at }) => {
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'), { line: line('first') });
      expectStepStop(await gdb.run('step'), { function: 'twice', line: line('in-twice') });
      expectFinish(await gdb.run('finish'), { function: 'main' }, '6');
      await gdb.execute(`tbreak ${at('call-sum')}`);
      await gdb.run('continue');
      expectStepStop(await gdb.run('next'), { line: line('call-factorial') });
      await gdb.execute(`break ${at('base')}`);
      await gdb.run('continue');
      const trace = await gdb.execute('backtrace');
      assert.match(trace, /factorial \(n=1\).*factorial \(n=5\).*main \(\)/s);
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('registers are shown with their names and widths, and written', async () => {
    await debugFixture('stepping', { compile }, async ({ gdb }) => {
      await gdb.execute('break twice');
      await gdb.run('continue');
      const shown = await gdb.execute('info registers');
      for (const name of ['eax', 'esp', 'eip', 'eflags', 'cs', 'gs']) {
        assert.match(shown, new RegExp(`^${name} `, 'm'));
      }
      assert.equal(await gdb.evaluate('sizeof($esp)'), '4');
      assert.equal(await gdb.evaluate('$cs'), '35');
      await gdb.execute('set var $ecx = 0x89abcdef');
      await gdb.execute('set var $st0 = 2.5');
      await gdb.execute('set var $xmm7.v4_int32[3] = 77');
      await gdb.execute('maint flush register-cache');
      assert.equal(await gdb.hex('$ecx'), '0x89abcdef');
      assert.equal(await gdb.evaluate('$st0'), '2.5');
      assert.equal(await gdb.evaluate('$xmm7.v4_int32[3]'), '77');
      assert.match(await gdb.execute('info registers float'), /fctrl +0x37f/);
      assert.match(await gdb.execute('x/3i $pc'), /%ebp|%esp|%eax/);
    });
  });

  it('watchpoints stop at changes', async () => {
    await debugFixture('watch', { compile }, async ({ gdb, line }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      assert.match(await gdb.execute('watch global'), /Hardware watchpoint/);
      expectWatchStop(
        await gdb.run('continue'),
        'write',
        { old: '1', new: '2' },
        { line: line('same-value') },
      );
    });
  });

  it('functions of the program are called', async () => {
    await debugFixture('stepping', { compile }, async ({ gdb }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      assert.equal(await gdb.evaluate('factorial(6)'), '720');
      assert.equal(await gdb.evaluate('sum(4) + twice(1)'), '8');
    });
  });

  it('threads and their thread-local variables', async () => {
    await debugFixture('thread-locals', { compile }, async ({ gdb }) => {
      await gdb.execute('break everyone_is_set');
      expectBreakpointStop(await gdb.run('continue'), { function: 'everyone_is_set' });
      const values = await gdb.execute('thread apply all -q -ascending print own_number');
      assert.deepEqual(
        [...values.matchAll(/^\$\d+ = (.*)$/gm)].map((match) => match[1]),
        ['44', '11', '22', '33'],
      );
      const names = [...(await gdb.execute('info threads')).matchAll(/Thread \d+\.\d+ "(.*?)"/g)];
      assert.deepEqual(
        names.map((name) => name[1]),
        ['thread-locals', 'worker 11', 'worker 22', 'worker 33'],
      );
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('$_siginfo is in their layout, and a changed one reaches them', async () => {
    await debugFixture('signals', { compile, args: ['queue', 'segv'] }, async ({ gdb, line }) => {
      await gdb.execute('handle SIG36 stop print pass');
      expectSignalStop(await gdb.run('continue'), 'SIG36');
      assert.equal(await gdb.evaluate('$_siginfo._sifields._rt.si_sigval.sival_int'), '1234');
      await gdb.execute('set var $_siginfo._sifields._rt.si_sigval.sival_int = 4321');
      expectSignalStop(await gdb.run('continue'), 'SIGSEGV', { line: line('fault') });
      assert.equal(await gdb.evaluate('last_value'), '4321');
      assert.equal(await gdb.evaluate('$_siginfo._sifields._sigfault.si_addr'), '0x0');
    });
  });

  it('gcore saves a core that gdb opens', async () => {
    await debugFixture('thread-locals', { compile, logsPackets: false }, async ({ gdb, program }) => {
      await gdb.execute('break everyone_is_set');
      await gdb.run('continue');
      const core = join(gdb.folder, 'core');
      assert.match(await gdb.execute(`gcore ${core}`, 60_000), /Saved corefile/);
      const live = { trace: await gdb.execute('backtrace'), esp: await gdb.hex('$esp') };
      await withGdb([`file ${program}`, `core-file ${core}`], async (opened) => {
        assert.equal(await opened.execute('backtrace'), live.trace);
        assert.equal(await opened.hex('$esp'), live.esp);
        assert.match(await opened.execute('info auxv'), /AT_ENTRY/);
        assert.equal((await opened.execute('info threads')).match(/^[* ] +\d+ /gm)?.length, 4);
      });
    });
  });
});
