/** gdb of an x86_64 machine on the server of an aarch64 one: how programs are run and stopped. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  expectBreakpointStop,
  expectExit,
  expectFinish,
  expectSignalStop,
  expectStepStop,
} from '../../support/expectations.js';
import type { Gdb } from '../../support/gdb.js';
import { debugInGuest, debugOnce } from './guest-session.js';

async function untilFunction(gdb: Gdb, name: string): Promise<void> {
  await gdb.execute(`tbreak ${name}`);
  expectBreakpointStop(await gdb.run('continue'), { function: name });
}

describe('aarch64 from outside: gdb runs programs', () => {
  it('connects to a program that the server has started, and gets libraries through it', () =>
    debugOnce('stepping', async ({ gdb, server }) => {
      await untilFunction(gdb, 'main');
      assert.match(await gdb.execute('info sharedlibrary'), /Yes .*target:.*\/libc\.so\.6/);
      expectExit(await gdb.run('continue'), 0);
      await server.output.match(/Child exited with status 0/);
    }));

  it('breaks, steps, finishes, and sees the program end', () =>
    debugInGuest('stepping', {}, async ({ gdb, line }) => {
      await gdb.execute('break twice');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', line: line('in-twice') });
      expectStepStop(await gdb.run('next'), { line: line('return-twice') });
      expectFinish(await gdb.run('finish'), { function: 'main' }, '6');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
      assert.match(await gdb.execute('backtrace'), /#0 +twice \(value=6\)[\s\S]*#1 .* main \(\)/);
      await gdb.execute('delete');
      await gdb.execute('tbreak factorial if n == 1');
      expectBreakpointStop(await gdb.run('continue'), { function: 'factorial', line: line('in-factorial') });
      assert.equal((await gdb.execute('backtrace')).match(/factorial/g)?.length, 5);
      expectExit(await gdb.run('continue'), 0);
    }));

  it('steps by instructions, into calls and over them', () =>
    debugInGuest('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`tbreak ${at('second')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('second') });
      const call = /\bbl\t/;
      while (!call.test(await gdb.execute('x/i $pc'))) {
        const before = await gdb.evaluate('(long)$pc');
        expectStepStop(await gdb.run('stepi'), { function: 'main' });
        assert.equal(await gdb.evaluate(`(long)$pc - ${before}`), '4');
      }
      const back = BigInt(await gdb.evaluate('(long)$pc')) + 4n;
      expectStepStop(await gdb.run('stepi'), { function: 'twice' });
      assert.equal(BigInt(await gdb.evaluate('(long)$lr')), back);
      expectFinish(await gdb.run('finish'), { function: 'main' }, '12');
      while (!call.test(await gdb.execute('x/i $pc'))) await gdb.run('stepi');
      expectStepStop(await gdb.run('nexti'), { function: 'main' });
      assert.equal(await gdb.evaluate('$x0'), '4950');
    }));

  it('evaluates conditions where the program is, and counts hits', () =>
    debugInGuest('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('loop-body')} if i == 97`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'sum', line: line('loop-body') });
      assert.equal(await gdb.evaluate('i'), '97');
      assert.match(await gdb.execute('info breakpoints'), /stop only if i == 97 \(target evals\)/);
      await gdb.execute('delete');
      await gdb.execute(`break ${at('loop-body')}`);
      await gdb.execute('ignore 2 1');
      expectBreakpointStop(await gdb.run('continue'), { function: 'sum' });
      assert.equal(await gdb.evaluate('i'), '99');
    }));

  it('calls functions of the program, with arguments of every kind', () =>
    debugInGuest('inferior-calls', { compile: { flags: ['-lm'] } }, async ({ gdb, at }) => {
      await gdb.execute(`tbreak ${at('start')}`);
      await gdb.run('continue');
      const before = await gdb.execute('info all-registers');
      for (const [call, value] of [
        ['triple(14)', '42'],
        ['half(0.75)', '0.375'],
        ['sum_of_eight(1, 2, 3, 4, 5, 6, 7, 80)', '108'],
        ['mirror(size)', '{x = 7, y = 6}'],
        ['fill(3)', '{values = {3, 4, 5, 6, 7, 8}}'],
        ['length("twelve chars")', '12'],
      ] as const)
        assert.equal(await gdb.evaluate(call), value, call);
      assert.equal(await gdb.execute('info all-registers'), before);
      await gdb.execute('handle SIGUSR2 nostop noprint');
      expectExit(await gdb.run('continue'), 0);
    }));

  it('tells what the kernel says of a signal', () =>
    debugInGuest('signals', { args: ['segv'] }, async ({ gdb, line }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGSEGV', { line: line('fault') });
      assert.equal(await gdb.evaluate('$_siginfo.si_signo'), '11');
      // SEGV_MAPERR.
      assert.equal(await gdb.evaluate('$_siginfo.si_code'), '1');
      assert.equal(await gdb.evaluate('(long)$_siginfo._sifields._sigfault.si_addr'), '0');
    }));

  it('finds callers through return addresses that are signed', () =>
    debugInGuest(
      'stepping',
      { compile: { flags: ['-mbranch-protection=standard'] } },
      async ({ gdb, line, at }) => {
        await gdb.execute(`tbreak ${at('base')}`);
        expectBreakpointStop(await gdb.run('continue'), { function: 'factorial', line: line('base') });
        const frames = await gdb.execute('backtrace');
        assert.equal(frames.match(/factorial \(n=\d\)/g)?.length, 5, frames);
        // They are signed: gdb says where it has taken a signature off.
        assert.match(frames, /\[PAC\] in factorial \(n=5\)[\s\S]*\[PAC\] in main \(\) at/);
        expectFinish(await gdb.run('finish'), { function: 'factorial' }, '1');
        expectFinish(await gdb.run('finish'), { function: 'factorial' }, '2');
        expectExit(await gdb.run('continue'), 0);
      },
    ));

  it('knows threads, and switches between them', () =>
    debugInGuest('sample', {}, async ({ gdb }) => {
      await gdb.execute('break deposit');
      const first = expectBreakpointStop(await gdb.run('continue'), { function: 'deposit' });
      assert.match(await gdb.execute('info threads'), /LWP|Thread/);
      const pointer = await gdb.hex('$tpidr');
      await gdb.execute('thread 1');
      assert.notEqual(await gdb.hex('$tpidr'), pointer);
      assert.match(await gdb.execute('backtrace'), /main \(\)/);
      await gdb.execute(`thread ${first.thread}`);
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 12);
    }));

  it('lets go of a program, which goes on', () =>
    debugInGuest('sample', {}, async ({ gdb, server }) => {
      await gdb.execute('break deposit');
      expectBreakpointStop(await gdb.run('continue'), { function: 'deposit' });
      await gdb.execute('detach');
      await server.output.match(/^12 deposited/m);
    }));
});
