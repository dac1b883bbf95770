import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';

describe('gdb: breakpoints', () => {
  it('break stops before the line, each time it is reached', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute('break twice');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      assert.equal(await gdb.evaluate('value'), '3');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      assert.equal(await gdb.evaluate('value'), '6');
      await gdb.execute('delete 1');
      await gdb.execute(`break ${at('end')}`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'main', line: line('end') });
      assert.equal(await gdb.evaluate('total'), '5082');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('tbreak stops once', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('tbreak twice');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice' });
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('hbreak and thbreak use the debug registers', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      // Four slots: the fifth one must not fit, and says so when it is to be inserted.
      await gdb.execute('hbreak twice');
      await gdb.execute('thbreak sum');
      await gdb.execute(`hbreak ${at('base')}`);
      await gdb.execute(`hbreak ${at('end')}`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      expectBreakpointStop(await gdb.run('continue'), { function: 'sum', number: 2 });
      expectBreakpointStop(await gdb.run('continue'), { line: line('base'), number: 3 });
      expectBreakpointStop(await gdb.run('continue'), { line: line('end'), number: 4 });
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('a fifth hardware breakpoint is refused, and the program stays debuggable', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      const places = ['in-twice', 'sum-start', 'in-factorial', 'base', 'end'];
      for (const place of places) await gdb.execute(`hbreak ${at(place)}`);
      await assert.rejects(gdb.run('continue'), /Cannot insert hardware breakpoint/);
      await gdb.execute('delete 5');
      expectBreakpointStop(await gdb.run('continue'), { line: line('in-twice'), number: 1 });
    });
  });

  it('a condition lets only its own hits stop', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('loop-body')} if i == 97`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('loop-body') });
      assert.equal(await gdb.evaluate('i'), '97');
      assert.equal(await gdb.evaluate('result'), '4656');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('dprintf prints at each pass and stops at none', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('dprintf factorial,"n is %d\\n", n');
      await gdb.resume('continue');
      expectExit(await gdb.stopOfExit(), 0);
      assert.deepEqual(gdb.process.output.text.match(/n is \d/g), [
        'n is 5',
        'n is 4',
        'n is 3',
        'n is 2',
        'n is 1',
      ]);
    });
  });

  it('memory and disassembly show the program, not the breakpoints in it', async () => {
    await debugFixture('stepping', {}, async ({ gdb, at }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      const before = await gdb.execute('disassemble /r twice');
      await gdb.execute('set breakpoint always-inserted on');
      await gdb.execute('break *twice');
      await gdb.execute(`break ${at('return-twice')}`);
      assert.equal(await gdb.execute('disassemble /r twice'), before);
      // gdb hides its own breakpoints; what the server itself says about the byte must be the program's, too.
      const address = (await gdb.evaluate('(long)&twice')).trim();
      const first = /<\+0>:\t([0-9a-f]{2})/.exec(before)?.[1];
      const direct = await gdb.execute(`maintenance packet m${BigInt(address).toString(16)},1`);
      assert.equal(/received: "(.*)"/.exec(direct)?.[1], first);
    });
  });

  it('a disabled breakpoint does not stop', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('break twice');
      await gdb.execute('break factorial if n == 1');
      await gdb.execute('disable 1');
      expectBreakpointStop(await gdb.run('continue'), { function: 'factorial', number: 2 });
      assert.equal((await gdb.execute('backtrace')).match(/^#\d+ .*factorial/gm)?.length, 5);
    });
  });
});
