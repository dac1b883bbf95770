import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import {
  expectBreakpointStop,
  expectFinish,
  expectLocationStop,
  expectStepStop,
} from '../support/expectations.js';

describe('gdb: stepping', () => {
  it('step goes into a call and out of it, next goes past it', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line }) => {
      await gdb.execute('break main');
      expectBreakpointStop(await gdb.run('continue'), { line: line('first') });
      expectStepStop(await gdb.run('step'), { function: 'twice', line: line('in-twice') });
      expectStepStop(await gdb.run('step'), { line: line('return-twice') });
      // The end of the function; newer gdbs go past the rest of the calling line, older ones stop in it.
      const out = expectStepStop(await gdb.run('step 2'), { function: 'main' });
      if (out.line === line('first')) expectStepStop(await gdb.run('next'), { line: line('second') });
      else assert.equal(out.line, line('second'));
      expectStepStop(await gdb.run('next'), { line: line('call-sum') });
      expectStepStop(await gdb.run('next'), { function: 'main', line: line('call-factorial') });
      assert.equal(await gdb.evaluate('total'), '4962');
    });
  });

  it('next past a call stops at a breakpoint inside it', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('call-factorial')}`);
      await gdb.execute(`break ${at('base')}`);
      await gdb.run('continue');
      expectBreakpointStop(await gdb.run('next'), { line: line('base'), number: 2 });
    });
  });

  it('finish runs to the caller and shows the value', async () => {
    await debugFixture('stepping', {}, async ({ gdb, at }) => {
      await gdb.execute(`break ${at('base')}`);
      await gdb.run('continue');
      expectFinish(await gdb.run('finish'), { function: 'factorial' }, '1');
      expectFinish(await gdb.run('finish'), { function: 'factorial' }, '2');
      await gdb.execute('frame function main');
      // From a frame further out: past all the calls in between.
      await gdb.execute('down');
      expectFinish(await gdb.run('finish'), { function: 'main' }, '120');
    });
  });

  it('until leaves the loop, advance goes to a line', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute('break sum');
      await gdb.run('continue');
      expectLocationStop(await gdb.run(`advance ${at('loop-body')}`), { line: line('loop-body') });
      expectStepStop(await gdb.run('next'), { line: line('loop-head') });
      expectStepStop(await gdb.run('until'), { line: line('after-loop') });
      assert.equal(await gdb.evaluate('result'), '4950');
      expectLocationStop(await gdb.run(`until ${at('end')}`), { function: 'main' });
      expectLocationStop(await gdb.run('advance factorial'), { function: 'factorial' });
    });
  });

  it('stepi and nexti go one instruction', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('break *twice');
      await gdb.run('continue');
      const listing = await gdb.execute('disassemble twice');
      const offsets = [...listing.matchAll(/<\+(\d+)>/g)].map((match) => Number(match[1]));
      assert.ok(offsets.length > 4, listing);
      const seen = [0];
      for (const command of ['stepi', 'nexti', 'stepi 2']) {
        expectStepStop(await gdb.run(command), { function: 'twice' });
        seen.push(Number(await gdb.evaluate('(int)((char *)$pc - (char *)*twice)')));
      }
      assert.deepEqual(seen, [offsets[0], offsets[1], offsets[2], offsets[4]]);
    });
  });

  it('steps through a loop stay on the lines of the loop', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('loop-body')}`);
      await gdb.run('continue');
      await gdb.execute('delete');
      for (let pass = 1; pass <= 20; pass++) {
        expectStepStop(await gdb.run('next'), { line: line('loop-head') });
        expectStepStop(await gdb.run('next'), { line: line('loop-body') });
        assert.equal(await gdb.evaluate('i'), String(pass));
      }
    });
  });

  it('a step over a line with ten thousand instructions ends', async () => {
    await debugFixture('long-line', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('before')}`);
      await gdb.run('continue');
      expectStepStop(await gdb.run('step'), { line: line('long') });
      expectStepStop(await gdb.run('step', 60_000), { line: line('after') });
      assert.equal(await gdb.evaluate('count'), '3000');
    });
  });

  it('jump and return change where the program goes on', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line, at }) => {
      await gdb.execute(`break ${at('second')}`);
      await gdb.execute(`break ${at('call-sum')}`);
      await gdb.execute(`break ${at('return-twice')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('return-twice') });
      await gdb.execute('return 50');
      expectBreakpointStop(await gdb.run('continue'), { line: line('second') });
      assert.equal(await gdb.evaluate('total'), '50');
      expectBreakpointStop(await gdb.run(`jump ${at('call-sum')}`), { line: line('call-sum') });
      assert.equal(await gdb.evaluate('total'), '50');
    });
  });
});
