/** What a script can do to threads: stop, look, call functions, send signals; and how it leaves. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../../src/base/errors.js';
import { address, kernelSignal } from '../../../src/base/ids.js';
import { GeneralRegisters, type Process, type Thread } from '../../../src/core/index.js';
import type { ScriptedEngine } from '../../../src/engines/scripted/index.js';
import { bounded } from '../../support/bounded.js';
import { turnsOfTimers } from '../../support/event-loop.js';
import { compileFixture } from '../../support/fixture.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, processState } from '../../support/proc-files.js';
import { awaited, Bench, fixture, letGo, statusOf, success, symbolOf, together } from './bench.js';

const fixed = ['-no-pie', '-pthread'];

function firstThread(process: Process): Thread {
  const [thread] = process.threads.values();
  assert.ok(thread);
  return thread;
}

/** Held at the first instruction of a function of the program. */
async function heldAt(
  bench: Bench,
  name: string,
  functionName: string,
  args: readonly string[] = [],
): Promise<{
  engine: ScriptedEngine;
  thread: Thread;
  symbol: (name: string) => ReturnType<typeof symbolOf>;
}> {
  const launch = await fixture(name, args, [...fixed, '-lm']);
  const there = awaited('breakpoint');
  const engine = bench.engine({
    events: ['breakpoint'],
    held: true,
    onEvent: (event) => {
      there.hear(event);
      return 'hold';
    },
  });
  const process = await engine.launch(launch);
  const at = symbolOf(launch, functionName);
  engine.attachmentTo(process).insertBreakpoint(at);
  engine.resume();
  await there.heard;
  engine.attachmentTo(process).removeBreakpoint(at);
  return { engine, thread: firstThread(process), symbol: (symbol) => symbolOf(launch, symbol) };
}

function isGone(error: unknown): boolean {
  return isOutstepError(error) && error.code === errorCodes.NO_SUCH_THREAD;
}

