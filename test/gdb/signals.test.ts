import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import {
  expectBreakpointStop,
  expectExit,
  expectKilledBy,
  expectSignalStop,
  expectStepStop,
} from '../support/expectations.js';

describe('gdb: signals', () => {
  it('a handled signal stops, and is delivered when the program goes on', async () => {
    await debugFixture('signals', { args: ['usr1', 'usr1'] }, async ({ gdb, server }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGUSR1');
      assert.equal(await gdb.evaluate('handled'), '0');
      expectSignalStop(await gdb.run('continue'), 'SIGUSR1');
      assert.equal(await gdb.evaluate('handled'), '1');
      expectExit(await gdb.run('continue'), 0);
      await server.output.match(/handled 2, last value 10/);
    });
  });

  it('handle nostop passes without a stop, nopass swallows', async () => {
    await debugFixture('signals', { args: ['usr1', 'queue', 'usr1'] }, async ({ gdb, server }) => {
      await gdb.execute('handle SIGUSR1 nostop noprint nopass');
      await gdb.execute('handle SIG36 nostop noprint pass');
      expectExit(await gdb.run('continue'), 0);
      await server.output.match(/handled 0, last value 1234/);
    });
  });

  it('handle print tells of the signal and goes on', async () => {
    await debugFixture('signals', { args: ['usr1'] }, async ({ gdb, server }) => {
      await gdb.execute('handle SIGUSR1 nostop print pass');
      await gdb.resume('continue');
      expectExit(await gdb.stopOfExit(), 0);
      assert.match(gdb.process.output.text, /received signal SIGUSR1/);
      await server.output.match(/handled 1, last value 10/);
    });
  });

  it('signal 0 swallows, signal NAME delivers another one', async () => {
    await debugFixture('signals', { args: ['usr1', 'usr1', 'usr2'] }, async ({ gdb, server }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGUSR1');
      expectSignalStop(await gdb.run('signal 0'), 'SIGUSR1');
      assert.equal(await gdb.evaluate('handled'), '0');
      expectSignalStop(await gdb.run('signal SIGUSR1'), 'SIGUSR2');
      assert.equal(await gdb.evaluate('handled'), '1');
      expectKilledBy(await gdb.run('signal SIGKILL'), 'SIGKILL');
      assert.doesNotMatch(server.output.text, /handled/);
    });
  });

  it('signal delivers to a program that stopped for another reason', async () => {
    await debugFixture('signals', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('end')}`);
      await gdb.execute('break on_usr1');
      expectBreakpointStop(await gdb.run('continue'), { line: line('end') });
      expectBreakpointStop(await gdb.run('signal SIGUSR1'), { function: 'on_usr1' });
      // The handler returns to where the breakpoint is.
      expectBreakpointStop(await gdb.run('continue'), { line: line('end') });
      assert.equal(await gdb.evaluate('handled'), '1');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('a fault stops at its instruction, and kills when it is passed on', async () => {
    await debugFixture('signals', { args: ['segv'] }, async ({ gdb, line }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGSEGV', { line: line('fault') });
      assert.equal(await gdb.evaluate('$_siginfo.si_signo'), '11');
      assert.equal(await gdb.evaluate('$_siginfo._sifields._sigfault.si_addr'), '0x0');
      expectKilledBy(await gdb.run('continue'), 'SIGSEGV');
      assert.equal(await gdb.evaluate('$_exitsignal'), '11');
    });
  });

  it('abort is SIGABRT, and kills with it', async () => {
    await debugFixture('signals', { args: ['abrt'] }, async ({ gdb }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGABRT');
      assert.match(await gdb.execute('backtrace'), /abort.*raise_named.*main/s);
      expectKilledBy(await gdb.run('continue'), 'SIGABRT');
    });
  });

  it('$_siginfo shows a queued value, and a changed one reaches the program', async () => {
    await debugFixture('signals', { args: ['queue', 'queue'] }, async ({ gdb, server, at }) => {
      expectSignalStop(await gdb.run('continue'), 'SIG36');
      assert.equal(await gdb.evaluate('$_siginfo._sifields._rt.si_sigval.sival_int'), '1234');
      await gdb.execute('set var $_siginfo._sifields._rt.si_sigval.sival_int = 4321');
      await gdb.execute(`break ${at('in-queued-handler')}`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'on_queued' });
      assert.equal(await gdb.evaluate('info->_sifields._rt.si_sigval.sival_int'), '4321');
      expectSignalStop(await gdb.run('continue'), 'SIG36');
      await gdb.execute('handle SIG36 nopass');
      expectExit(await gdb.run('continue'), 0);
      await server.output.match(/last value 4321/);
    });
  });

  it('a SIGTRAP of the program itself is a signal, not a breakpoint', async () => {
    await debugFixture('signals', { args: ['trap'] }, async ({ gdb, server }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGTRAP');
      expectExit(await gdb.run('signal SIGTRAP'), 0);
      await server.output.match(/handled 1, last value 5/);
    });
  });

  it('backtrace through a signal handler, finish back out of it', async () => {
    await debugFixture('signals', { args: ['usr1'] }, async ({ gdb }) => {
      await gdb.execute('handle SIGUSR1 nostop noprint pass');
      await gdb.execute('break on_usr1');
      expectBreakpointStop(await gdb.run('continue'), { function: 'on_usr1' });
      const trace = await gdb.execute('backtrace');
      assert.match(
        trace,
        /^#0 +on_usr1 \(number=10\).*\n#1 +<signal handler called>\n.*raise.*raise_named.*main/s,
      );
      assert.equal((await gdb.run('finish')).reason, 'function-finished');
      assert.match(await gdb.execute('backtrace 1'), /<signal handler called>/);
    });
  });

  it('step and next at a signal stop go into the handler', async () => {
    await debugFixture('signals', { args: ['usr1', 'usr1'] }, async ({ gdb }) => {
      for (const command of ['step', 'next']) {
        expectSignalStop(await gdb.run('continue'), 'SIGUSR1');
        expectStepStop(await gdb.run(command), { function: 'on_usr1' });
      }
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('a signal that is passed during a step does not lead the step away', async () => {
    await debugFixture('signals', { args: ['usr1', 'usr1'] }, async ({ gdb, line, at }) => {
      await gdb.execute('handle SIGUSR1 nostop noprint pass');
      await gdb.execute(`tbreak ${at('raise')}`);
      await gdb.run('continue');
      expectStepStop(await gdb.run('next'), { function: 'main' });
      assert.equal(await gdb.evaluate('handled'), '1');
      await gdb.execute(`tbreak ${at('in-handler')}`);
      // A breakpoint in the handler does end it.
      await gdb.run('next');
      expectBreakpointStop(await gdb.run('next'), { line: line('in-handler') });
    });
  });

  it('stepi with a signal lands on the first instruction of the handler', async () => {
    await debugFixture('signals', { args: ['usr1'] }, async ({ gdb }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGUSR1');
      const stop = await gdb.run('stepi');
      assert.equal(stop.function, 'on_usr1');
      assert.equal(await gdb.evaluate('$pc == (void (*)()) *on_usr1'), '1');
    });
  });

  it('a signal that ends the program without stopping is told', async () => {
    await debugFixture('signals', { args: ['term'] }, async ({ gdb, server }) => {
      await gdb.execute('handle SIGTERM nostop noprint pass');
      expectKilledBy(await gdb.run('continue'), 'SIGTERM');
      await server.output.match(/Child terminated with signal = 0xf \(SIGTERM\)/);
    });
  });

  it('info signals lists what becomes of them', async () => {
    await debugFixture('signals', {}, async ({ gdb }) => {
      await gdb.execute('handle SIGUSR1 nostop noprint pass');
      assert.match(await gdb.execute('info signals SIGUSR1'), /SIGUSR1\s+No\s+No\s+Yes/);
      assert.match(await gdb.execute('info signals SIGINT'), /SIGINT\s+Yes\s+Yes\s+No/);
    });
  });
});
