import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture, type Session } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectFinish, expectSignalStop } from '../support/expectations.js';

const options = { compile: { flags: ['-lm'] } };

async function toStart({ gdb, at }: Session): Promise<void> {
  await gdb.execute('handle SIGUSR2 nostop noprint');
  await gdb.execute(`break ${at('start')}`);
  await gdb.run('continue');
}

describe("gdb: calls of the program's functions", () => {
  it('with integers, doubles, structures, strings', async () => {
    await debugFixture('inferior-calls', options, async (session) => {
      const { gdb } = session;
      await toStart(session);
      assert.equal(await gdb.evaluate('triple(14)'), '42');
      assert.equal(await gdb.evaluate('half(0.75)'), '0.375');
      assert.equal(await gdb.evaluate('sum_of_eight(1, 2, 3, 4, 5, 6, 7, 80)'), '108');
      assert.equal(await gdb.evaluate('area(size)'), '42');
      assert.equal(await gdb.evaluate('mirror(size)'), '{x = 7, y = 6}');
      assert.equal(await gdb.evaluate('fill(3)'), '{values = {3, 4, 5, 6, 7, 8}}');
      assert.equal(await gdb.evaluate('length("twelve chars")'), '12');
      assert.equal(await gdb.evaluate('half(triple(5))'), '7.5');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('leave the registers as they were', async () => {
    await debugFixture('inferior-calls', options, async (session) => {
      const { gdb } = session;
      await toStart(session);
      const before = await gdb.execute('info all-registers');
      assert.equal(await gdb.evaluate('half(1)'), '0.5');
      assert.equal(await gdb.execute('info all-registers'), before);
    });
  });

  it('with a breakpoint inside: the call stops, and finish completes it', async () => {
    await debugFixture('inferior-calls', options, async (session) => {
      const { gdb, line } = session;
      await toStart(session);
      await gdb.execute('break triple');
      await assert.rejects(gdb.execute('print triple(5)'), /stopped while in a function called from GDB/);
      assert.match(await gdb.execute('backtrace'), /triple \(value=5\).*<function called from gdb>.*main/s);
      expectFinish(await gdb.run('finish'), {}, '15');
      assert.equal((await gdb.execute('frame')).includes(`:${line('start')}`), true);
      expectBreakpointStop(await gdb.run('continue'), { function: 'triple' });
      assert.equal(await gdb.evaluate('value'), '1');
    });
  });

  it('that fault: unwindonsignal brings the registers back', async () => {
    await debugFixture('inferior-calls', options, async (session) => {
      const { gdb, line } = session;
      await toStart(session);
      await gdb.execute('set unwindonsignal on');
      await assert.rejects(gdb.execute('print faults()'), /while\sin a function called from GDB/);
      assert.equal((await gdb.execute('frame')).includes(`:${line('start')}`), true);
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('after a signal stop, also inside a system call that was interrupted', async () => {
    await debugFixture('inferior-calls', options, async ({ gdb }) => {
      expectSignalStop(await gdb.run('continue'), 'SIGUSR2');
      assert.equal(await gdb.evaluate('triple(2)'), '6');
      assert.equal(await gdb.evaluate('half(3)'), '1.5');
      expectSignalStop(await gdb.run('continue'), 'SIGUSR2');
      // The first thread waits in pthread_join, the second one has the signal.
      assert.equal(await gdb.evaluate('triple(3)'), '9');
      await gdb.execute('thread 1');
      assert.equal(await gdb.evaluate('triple(4)'), '12');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('write memory through malloc', async () => {
    await debugFixture('inferior-calls', options, async (session) => {
      const { gdb } = session;
      await toStart(session);
      await gdb.execute('set var $buffer = (char *) malloc(4096)');
      await gdb.execute('call (void) memset($buffer, 65, 4095)');
      await gdb.execute('set var $buffer[4095] = 0');
      assert.equal(await gdb.evaluate('length($buffer)'), '4095');
    });
  });
});