describe('a script', () => {
  it('has functions called with arguments in registers and on the stack, and the registers stay', async () => {
    using bench = new Bench();
    const { engine, thread, symbol } = await heldAt(bench, 'inferior-calls', 'main');
    const before = thread.readRegset('general')?.slice();
    assert.equal(BigInt.asIntN(32, await engine.callFunction(thread, symbol('triple'), [14n])), 42n);
    const eight = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
    assert.equal(await engine.callFunction(thread, symbol('sum_of_eight'), eight), 36n);
    assert.deepEqual(thread.readRegset('general'), before);
    await assert.rejects(engine.callFunction(thread, symbol('faults')), (error) => {
      assert.ok(isOutstepError(error));
      assert.match(error.message, /call the function at 0x[0-9a-f]+: it got signal 11 at 0x/);
      return true;
    });
    assert.deepEqual(thread.readRegset('general'), before);
    assert.equal(BigInt.asIntN(32, await engine.callFunction(thread, symbol('triple'), [2n])), 6n);
    const { attachments } = thread.process;
    assert.equal(attachments.length, 1);
    await engine.attachmentTo(thread.process).kill();
  });

  it('ends a call that takes too long', async () => {
    using bench = new Bench();
    const { engine, thread, symbol } = await heldAt(bench, 'inferior-calls', 'main');
    const before = thread.readRegset('general')?.slice();
    const controller = new AbortController();
    const called = engine.callFunction(thread, symbol('forever'), [], { signal: controller.signal });
    await eventually('it runs', () => /[RS]/.test(processState(thread.process.pid)));
    controller.abort('it took too long');
    await assert.rejects(called, /it took too long/);
    assert.deepEqual(thread.readRegset('general'), before);
    await engine.attachmentTo(thread.process).kill();
  });

  it('sends signals whose handlers see what it says', async () => {
    using bench = new Bench();
    const { engine, thread, symbol } = await heldAt(bench, 'signals', 'raise_named', ['term']);
    const end = awaited('exit');
    const watcher = bench.engine({ events: ['exit', 'signal'], onEvent: end.hear });
    await watcher.attach(thread.process.pid);
    // struct siginfo: si_signo, si_errno, si_code, si_pid, si_uid, si_value.
    const siginfo = new Uint8Array(128);
    const view = new DataView(siginfo.buffer);
    for (const [offset, value] of [36, 0, 7, 0, 4711, 42, 99].entries())
      view.setInt32(offset * 4, value, true);
    assert.ok(engine.sendSignal(thread, kernelSignal(36), siginfo));
    const there = awaited('breakpoint');
    const handler = bench.engine({
      events: ['breakpoint'],
      held: true,
      onEvent: async (event) => {
        there.hear(event);
        await seen;
      },
    });
    let done: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => {
      done = resolve;
    });
    await handler.attach(thread.process.pid);
    handler.attachmentTo(thread.process).insertBreakpoint(symbol('on_queued'));
    letGo([engine, handler]);
    await there.heard;
    const { functionCall } = thread.process.arch;
    const registers = new GeneralRegisters(thread);
    const info = registers.read(functionCall.argumentOffsets[1] ?? 0);
    const told = thread.process.memory.read(address(info), 28).slice();
    assert.deepEqual([...new Int32Array(told.buffer)], [36, 0, 7, 0, 4711, 42, 99]);
    done();
    await engine.detach();
    assert.deepEqual(statusOf(await end.heard), { kind: 'killed', signal: 15 });
  });

  it('examines a thread that another one holds, and hears when it was killed meanwhile', async () => {
    using bench = new Bench();
    const engines = await together(bench, await fixture('spinner', ['1000']), [{ name: 'A' }, { name: 'B' }]);
    const [a, b] = engines;
    assert.ok(a && b);
    const [process] = a.processes;
    assert.ok(process);
    const thread = firstThread(process);
    letGo([b]);
    const pc = await b.examine(thread, () => thread.pc);
    assert.equal(await b.examine(thread, async () => thread.pc), pc);
    letGo([a]);
    assert.ok(thread.isRunning);
    assert.ok((await a.examine(thread, () => thread.pc)) > 0n);
    assert.ok(thread.isRunning);
    const killed = a.examine(thread, async () => {
      globalThis.process.kill(process.pid, 'SIGKILL');
      await eventually('it is gone', () => !thread.isAlive || thread.hasVanished);
    });
    await assert.rejects(killed, isGone);
    await assert.rejects(a.stop(thread), (error) => isOutstepError(error));
  });

  it('hears that the first thread has ended before the others, whom it would wait for', async () => {
    using bench = new Bench();
    const engine = bench.engine({ held: true });
    const process = await engine.launch(await fixture('ended-leader'));
    const leader = firstThread(process);
    letGo([engine]);
    await eventually('the first thread has ended', () => processState(process.pid) === 'Z');
    await assert.rejects(engine.stop(leader), isGone);
    await assert.rejects(engine.stopSafely(leader), isGone);
    globalThis.process.kill(process.pid, 'SIGKILL');
    await eventually('the process has ended', () => !process.isAlive);
    assert.equal(leader.state.kind, 'gone');
  });

  it('killed while every engine holds it in a callback, a program is told to have ended, and nothing after', async () => {
    using bench = new Bench();
    const told: string[] = [];
    const ends = [awaited('exit'), awaited('exit')];
    const row = (name: string, index: number) => ({
      name,
      events: ['signal', 'exit'] as const,
      timeoutMs: 60_000,
      onEvent: (event: Parameters<(typeof ends)[0]['hear']>[0]) => {
        told.push(`${name} ${event.kind}`);
        ends[index]?.hear(event);
        return event.kind === 'signal' ? new Promise<undefined>(() => undefined) : undefined;
      },
    });
    const engines = await together(bench, await fixture('signals', ['usr1']), [row('A', 0), row('B', 1)]);
    const [process] = engines[0]?.processes ?? [];
    assert.ok(process);
    letGo(engines);
    await eventually('A is asked', () => told.length > 0);
    globalThis.process.kill(process.pid, 'SIGKILL');
    for (const { heard } of ends) assert.deepEqual(statusOf(await heard), { kind: 'killed', signal: 9 });
    assert.deepEqual(told, ['A signal', 'A exit', 'B exit']);
    assert.deepEqual(bench.warnings, []);
  });

  it('stops, and its client with it: the thread runs again and the others notice nothing', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const [a, b] = await together(bench, await fixture('hot-threads', ['2', '1000']), [
      { name: 'A' },
      { name: 'B', events: ['exit'], onEvent: end.hear },
    ]);
    assert.ok(a && b);
    letGo([b]);
    assert.equal(await a.detach(), 'detached');
    assert.deepEqual(statusOf(await end.heard), success);
  });

  it('leaves with one result where the program ends at the same time', async () => {
    const path = await compileFixture('exit', {});
    using bench = new Bench();
    const counts = { detached: 0, exited: 0 };
    for (let round = 0; round < 200; round++) {
      using orphan = startOrphan(path, ['0']);
      const engine = bench.engine({});
      try {
        await engine.attach(orphan.pid);
      } catch (error) {
        assert.ok(isOutstepError(error), String(error));
        counts.exited += 1;
        continue;
      }
      counts[await bounded(engine.detach(), 20_000, () => `round ${round}`)] += 1;
      assert.equal(engine.processes.length, 0);
    }
    assert.equal(counts.detached + counts.exited, 200);
    assert.deepEqual(bench.tracer.tableSizes().processes, 0);
    assert.deepEqual(bench.warnings, []);
  });

  it('attached from within a callback does not hear of the event, and hears of the next', async () => {
    using bench = new Bench();
    const told: string[] = [];
    const end = awaited('exit');
    const late = bench.engine({
      events: ['signal', 'exit'],
      onEvent: (event) => {
        told.push(event.kind);
        return end.hear(event);
      },
    });
    const first = bench.engine({
      events: ['signal'],
      onEvent: async ({ kind }, { processes: [process] }) => {
        if (kind === 'signal' && late.processes.length === 0 && process) await late.attach(process.pid);
        return undefined;
      },
    });
    await first.launch(await fixture('signals', ['usr1', 'usr1']));
    assert.deepEqual(statusOf(await end.heard), success);
    assert.deepEqual(told, ['signal', 'exit']);
  });

  it('of which a second one is put on a child before its first instruction', async () => {
    using bench = new Bench();
    const launch = await fixture('families', ['fork'], fixed);
    const childEnd = awaited('exit');
    const hits: number[] = [];
    const second = bench.engine({
      events: ['breakpoint', 'exit'],
      held: true,
      onEvent: (event) => {
        if (event.kind === 'breakpoint') hits.push(event.thread.process.pid);
        return childEnd.hear(event);
      },
    });
    const parentEnd = awaited('exit');
    let child = 0;
    const first = bench.engine({
      events: ['fork', 'exit'],
      onEvent: async (event) => {
        if (event.kind !== 'fork')
          return event.kind === 'exit' && event.pid !== child ? parentEnd.hear(event) : undefined;
        child = event.child.pid;
        await second.attach(event.child.pid);
        second.attachmentTo(event.child).insertBreakpoint(symbolOf(launch, 'work'));
        second.resume();
        return { child: 'detach' };
      },
    });
    await first.launch(launch);
    await childEnd.heard;
    await parentEnd.heard;
    assert.ok(hits.length > 0);
    assert.deepEqual([...new Set(hits)], [child]);
  });

  it('and another one hear the same story of forks, execs and threads', async () => {
    for (const kind of ['fork', 'vfork', 'exec', 'thread-exec', 'clone']) {
      using bench = new Bench();
      const stories: string[][] = [[], []];
      const ends = [awaited('exit'), awaited('exit')];
      let root = 0;
      const row = (index: number) => ({
        name: `engine ${index}`,
        events: [
          'fork',
          'vfork',
          'vfork-done',
          'exec',
          'clone',
          'thread-start',
          'thread-exit',
          'exit',
        ] as const,
        onEvent: (event: Parameters<(typeof ends)[0]['hear']>[0]) => {
          stories[index]?.push(
            `${event.kind} ${'thread' in event ? event.thread.process.pid : event.process.pid}`,
          );
          return event.kind === 'exit' && event.pid !== root ? undefined : ends[index]?.hear(event);
        },
      });
      const engines = await together(bench, await fixture('families', [kind], fixed), [row(0), row(1)]);
      root = engines[0]?.processes[0]?.pid ?? 0;
      letGo(engines);
      for (const { heard } of ends) await heard;
      assert.deepEqual(stories[0], stories[1], kind);
      assert.ok((stories[0]?.length ?? 0) > 1, kind);
    }
  });
});

