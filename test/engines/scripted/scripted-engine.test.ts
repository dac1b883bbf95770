import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../../src/base/errors.js';
import { kernelSignal } from '../../../src/base/ids.js';
import { callOf } from '../../../src/core/index.js';
import type { EngineOptions } from '../../../src/engines/scripted/index.js';
import { callNumbers } from '../../support/call-numbers.js';
import { compileFixture } from '../../support/fixture.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, systemCallOf, threadsOf, tracerOf } from '../../support/proc-files.js';
import { awaited, Bench, fixture, letGo, statusOf, success, symbolOf, together } from './bench.js';

const usr1 = kernelSignal(10);
const usr2 = kernelSignal(12);
const sigkill = 9;
const minusEperm = -1n;

describe('engines of scripts', () => {
  it('are told in order of attachment, on the way into a system call the other way round, each what it asked for', async () => {
    using bench = new Bench();
    const told: string[] = [];
    const end = awaited('exit');
    const row = (name: string, events: EngineOptions['events']): EngineOptions => ({
      name,
      events: events ?? [],
      onEvent: (event) => {
        if (event.kind === 'system-call-entry') told.push(`>${name}`);
        else if (event.kind === 'system-call-return') told.push(`<${name}`);
        else if (event.kind === 'signal') told.push(`${event.signal}${name}`);
        else told.push(`${event.kind}${name}`);
        if (name === 'A') end.hear(event);
        return undefined;
      },
    });
    const engines = await together(bench, await fixture('signals', ['usr1']), [
      row('A', ['signal', 'exit']),
      row('B', ['signal']),
      row('C', ['signal', 'exit']),
      row('D', []),
    ]);
    letGo(engines);
    assert.deepEqual(statusOf(await end.heard), success);
    await engines[0]?.detach();
    assert.deepEqual(told, ['10A', '10B', '10C', 'exitA', 'exitC']);
  });

  it('step over whole blocks', async () => {
    using bench = new Bench();
    const wanted = 50;
    const stopped: bigint[] = [];
    const end = awaited('exit');
    const engine = bench.engine({
      name: 'blocks',
      events: ['step-done', 'exit'],
      held: true,
      onEvent: (event) => {
        end.hear(event);
        if (event.kind !== 'step-done') return undefined;
        stopped.push(event.thread.pc);
        return stopped.length < wanted ? 'block-step' : 'resume';
      },
    });
    const program = await engine.launch(await fixture('signals', ['usr1']));
    engine.resume(program.threads.values(), 'block-step');
    assert.deepEqual(statusOf(await end.heard), success);
    assert.equal(stopped.length, wanted);
  });

  it("see a system call last come first served, and answer it in the kernel's stead", async () => {
    using bench = new Bench();
    const told: string[] = [];
    const end = awaited('exit');
    const getppid = new Set([callNumbers.getppid]);
    const events = ['system-call-entry', 'system-call-return'] as const;
    const row = (name: string, answers: boolean): EngineOptions => ({
      name,
      events: [...events, 'exit'],
      systemCalls: getppid,
      onEvent: (event) => {
        end.hear(event);
        if (event.kind !== 'system-call-entry' && event.kind !== 'system-call-return') return;
        const call = callOf(event);
        if (answers && call.end === 'entry') call.answer(minusEperm);
        told.push(`${name} ${call.end} ${call.isAnswered} ${call.result}`);
      },
    });
    const engines = await together(bench, await fixture('system-calls', ['call', '2']), [
      row('A', false),
      row('B', true),
    ]);
    letGo(engines);
    assert.deepEqual(statusOf(await end.heard), success);
    const once = ['B entry true -1', 'A entry true -1', 'A return true -1', 'B return true -1'];
    assert.deepEqual(told, [...once, ...once]);
  });

  it('change arguments and results, and the program finds its registers as it left them', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const written: bigint[] = [];
    const engine = bench.engine({
      events: ['system-call-entry', 'system-call-return', 'exit'],
      systemCalls: new Set([callNumbers.exitGroup]),
      onEvent: (event) => {
        end.hear(event);
        if (event.kind !== 'system-call-entry') return;
        const call = callOf(event);
        written.push(call.arguments[0] ?? -1n);
        call.setArgument(0, 7n);
        written.push(call.arguments[0] ?? -1n);
      },
    });
    await engine.launch(await fixture('signals'));
    assert.deepEqual(statusOf(await end.heard), { kind: 'exited', code: 7 });
    assert.deepEqual(written, [0n, 7n]);
  });

  it('swallow and replace signals, of which those who come later are told', async () => {
    using bench = new Bench();
    const told: string[] = [];
    const end = awaited('exit');
    const engines = await together(bench, await fixture('signals', ['usr1', 'term']), [
      {
        name: 'A',
        events: ['signal'],
        onEvent: async (event) => {
          if (event.kind !== 'signal') return;
          await Promise.resolve();
          return { signal: event.signal === usr1 ? usr2 : 'none' };
        },
      },
      {
        name: 'B',
        events: ['signal', 'exit'],
        onEvent: (event) => {
          end.hear(event);
          if (event.kind === 'signal') told.push(`${event.signal} ${event.isSwallowed}`);
        },
      },
    ]);
    letGo(engines);
    assert.deepEqual(statusOf(await end.heard), success);
    assert.deepEqual(told, ['12 false', '15 true']);
  });

  it('hold only the thread that waits for a response, and step it', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const order: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let steps = 0;
    const engine = bench.engine({
      events: ['signal', 'step-done', 'exit'],
      onEvent: async (event) => {
        order.push(event.kind);
        end.hear(event);
        if (event.kind === 'signal') {
          await released;
          return 'step';
        }
        if (event.kind === 'step-done' && steps < 3) {
          steps += 1;
          return 'step';
        }
        return undefined;
      },
    });
    const process = await engine.launch(await fixture('signals', ['usr1']));
    await eventually('it waits', () => order.length > 0);
    const [thread] = [...process.threads.values()];
    assert.ok(thread?.isStopped);
    engine.resume();
    assert.ok(thread.isStopped);
    release();
    assert.deepEqual(statusOf(await end.heard), success);
    assert.deepEqual(order, ['signal', 'step-done', 'step-done', 'step-done', 'step-done', 'exit']);
  });

  it('are detached alone when they throw, never respond, or loop, with a warning that names them', async () => {
    const faults: Readonly<Record<string, NonNullable<EngineOptions['onEvent']>>> = {
      thrower: () => {
        throw new Error('a fault of the script');
      },
      sleeper: () => new Promise(() => undefined),
      rejecter: () => Promise.reject(new Error('a late fault')),
      looper: () => {
        for (;;);
      },
    };
    for (const [name, onEvent] of Object.entries(faults)) {
      using bench = new Bench();
      const end = awaited('exit');
      const heard: string[] = [];
      const engines = await together(bench, await fixture('signals', ['usr1', 'usr1']), [
        { name, events: ['signal', 'exit'], timeoutMs: 200, onEvent },
        {
          events: ['signal', 'exit'],
          onEvent: (event) => {
            heard.push(event.kind);
            end.hear(event);
          },
        },
      ]);
      letGo(engines);
      assert.deepEqual(statusOf(await end.heard), success, name);
      assert.deepEqual(heard, ['signal', 'signal', 'exit'], name);
      assert.equal(bench.warnings.length, 1, bench.warnings.join('\n'));
      assert.match(bench.warnings[0] ?? '', new RegExp(`^engine ${name} failed and is detached: `));
    }
  });

  it('leave a process that they were alone on as it was when they fail', async () => {
    using bench = new Bench();
    const program = await compileFixture('system-calls', { flags: ['-pthread'] });
    using orphan = startOrphan(program, ['blocked']);
    await eventually('it is blocked', () => systemCallOf(orphan.pid) === callNumbers.nanosleep);
    const engine = bench.engine({
      events: ['held'],
      onEvent: () => {
        throw new Error('a fault of the script');
      },
    });
    const process = await engine.attach(orphan.pid);
    engine.interrupt();
    await eventually('it is let go', () => !process.isAlive);
    assert.equal(tracerOf(orphan.pid), 0);
    await eventually('its call goes on', () => systemCallOf(orphan.pid) !== undefined);
  });

  it('run a loop over events, each waiting for the loop', async () => {
    using bench = new Bench();
    const engine = bench.engine({ events: ['signal', 'exit'] });
    await engine.launch(await fixture('signals', ['usr1', 'term', 'usr1']));
    const seen: string[] = [];
    for await (const { event, respond } of engine) {
      seen.push(event.kind === 'signal' ? `signal ${event.signal}` : event.kind);
      if (event.kind === 'signal' && event.signal !== usr1) respond({ signal: 'none' });
    }
    assert.deepEqual(seen, ['signal 10', 'signal 15', 'signal 10', 'exit']);
  });

  it('that leave their loop are detached, and the program runs on', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const [looping, watching] = await together(bench, await fixture('signals', ['usr1', 'usr1']), [
      { events: ['signal'] },
      { events: ['exit'], onEvent: end.hear },
    ]);
    assert.ok(looping && watching);
    letGo([looping, watching]);
    for await (const { event } of looping) {
      assert.equal(event.kind, 'signal');
      break;
    }
    assert.equal(looping.processes.length, 0);
    assert.deepEqual(statusOf(await end.heard), success);
  });

  it('of which two would be exclusive are refused by the name of the first', async () => {
    using bench = new Bench();
    const first = bench.engine({ name: 'first', exclusive: true, held: true });
    const { pid } = await first.launch(await fixture('signals'));
    const second = bench.engine({ name: 'second', exclusive: true });
    await assert.rejects(second.attach(pid), (error) => {
      assert.ok(isOutstepError(error));
      assert.equal(error.code, errorCodes.ATTACH_REFUSED);
      assert.match(error.message, /second cannot be exclusive on process \d+: first is already/);
      return true;
    });
    await first.attachmentTo(first.processes[0] ?? assert.fail()).kill();
  });

  it('hear nothing of a kind that they have given up once that has resolved', async () => {
    using bench = new Bench();
    let isNarrow = false;
    let count = 0;
    const end = awaited('exit');
    const engine = bench.engine({
      events: ['system-call-entry', 'exit'],
      systemCalls: new Set([callNumbers.getppid]),
      onEvent: async (event) => {
        if (event.kind !== 'exit') {
          assert.ok(!isNarrow, event.kind);
          count += 1;
          await Promise.resolve();
          assert.ok(!isNarrow, event.kind);
        }
        end.hear(event);
      },
    });
    await engine.launch(await fixture('system-calls', ['threads', '2000']));
    await eventually('calls are told', () => count > 10);
    await engine.setEvents(['exit']);
    isNarrow = true;
    assert.deepEqual(statusOf(await end.heard), success);
    assert.ok(count < 4000, `${count} calls told`);
  });

  it('hear only of the threads that they have named', async () => {
    using bench = new Bench();
    const program = await compileFixture('spinner', { flags: ['-pthread'] });
    using spinner = startOrphan(program, ['3']);
    await eventually('its threads are there', () => threadsOf(spinner.pid).length === 3);
    const heard: number[] = [];
    const all: number[] = [];
    const everyone = bench.engine({
      events: ['signal'],
      onEvent: (event) => {
        if (event.kind === 'signal') all.push(event.thread.tid);
        return { signal: 'none' };
      },
    });
    const process = await everyone.attach(spinner.pid);
    const [first, second, third] = process.threads.keys();
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const some = bench.engine({
      events: ['signal', 'exit'],
      threads: [second, third],
      onEvent: (event) => {
        heard.push('thread' in event ? event.thread.tid : 0);
        return undefined;
      },
    });
    await some.attach(process.pid);
    for (const [index, tid] of [first, second, third].entries()) {
      bench.tracer.native.tgkill(process.pid, tid, usr1);
      await eventually('it is told', () => all.length === index + 1);
    }
    assert.deepEqual(all, [first, second, third]);
    assert.deepEqual(heard, [second, third]);
    // What becomes of the process as a whole concerns everybody.
    bench.tracer.native.tgkill(process.pid, first, sigkill);
    await eventually('its end is told', () => heard.at(-1) === 0);
  });

  it('leave when a response fails at last whose thread is gone already', async () => {
    using bench = new Bench();
    const launch = await fixture('exec', ['other', '/bin/true'], ['-no-pie', '-pthread']);
    const [there, executed, end] = [awaited('breakpoint'), awaited('exec'), awaited('exit')];
    const other = bench.engine({
      events: ['breakpoint', 'exec', 'exit'],
      held: true,
      onEvent: (event) => {
        for (const one of [there, executed, end]) one.hear(event);
        return event.kind === 'exit' ? undefined : 'hold';
      },
    });
    const process = await other.launch(launch);
    other.attachmentTo(process).insertBreakpoint(symbolOf(launch, 'become'));
    const told = awaited('signal');
    let fail: (error: Error) => void = () => undefined;
    const late = bench.engine({
      name: 'late',
      events: ['signal'],
      timeoutMs: 120_000,
      onEvent: (event) => {
        told.hear(event);
        return new Promise((_resolve, reject) => {
          fail = reject;
        });
      },
    });
    await late.attach(process.pid);
    other.resume();
    await there.heard;
    bench.tracer.native.tgkill(process.pid, process.pid, usr1);
    await told.heard;
    other.resume();
    await executed.heard;
    fail(new Error('a late fault'));
    await eventually('it has left', () => late.processes.length === 0 || process.attachments.length === 1);
    assert.match(bench.warnings.join('\n'), /^engine late failed and is detached: .*a late fault$/);
    other.resume();
    assert.deepEqual(statusOf(await end.heard), success);
  });
});
