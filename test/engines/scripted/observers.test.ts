/** Engines that come, go and hold while events are being told. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Thread } from '../../../src/core/index.js';
import type { EngineOptions, ScriptedEngine } from '../../../src/engines/scripted/index.js';
import { compileFixture } from '../../support/fixture.js';
import { startGrandchild } from '../../support/orphan.js';
import { eventually } from '../../support/proc-files.js';
import { awaited, Bench, fixture, letGo, statusOf, success, together } from './bench.js';

describe('several engines of scripts', () => {
  for (const order of [
    [1, 3],
    [3, 1],
  ])
    it(`of which two of five hold a thread: it runs when both let it, ${order.join(' before ')}`, async () => {
      using bench = new Bench();
      const end = awaited('exit');
      const told: number[] = [];
      let held: Thread | undefined;
      const row = (index: number): EngineOptions => ({
        name: `engine ${index}`,
        events: ['signal', 'exit'],
        onEvent: (event) => {
          if (event.kind !== 'signal') return end.hear(event);
          told.push(index);
          held = event.thread;
          return order.includes(index) ? 'hold' : undefined;
        },
      });
      const engines = await together(bench, await fixture('signals', ['usr1']), [0, 1, 2, 3, 4].map(row));
      letGo(engines);
      await eventually('all are told', () => told.length === 5);
      assert.ok(held);
      const [first, last] = order.map((index) => engines[index]);
      for (const engine of [undefined, first]) {
        engine?.resume([held]);
        // The wishes of those that do not hold it make no difference.
        for (const index of [0, 2, 4]) engines[index]?.resume([held]);
        assert.ok(held.isStopped);
      }
      last?.resume([held]);
      assert.deepEqual(statusOf(await end.heard), success);
      assert.deepEqual(told, [0, 1, 2, 3, 4]);
    });

  it('may be put on and taken off from within callbacks, and those that stay are told in order', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const told: string[] = [];
    const row = (name: string, onSignal?: (engine: ScriptedEngine) => ReturnType<typeof answer>) => ({
      name,
      events: ['signal', 'exit'] as const,
      onEvent: (event: Parameters<typeof end.hear>[0], engine: ScriptedEngine) => {
        told.push(`${name} ${event.kind}`);
        return event.kind === 'signal' ? onSignal?.(engine) : end.hear(event);
      },
    });
    const answer = async (): Promise<{ readonly detach: true } | undefined> => undefined;
    const late = bench.engine(row('late'));
    const neighbour = { engine: undefined as ScriptedEngine | undefined };
    let isFirst = true;
    const engines = await together(bench, await fixture('signals', ['usr1', 'usr2']), [
      row('A', async ({ processes: [process] }) => {
        if (!isFirst || process === undefined) return undefined;
        isFirst = false;
        await late.attach(process.pid);
        await neighbour.engine?.detach();
        return undefined;
      }),
      row('B', async () => ({ detach: true })),
      row('C'),
      row('D'),
    ]);
    [, , neighbour.engine] = engines;
    letGo(engines);
    assert.deepEqual(statusOf(await end.heard), success);
    await eventually('all are told of the end', () => told.at(-1) === 'late exit');
    const both = ['A signal', 'B signal', 'D signal', 'A signal', 'D signal', 'late signal'];
    assert.deepEqual(told, [...both, 'A exit', 'D exit', 'late exit']);
    assert.deepEqual(bench.warnings, []);
  });

  it('hold each program that a running tree executes before its first instruction', async () => {
    const script = 'read line; for i in 1 2 3; do /bin/true; done; exec /bin/sh -c "exit 7"';
    await using tree = await startGrandchild('tree', ['/bin/sh', '-c', script]);
    using bench = new Bench();
    const end = awaited('exit');
    const programs: string[] = [];
    const engine = bench.engine({
      events: ['fork', 'vfork', 'exec', 'exit'],
      onEvent: async (event) => {
        if (event.kind === 'exit') return event.pid === tree.pid ? end.hear(event) : undefined;
        if (event.kind !== 'exec') return undefined;
        const { thread, path } = event;
        programs.push(path);
        assert.ok(thread.isStopped);
        // Of the dynamic loader or, without one, of the program: nothing of it has run.
        assert.equal(thread.readRegister(thread.process.registerFile.byRole('pc'))?.length, 8);
        const { program } = thread.process;
        assert.ok(program.entryPoint() !== undefined);
        await Promise.resolve();
        return undefined;
      },
    });
    await engine.attach(tree.pid);
    tree.process.write('\n');
    assert.deepEqual(statusOf(await end.heard), { kind: 'exited', code: 7 });
    assert.equal(programs.filter((path) => /\/true$/.test(path)).length, 3, programs.join());
    assert.match(programs.at(-1) ?? '', /sh$/);
    assert.equal(programs.length, 4);
  });

  it('leave the event loop to a server in the same program, and do nothing while nothing happens', async () => {
    const { createServer } = await import('node:http');
    using bench = new Bench();
    const server = createServer((_, response) => response.end('served')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const place = server.address();
    assert.ok(place !== null && typeof place === 'object');
    const ask = async () => (await fetch(`http://127.0.0.1:${place.port}/`)).text();
    await using program = await startGrandchild('program', [
      await compileFixture('traced-calls'),
      'later',
      '5000',
      '100',
    ]);
    const engine = bench.engine({ events: ['system-call-entry', 'exit'] });
    await engine.attach(program.pid);
    assert.equal(await ask(), 'served');
    const waits = countCalls(bench, 'wait');
    assert.equal(await ask(), 'served');
    assert.equal(await ask(), 'served');
    assert.equal(waits(), 0, 'nobody looks for news where there are none');
    let events = 0;
    let answersMeanwhile = 0;
    let asked: Promise<unknown> | undefined;
    program.process.write('x');
    for await (const { event } of engine) {
      events += 1;
      if (event.kind === 'exit') break;
      asked ??= ask().then((text) => {
        assert.equal(text, 'served');
        answersMeanwhile += 1;
        asked = undefined;
      });
    }
    assert.ok(events > 5100, `${events} events`);
    assert.ok(answersMeanwhile > 2, `${answersMeanwhile} answers`);
    await asked;
    server.close();
    server.closeAllConnections();
  });
});

/** How often a function of native code is called from now on. */
function countCalls(bench: Bench, name: 'wait'): () => number {
  const { native } = bench.tracer;
  const original = native[name];
  let count = 0;
  Object.defineProperty(native, name, {
    configurable: true,
    value: (...words: Parameters<typeof original>) => {
      count += 1;
      return original.apply(native, words);
    },
  });
  return () => count;
}
