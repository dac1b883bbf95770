/** Steps, pauses and ends. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { attach, forEachAdapter, launch, pidOf, startTarget } from './debugging.js';
import { expectGone, expectRounds, expectRunsFree } from './process-state.js';

forEachAdapter('running', (adapter, itNeeds) => {
  it('steps over, into and out of calls', async () => {
    await using debugging = await launch(adapter, 9, { lines: [{ mark: 'call' }] });
    const { session } = debugging;
    const { threadId } = await debugging.stoppedAt('call', 'main');
    await session.request('next', { threadId });
    await debugging.stoppedAt('after-call', 'main');
    await debugging.resume(threadId);
    await debugging.stoppedAt('call', 'main');
    await session.request('stepIn', { threadId });
    await debugging.stoppedAt('before', 'add');
    await session.request('next', { threadId });
    await debugging.stoppedAt('change', 'add');
    await session.request('stepOut', { threadId });
    const { frames } = await debugging.stopped();
    assert.equal(frames[0]?.name.replace(/\(.*/, ''), 'main');
  });

  it('pauses and goes on', async () => {
    await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
    const { session } = debugging;
    const place = await debugging.stoppedAt('call', 'main');
    const pid = await pidOf(debugging, place);
    const { threadId } = place;
    await debugging.setLines([]);
    for (let round = 0; round < 3; round += 1) {
      await debugging.resume(threadId);
      // GDB's adapter forgets a pause that comes while it lets the program run, with every server.
      await expectRounds(pid);
      await session.request('pause', { threadId });
      const { frames } = await debugging.stopped();
      assert.ok(frames.length > 0);
    }
  });

  it('kills what it launched when it disconnects', async () => {
    await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
    const pid = await pidOf(debugging, await debugging.stoppedAt('call', 'main'));
    await debugging.session.disconnect({ terminateDebuggee: true });
    await expectGone(pid);
  });

  itNeeds('terminate', 'terminates the program', async () => {
    await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
    const pid = await pidOf(debugging, await debugging.stoppedAt('call', 'main'));
    await debugging.session.request('terminate');
    await debugging.session.event('terminated');
    await expectGone(pid);
  });

  itNeeds(
    'restart',
    'restarts the program',
    async () => {
      await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
      const pid = await pidOf(debugging, await debugging.stoppedAt('call', 'main'));
      await debugging.session.request('restart');
      const again = await pidOf(debugging, await debugging.stoppedAt('call', 'main'));
      assert.notEqual(again, pid);
      await expectGone(pid);
    },
    async () => {
      await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
      await debugging.stoppedAt('call', 'main');
      // The editor ends the session and begins another one, as the next test does; where it asks, it is refused.
      if (debugging.session.capabilities.supportsRestartRequest === true)
        await assert.rejects(debugging.session.request('restart'), /not supported/);
    },
  );

  it('starts anew in a session of its own, as editors restart with adapters that cannot', async () => {
    const pids: number[] = [];
    for (let count = 0; count < 2; count += 1) {
      await using debugging = await launch(adapter, 0, { lines: [{ mark: 'call' }] });
      pids.push(await pidOf(debugging, await debugging.stoppedAt('call', 'main')));
      await debugging.session.disconnect({ restart: true, terminateDebuggee: true });
    }
    for (const pid of pids) await expectGone(pid);
  });

  for (const isStopped of [true, false])
    it(`attaches, and leaves the process running when it disconnects from it ${isStopped ? 'stopped' : 'running'}`, async () => {
      await using target = await startTarget();
      for (let count = 0; count < 2; count += 1) {
        await using debugging = await attach(adapter, target.pid, { lines: [{ mark: 'change' }] });
        const { threadId } = await debugging.stoppedAt('change', 'add');
        if (!isStopped) {
          await debugging.setLines([]);
          await debugging.resume(threadId);
        }
        await debugging.session.disconnect({ terminateDebuggee: false });
        await expectRunsFree(target.pid);
      }
    });
});
