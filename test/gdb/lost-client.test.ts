import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { withRunning } from '../support/debug-session.js';
import { expectBreakpointStop } from '../support/expectations.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { eventually, executableText, isSameText, processState, tracerOf } from '../support/proc-files.js';

describe('gdb: a client that is lost', () => {
  it('leaves no breakpoint in the program, which waits for the next client', async function () {
    skipOnGnuServer(this, 'it keeps the program as the client left it');
    await withRunning('answering', { ready: /ready/ }, async (program) => {
      const before = executableText(program.pid);
      await using server = await DebugServer.start(['localhost:0', '--attach', String(program.pid)]);
      await using lost = await Gdb.start();
      await lost.execute(`target remote ${server.address}`);
      await lost.execute('set breakpoint always-inserted on');
      await lost.execute('break count_one');
      await lost.execute('break answer');
      expectBreakpointStop(await lost.run('continue'), { function: 'count_one' });
      assert.ok(!isSameText(program.pid, before), 'the breakpoints are in the text');
      lost.process.signal('SIGKILL');
      await eventually('the text is as it was', () => isSameText(program.pid, before));
      // It was stopped when its client was lost, and so it stays.
      assert.equal(processState(program.pid), 't');
      await using next = await Gdb.start();
      await next.execute(`target remote ${server.address}`);
      await next.execute('break answer');
      await next.resume('continue');
      program.write('another\n');
      expectBreakpointStop(await next.nextStop(), { function: 'answer' });
      await next.execute('detach');
      await program.output.match(/answer to another/);
      assert.ok(isSameText(program.pid, before));
    });
  });

  it('while the program runs: it goes on without the breakpoints', async function () {
    skipOnGnuServer(this, 'it keeps the breakpoints');
    await withRunning('answering', { ready: /ready/ }, async (program) => {
      const before = executableText(program.pid);
      await using server = await DebugServer.start(['localhost:0', '--attach', String(program.pid)]);
      await using lost = await Gdb.start();
      await lost.execute(`target remote ${server.address}`);
      await lost.execute('break answer');
      await lost.resume('continue');
      await eventually('the breakpoint is in the text', () => !isSameText(program.pid, before));
      await eventually('the program runs', () => processState(program.pid) === 'S');
      lost.process.signal('SIGKILL');
      await eventually('the text is as it was', () => isSameText(program.pid, before));
      program.write('question\n');
      await program.output.match(/answer to question/);
    });
  });

  it('a server that dies leaves no breakpoint either', async function () {
    skipOnGnuServer(this, 'it leaves them, and the program dies of the next');
    await withRunning('answering', { ready: /ready/ }, async (program) => {
      const before = executableText(program.pid);
      await using server = await DebugServer.start(['localhost:0', '--attach', String(program.pid)]);
      await using gdb = await Gdb.start();
      await gdb.execute(`target remote ${server.address}`);
      await gdb.execute('break answer');
      await gdb.resume('continue');
      await eventually('the breakpoint is in the text', () => !isSameText(program.pid, before));
      await eventually('the program runs', () => processState(program.pid) === 'S');
      server.process.signal('SIGKILL');
      await eventually('the text is as it was', () => isSameText(program.pid, before));
      assert.equal(tracerOf(program.pid), 0);
      program.write('question\n');
      await program.output.match(/answer to question/);
    });
  });

  it('with --once the server ends with its client', async () => {
    const program = await compileFixture('busy');
    await using server = await DebugServer.start(['--once', 'localhost:0', program, 'sleep']);
    await using gdb = await Gdb.start();
    await gdb.execute(`target remote ${server.address}`);
    gdb.process.signal('SIGKILL');
    await server.process.waitForExit();
  });
});
