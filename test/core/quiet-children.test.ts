/** Threads and processes whose making no engine wants to hear of: native code takes them up, and none is lost. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { EventKind } from '../../src/core/index.js';
import { eventually, threadsOf } from '../support/proc-files.js';
import { continueAll, launchFixture, usualKinds } from './traced-program.js';

const mask: readonly EventKind[] = [...usualKinds.filter((kind) => kind !== 'clone'), 'held'];
const success = { kind: 'exited', code: 0 };
const threadsPerRound = 16;

describe('threads that nobody asked about', () => {
  for (const kind of ['software', 'hardware'] as const) {
    it(`hit a ${kind} breakpoint each, and are known then`, async () => {
      const rounds = 5;
      await using program = await launchFixture('storms', ['clone', String(rounds)], { mask });
      const { attachment, engine, tracer } = program;
      const at = program.symbol('work');
      if (kind === 'software') attachment.insertBreakpoint(at);
      else attachment.insertHardwarePoint({ kind: 'execute', address: at, lengthBytes: 1 });
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, success);
      const hits = engine.count(kind === 'software' ? 'breakpoint' : 'hardware-breakpoint');
      assert.equal(hits, rounds * threadsPerRound);
      assert.equal(engine.count('clone'), 0);
      await eventually('nothing is kept', () =>
        Object.values(tracer.tableSizes()).every((size) => size === 0),
      );
    });
  }

  it('are all held when all are to be, and go on', async () => {
    await using program = await launchFixture('thread-storm', [], { mask });
    const { attachment } = program;
    for (let round = 0; round < 30; round++) {
      continueAll(attachment);
      await new Promise((resolve) => setImmediate(resolve));
      await attachment.quiesce();
      const { pid, threads } = attachment.process;
      const known = [...threads.values()].filter((thread) => thread.isStopped).map(({ tid }) => Number(tid));
      assert.deepEqual(new Set(threadsOf(pid)), new Set(known));
    }
  });

  it('are known in the order in which they were made', async () => {
    await using program = await launchFixture('thread-chain', [], { mask, holdAt: ['breakpoint'] });
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('work'));
    for (let round = 0; round < 20; round++) {
      continueAll(attachment);
      const { thread } = await engine.next('breakpoint');
      const known = [...attachment.process.threads.values()];
      assert.equal(known.length, 3);
      assert.equal(known[1], thread);
    }
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, success);
  });

  it('are held from their first instruction on when only one thread is let run', async () => {
    await using program = await launchFixture('storms', ['clone', '1'], { mask });
    const { attachment, engine } = program;
    const [main] = attachment.process.threads.values();
    assert.ok(main);
    attachment.insertBreakpoint(program.symbol('work'));
    attachment.newThreads = 'hold';
    attachment.resume([{ thread: main, action: { kind: 'continue' } }]);
    const { threads } = attachment.process;
    await eventually('they are made', () => threads.size === threadsPerRound + 1);
    await eventually('they are held', () =>
      [...threads.values()].every((thread) => thread === main || thread.isStopped),
    );
    assert.equal(engine.count('breakpoint'), 0);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, success);
    assert.equal(engine.count('breakpoint'), threadsPerRound);
  });
});

describe('processes that nobody asked about', () => {
  it('do not keep their maker from being held', async () => {
    // A signal would tell of the stop as well.
    const unsignalled = mask.filter((kind) => kind !== 'signal');
    await using program = await launchFixture('storms', ['fork', '20'], { mask: unsignalled });
    const { attachment, engine } = program;
    const [main] = attachment.process.threads.values();
    assert.ok(main);
    attachment.insertBreakpoint(program.symbol('work'));
    for (let round = 0; round < 10; round++) {
      continueAll(attachment);
      attachment.hold([main]);
      assert.equal((await engine.next('held')).thread, main);
      assert.ok(main.isStopped);
    }
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, success);
    assert.equal(engine.count('breakpoint'), 0);
  });
});
