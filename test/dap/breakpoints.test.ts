/** Breakpoints of every kind, as an editor sets them. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { it } from 'mocha';
import { type Debugging, forEachAdapter, launch, pidOf } from './debugging.js';
import { expectRounds } from './process-state.js';

const exitCode = 7;

forEachAdapter('breakpoints', (adapter, itNeeds) => {
  it('on a line stop the program', async () => {
    await using debugging = await launch(adapter, 2, { lines: [{ mark: 'change' }] });
    const { reason, frames } = await debugging.stoppedAt('change', 'add');
    assert.equal(reason, 'breakpoint');
    assert.equal(frames[1]?.name.replace(/\(.*/, ''), 'main');
  });

  /** Both rounds, and the end. */
  async function runToEnd(): Promise<Debugging> {
    const debugging = await launch(adapter, 2, { lines: [{ mark: 'change' }] });
    for (const _round of [1, 2])
      await debugging.resume((await debugging.stoppedAt('change', 'add')).threadId);
    await debugging.session.event('terminated');
    return debugging;
  }

  itNeeds(
    'exit-status',
    'are run into until the program ends, with its status',
    async () => {
      await using debugging = await runToEnd();
      const exited = debugging.session.anyEvent<DebugProtocol.ExitedEvent>('exited', () => true);
      assert.equal((await exited).body.exitCode, exitCode);
    },
    async () => {
      await using debugging = await runToEnd();
      // The server's own words are all that there is.
      await debugging.session.anyEvent<DebugProtocol.OutputEvent>('output', ({ body }) =>
        body.output.includes(`Child exited with status ${exitCode}`),
      );
    },
  );

  it('on a function', async () => {
    await using debugging = await launch(adapter, 2, { functions: ['add'] });
    await debugging.stoppedAt('before', 'add');
  });

  it('with a condition', async () => {
    await using debugging = await launch(adapter, 9, {
      lines: [{ mark: 'change', condition: 'before == 5' }],
    });
    const place = await debugging.stoppedAt('change', 'add');
    assert.equal(await debugging.evaluate('before', place), '5');
  });

  it('that print a message and do not stop', async () => {
    await using debugging = await launch(adapter, 4, {
      lines: [{ mark: 'change', logMessage: 'a log point' }, { mark: 'end-of-loop' }],
    });
    const place = await debugging.stoppedAt('end-of-loop', 'main');
    assert.ok(place);
    const logged: string[] = [];
    await debugging.session.anyEvent<DebugProtocol.OutputEvent>('output', ({ body: { output } }) => {
      logged.push(...(output.match(/a log point/g) ?? []));
      return logged.length >= 4;
    });
  });

  itNeeds(
    'running-breakpoints',
    'are set while the program runs',
    async () => {
      await using debugging = await launch(adapter, 0, { lines: [{ mark: 'change' }] });
      const { threadId } = await debugging.stoppedAt('change', 'add');
      await debugging.setLines([]);
      await debugging.resume(threadId);
      await debugging.setLines([{ mark: 'after-call' }]);
      await debugging.stoppedAt('after-call', 'main');
    },
    async () => {
      await using debugging = await launch(adapter, 0, { lines: [{ mark: 'change' }] });
      const place = await debugging.stoppedAt('change', 'add');
      const { threadId } = place;
      const pid = await pidOf(debugging, place);
      await debugging.setLines([]);
      await debugging.resume(threadId);
      await expectRounds(pid);
      // Asked while the program runs it refuses, or answers only when that stops, whatever the server.
      await debugging.session.request('pause', { threadId });
      const { threadId: paused } = await debugging.stopped();
      await debugging.setLines([{ mark: 'after-call' }]);
      await debugging.resume(paused);
      await debugging.stoppedAt('after-call', 'main');
    },
  );

  itNeeds('data-breakpoints', 'on data', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'call' }] });
    const place = await debugging.stoppedAt('call', 'main');
    const now = (await debugging.variables(place)).find(({ name }) => name === 'now');
    const { session } = debugging;
    const { body } = await session.request<DebugProtocol.DataBreakpointInfoResponse>('dataBreakpointInfo', {
      name: 'now',
      variablesReference: now?.scope,
    });
    assert.ok(typeof body.dataId === 'string', session.transcript);
    await session.request('setDataBreakpoints', {
      breakpoints: [{ dataId: body.dataId, accessType: 'write' }],
    });
    await debugging.resume(place.threadId);
    const stop = await debugging.stopped();
    assert.equal(stop.frames[0]?.name.replace(/\(.*/, ''), 'main');
    assert.equal(await debugging.evaluate('now', stop), '3');
  });

  itNeeds('instruction-breakpoints', 'on an instruction', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'before' }] });
    const place = await debugging.stoppedAt('before', 'add');
    const caller = place.frames[1]?.instructionPointerReference;
    assert.ok(caller !== undefined);
    await debugging.session.request('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: caller }],
    });
    await debugging.resume(place.threadId);
    const stop = await debugging.stopped();
    assert.equal(BigInt(stop.frames[0]?.instructionPointerReference ?? 0), BigInt(caller));
  });
});