describe('a thread that waits in a system call', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
  const [fifo, file] = [join(folder, 'fifo'), join(folder, 'file')];
  before(() => void execFileSync('mkfifo', [fifo]));
  after(() => rmSync(folder, { recursive: true }));

  for (const how of ['stopSafely', 'stop'] as const)
    it(
      how === 'stop' ? 'is interrupted by a stop at once' : 'is not disturbed by a stop at a safe point',
      async () => {
        rmSync(file, { force: true });
        const said = (text: string) => () => existsSync(file) && readFileSync(file, 'latin1') === text;
        using program = startOrphan(await compileFixture('waiting-calls', {}), [fifo, file]);
        await eventually('it waits', said('waits\n'));
        using bench = new Bench();
        const engine = bench.engine({});
        const process = await engine.attach(program.pid);
        const thread = firstThread(process);
        await eventually(
          'it waits',
          () => processState(program.pid) === 'S' && thread.callReturn() !== undefined,
        );
        // Attaching may have stopped the call, which the program makes again then.
        const soFar = readFileSync(file, 'latin1');
        const stopped = engine[how](thread);
        if (how === 'stopSafely') {
          await turnsOfTimers(20);
          assert.ok(thread.isRunning);
          writeFileSync(fifo, 'x');
        }
        await stopped;
        assert.ok(thread.isStopped);
        assert.equal(await engine.detach(), 'detached');
        if (how === 'stop') {
          await eventually('its call was broken off', said(`${soFar}waits\n`));
          writeFileSync(fifo, 'x');
        }
        await eventually('it ends', said(how === 'stop' ? `${soFar}waits\nbyte\n` : `${soFar}byte\n`));
      },
    );
});
