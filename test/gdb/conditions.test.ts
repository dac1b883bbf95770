import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { skipOnGnuServer } from '../support/debug-server.js';
import { debugFixture, type Session } from '../support/debug-session.js';
import { expectExit } from '../support/expectations.js';

async function hits({ gdb }: Session): Promise<number> {
  return Number(/already hit (\d+) time/.exec(await gdb.execute('info breakpoints'))?.[1] ?? 0);
}

/** What gdb sent to set breakpoints. */
async function insertions({ gdb }: Session): Promise<string> {
  return (await gdb.packets())
    .split('\n')
    .filter((line) => /Z[01],/.test(line))
    .join('\n');
}

describe('gdb: conditions', () => {
  for (const where of ['host', 'target', 'auto'] as const) {
    for (const kind of ['break', 'hbreak'] as const) {
      it(`${kind} with conditions evaluated by ${where}, edited and taken away`, async () => {
        await debugFixture('hot-threads', { args: ['1', '40'] }, async (session) => {
          const { gdb } = session;
          await gdb.execute(`set breakpoint condition-evaluation ${where}`);
          await gdb.execute('tbreak main');
          await gdb.run('continue');
          await gdb.execute(`${kind} hot if n == 5`);
          await gdb.run('continue');
          assert.equal(await gdb.evaluate('n'), '5');
          await gdb.execute('condition 2 n > 20 && n % 4 == 3');
          await gdb.run('continue');
          assert.equal(await gdb.evaluate('n'), '23');
          await gdb.execute('condition 2');
          await gdb.run('continue');
          assert.equal(await gdb.evaluate('n'), '24');
          assert.equal(await hits(session), 3);
          assert.equal(/;X/.test(await insertions(session)), where !== 'host');
          await gdb.execute('delete');
          expectExit(await gdb.run('continue'), 0);
        });
      });
    }
  }

  it('an ignore count counts the hits whose condition is true', async () => {
    await debugFixture('hot-threads', { args: ['1', '40'] }, async (session) => {
      const { gdb } = session;
      await gdb.execute('break hot if n % 10 == 1');
      await gdb.execute('ignore 1 2');
      await gdb.run('continue');
      assert.equal(await gdb.evaluate('n'), '21');
      assert.equal(await hits(session), 3);
    });
  });

  it('two breakpoints at one place, one of them without a condition', async () => {
    await debugFixture('hot-threads', { args: ['1', '4'] }, async ({ gdb }) => {
      await gdb.execute('break hot if n == 2');
      await gdb.execute('break hot');
      for (const n of ['0', '1', '2', '3']) {
        await gdb.run('continue');
        assert.equal(await gdb.evaluate('n'), n);
      }
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('stepping past one whose condition is false', async () => {
    await debugFixture('hot-threads', { args: ['1', '4'] }, async ({ gdb }) => {
      await gdb.execute('break hot');
      await gdb.run('continue');
      await gdb.run('stepi');
      await gdb.execute('break *$pc if n == 1000');
      await gdb.run('continue');
      assert.equal((await gdb.run('stepi')).reason, 'end-stepping-range');
      await gdb.run('finish');
      await gdb.execute('delete');
      expectExit(await gdb.run('continue'), 0);
    });
  });
});

describe('gdb: dynamic printf', () => {
  for (const style of ['gdb', 'call', 'agent'] as const) {
    it(`of style ${style} prints and does not stop`, async function () {
      if (style === 'agent') skipOnGnuServer(this, 'it prints to its own terminal');
      await debugFixture('hot-threads', { args: ['1', '3'] }, async ({ gdb, server }) => {
        await gdb.execute('tbreak main');
        await gdb.run('continue');
        await gdb.execute(`set dprintf-style ${style}`);
        await gdb.execute('dprintf hot,"(%ld)\\n", n');
        await gdb.resume('continue');
        expectExit(await gdb.nextStop(), 0);
        const output = style === 'call' ? server.output : gdb.process.output;
        await output.match(/\(0\)[\s\S]*\(1\)[\s\S]*\(2\)/);
      });
    });
  }
});
