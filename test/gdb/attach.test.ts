import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { withRunning, withServer } from '../support/debug-session.js';
import { expectBreakpointStop, expectSignalStop } from '../support/expectations.js';
import { Gdb } from '../support/gdb.js';
import { eventually, executableText, processState, threadsOf, tracerOf } from '../support/proc-files.js';
import type { TestProcess } from '../support/test-process.js';

const running = { ready: /ready/ };

/** Asks the program something and waits for its answer, which needs all its threads. */
async function expectAnswer(program: TestProcess, question: string): Promise<void> {
  program.write(`${question}\n`);
  await program.output.match(new RegExp(`answer to ${question}$`, 'm'));
}

describe('gdb: attach and detach', () => {
  it('attach of extended-remote finds every thread, and detach lets all go on as they were', async () => {
    await withRunning('answering', running, async (program, path) => {
      const before = executableText(program.pid);
      await withServer(['--once', '--multi', 'localhost:0'], {}, async (gdb, server) => {
        await gdb.execute(`target extended-remote ${server.address}`);
        await gdb.attach(program.pid);
        const ids = [...(await gdb.execute('info threads')).matchAll(/Thread \d+\.(\d+) /g)].map((match) =>
          Number(match[1]),
        );
        assert.deepEqual(ids.sort(), [...threadsOf(program.pid)].sort());
        assert.match(await gdb.execute('info inferiors'), new RegExp(`process ${program.pid} .*${path}`));
        assert.notEqual(tracerOf(program.pid), 0);
        await gdb.execute('break count_one');
        await gdb.execute('break answer');
        expectBreakpointStop(await gdb.run('continue'), { function: 'count_one' });
        await gdb.execute('disable 1');
        await gdb.resume('continue');
        program.write('question\n');
        expectBreakpointStop(await gdb.nextStop(), { function: 'answer' });
        assert.match(await gdb.evaluate('line'), /question/);
        await gdb.execute('enable 1');
        assert.match(await gdb.execute('detach'), /Detaching from program/);
        await gdb.execute('info inferiors');
      });
      assert.equal(tracerOf(program.pid), 0);
      await program.output.match(/answer to question/);
      assert.deepEqual(executableText(program.pid), before);
      await expectAnswer(program, 'another');
      program.endInput();
      assert.deepEqual(await program.waitForExit(), { kind: 'exited', code: 7 });
    });
  });

  it('--attach serves a running program; its end is told', async () => {
    await withRunning('answering', running, async (program) => {
      await withServer(
        ['--once', '--attach', 'localhost:0', String(program.pid)],
        {},
        async (gdb, server) => {
          await server.output.match(new RegExp(`^Attached; pid = ${program.pid}$`, 'm'));
          await gdb.execute(`target remote ${server.address}`);
          assert.match(await gdb.execute('backtrace'), /main/);
          await gdb.execute('break answer');
          await gdb.resume('continue');
          program.write('question\n');
          expectBreakpointStop(await gdb.nextStop(), { function: 'answer' });
          await gdb.execute('delete');
          await gdb.resume('continue');
          program.endInput();
          const stop = await gdb.nextStop();
          assert.deepEqual([stop.reason, stop.fields['exit-code']], ['exited', '07']);
        },
      );
    });
  });

  it('disconnecting from --attach detaches', async () => {
    await withRunning('answering', running, async (program) => {
      const before = executableText(program.pid);
      await withServer(
        ['--once', '--attach', 'localhost:0', String(program.pid)],
        {},
        async (gdb, server) => {
          await gdb.execute(`target remote ${server.address}`);
          await gdb.execute('break count_one');
          await gdb.run('continue');
          await gdb.execute('detach');
          assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
        },
      );
      assert.deepEqual(executableText(program.pid), before);
      await expectAnswer(program, 'question');
    });
  });

  it('a program stopped by job control stays stopped through attach and detach', async function () {
    skipOnGnuServer(this, 'it continues the program');
    await withRunning('answering', running, async (program) => {
      program.write('stop\n');
      await eventually('the program is stopped', () => processState(program.pid) === 'T');
      await withServer(['--once', '--multi', 'localhost:0'], {}, async (gdb, server) => {
        await gdb.execute(`target extended-remote ${server.address}`);
        await gdb.attach(program.pid);
        assert.match(await gdb.execute('thread apply all backtrace'), /main/);
        await gdb.execute('detach');
        await gdb.quit();
      });
      assert.equal(tracerOf(program.pid), 0);
      for (const tid of threadsOf(program.pid))
        await eventually('it is stopped again', () => processState(tid) === 'T');
      program.signal('SIGCONT');
      await program.output.match(/answer to stop/);
    });
  });

  it('a refused attach says why, and the next one works', async function () {
    skipOnGnuServer(this, 'it ends');
    await withRunning('answering', running, async (program) => {
      await withServer(['--once', '--multi', 'localhost:0'], {}, async (gdb, server) => {
        await gdb.execute(`target extended-remote ${server.address}`);
        await assert.rejects(gdb.attach(999999999), /Attaching to .* failed/);
        // One tracer for each process: while another server has it, no one else gets it.
        await using other = await DebugServer.start([
          '--once',
          '--attach',
          'localhost:0',
          String(program.pid),
        ]);
        await assert.rejects(gdb.attach(program.pid), /Attaching to .* failed/);
        await using otherGdb = await Gdb.start();
        await otherGdb.execute(`target remote ${other.address}`);
        await otherGdb.execute('detach');
        await gdb.attach(program.pid);
        assert.match(await gdb.execute('backtrace'), /main/);
        await gdb.execute('detach');
      });
      await expectAnswer(program, 'question');
    });
  });

  it('attach, detach and attach again', async () => {
    await withRunning('answering', running, async (program) => {
      const before = executableText(program.pid);
      await withServer(['--once', '--multi', 'localhost:0'], {}, async (gdb, server) => {
        await gdb.execute(`target extended-remote ${server.address}`);
        for (let round = 0; round < 5; round++) {
          await gdb.attach(program.pid);
          await gdb.execute('tbreak count_one');
          expectBreakpointStop(await gdb.run('continue'), { function: 'count_one' });
          await gdb.execute('detach');
          assert.deepEqual(executableText(program.pid), before);
          await expectAnswer(program, `question ${round}`);
        }
      });
    });
  });

  it('detach delivers the signal of the stop', async () => {
    await withRunning('answering', running, async (program) => {
      await withServer(['--once', '--multi', 'localhost:0'], {}, async (gdb, server) => {
        await gdb.execute(`target extended-remote ${server.address}`);
        await gdb.attach(program.pid);
        await gdb.resume('continue');
        program.signal('SIGTERM');
        expectSignalStop(await gdb.nextStop(), 'SIGTERM');
        await gdb.execute('detach');
      });
      assert.deepEqual(await program.waitForExit(), { kind: 'signalled', signal: 'SIGTERM' });
    });
  });
});
