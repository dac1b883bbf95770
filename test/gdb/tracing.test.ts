import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { debugFixture, type Session } from '../support/debug-session.js';
import { expectExit } from '../support/expectations.js';

/** A tracepoint with its actions, as a user types them. */
function tracepoint(command: string, ...actions: readonly string[]): readonly string[] {
  return [command, 'actions', ...actions, 'end'];
}

async function traceTo({ gdb }: Session, place: string): Promise<void> {
  await gdb.execute(`tbreak ${place}`);
  await gdb.execute('tstart');
  await gdb.run('continue');
}

/** `tfind`s one frame after the other. */
async function* frames({ gdb }: Session): AsyncIterable<void> {
  while (!/failed to find/.test(await gdb.execute('tfind').catch(String))) yield;
}

describe('gdb: tracepoints', () => {
  it('arguments, variables and expressions are collected, found and shown', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await gdb.execute('tbreak main');
      await gdb.run('continue');
      await gdb.script(tracepoint('trace twice', 'collect $regs, value, total', 'collect value * 100'));
      await traceTo(session, 'factorial');
      assert.match(await gdb.execute('tstatus'), /Trace is running.*\n.*\n?.*2 trace frames/);
      await gdb.execute('tstop');
      assert.match(await gdb.execute('tfind start'), /Found trace frame 0, tracepoint \d+\s+#0 {2}twice/);
      assert.match(await gdb.execute('tdump'), /value = 3\n.*total = 0/s);
      await gdb.execute('tfind');
      assert.match(await gdb.execute('tdump'), /value = 6\n.*total = 6/s);
      await assert.rejects(gdb.execute('print main[0] = 1'));
      await gdb.execute('tfind none');
      assert.match(await gdb.execute('info tracepoints'), /already hit 2 times/);
      expectExit(await gdb.run('continue'), 0);
    }));

  it('what was not collected is unavailable', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await gdb.script(tracepoint('trace twice', 'collect value'));
      await traceTo(session, 'sum');
      await gdb.execute('tstop');
      await gdb.execute('tfind start');
      assert.equal(await gdb.evaluate('value'), '3');
      assert.equal(await gdb.evaluate('total'), '<unavailable>');
    }));

  it('a condition decides what is collected', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb, at } = session;
      await gdb.script(tracepoint(`trace ${at('loop-body')} if i % 25 == 0`, 'collect i'));
      await traceTo(session, 'factorial');
      await gdb.execute('tstop');
      const values: string[] = [];
      for await (const _frame of frames(session)) values.push(await gdb.evaluate('i'));
      assert.deepEqual(values, ['0', '25', '50', '75']);
    }));

  it('trace state variables count hits, also of more than one tracepoint', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb, at } = session;
      await gdb.execute('tvariable $hits = 1000');
      await gdb.script(tracepoint(`trace ${at('loop-body')}`, 'teval $hits = $hits + 1'));
      await gdb.script(tracepoint('trace factorial', 'teval $hits = $hits + 1', 'collect $hits'));
      await traceTo(session, at('end'));
      assert.equal(await gdb.evaluate('$hits'), String(1000 + 100 + 5));
      assert.match(await gdb.execute('info tvariables'), /\$hits +1000 +1105/);
      await gdb.execute('tstop');
      await gdb.execute('tfind tracepoint 2');
      assert.match(await gdb.execute('info tvariables'), /\$hits +1000 +1101/);
    }));

  it('an error in an expression ends the run and is explained', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await gdb.script(tracepoint('trace factorial if total / (n - 3) > 0', 'collect n'));
      await traceTo(session, session.at('end'));
      assert.match(await gdb.execute('tstatus'), /stopped by an error \(it divides by zero, tracepoint 1\)/);
      assert.match(await gdb.execute('tstatus'), /Collected 2 trace frames/);
      expectExit(await gdb.run('continue'), 0);
    }));

  it('steps behind a hit are collected one by one', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await gdb.script([
        'trace sum',
        'actions',
        'collect $regs',
        'while-stepping 5',
        'collect $regs',
        'end',
        'end',
      ]);
      await traceTo(session, 'factorial');
      await gdb.execute('tstop');
      assert.match(await gdb.execute('tstatus'), /Collected 6 trace frames/);
      await gdb.execute('tfind 1');
      assert.match(await gdb.execute('tdump'), /rip/);
    }));

  it('strings are collected up to their end', () =>
    debugFixture('sample', {}, async (session) => {
      const { gdb } = session;
      await gdb.script(tracepoint('trace deposit', 'collect $regs, account', 'collect/s account->owner'));
      await traceTo(session, 'exit');
      await gdb.execute('tstop');
      const owners: string[] = [];
      for await (const _frame of frames(session)) owners.push(await gdb.execute('output account->owner'));
      const names = owners.map((owner) => owner.replace(/^0x\w+ /, '')).sort();
      assert.deepEqual(names, [...Array(3).fill('"ada"'), ...Array(3).fill('"grace"')]);
    }));

  it('a trace file has all of it', () =>
    debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await gdb.script(tracepoint('trace twice', 'collect $regs, value, total'));
      await traceTo(session, 'sum');
      await gdb.execute('tstop');
      const file = join(gdb.folder, 'trace');
      await gdb.execute(`tsave ${file}`);
      await gdb.execute('kill');
      await gdb.execute(`target tfile ${file}`);
      await gdb.execute('tfind 1');
      assert.equal(await gdb.evaluate('value'), '6');
      assert.match(await gdb.execute('info registers rdi'), /rdi +0x6 /);
      assert.match(await gdb.execute('info registers ymm0'), /ymm0/);
    }));
});
