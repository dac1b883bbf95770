/** System calls that an engine hears of in lists, while their threads run on or wait. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../arch/system-calls.js';
import { address } from '../../src/base/ids.js';
import {
  type Attachment,
  type CallLogging,
  type CoreEvent,
  type EventAnswer,
  type EventKind,
  type LoggedCall,
  Tracer,
} from '../../src/core/index.js';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { eventually, processState } from '../support/proc-files.js';
import { continueAll, launchOptions, RecordingEngine } from './traced-program.js';

const mask: readonly EventKind[] = ['system-call-entry', 'system-call-return', 'step-done', 'signal', 'exit'];
const success = { kind: 'exited', code: 0 };
const goesOn: CallLogging = { entry: 'goes-on', return: 'goes-on' };
const waits: CallLogging = { entry: 'waits', return: 'waits' };

interface Heard {
  readonly end: LoggedCall['end'] | 'event';
  readonly name: string;
  readonly call: LoggedCall | undefined;
}

class LoggingEngine extends RecordingEngine {
  readonly heard: Heard[] = [];
  onCall: (call: LoggedCall, name: string) => void = () => undefined;

  constructor() {
    super([], mask);
  }

  override onEvent(event: CoreEvent): EventAnswer {
    this.heard.push({ end: 'event', name: event.kind, call: undefined });
    return super.onEvent(event);
  }

  onLoggedCall(call: LoggedCall): void {
    const name = systemCallsOf(call.thread.process.arch).nameOf(call.number) ?? '';
    this.heard.push({ end: call.end, name, call });
    this.onCall(call, name);
  }

  all(end: Heard['end'], name: string): Heard[] {
    return this.heard.filter((one) => one.end === end && one.name === name);
  }
}

interface Logged extends Disposable {
  readonly engine: LoggingEngine;
  readonly attachment: Attachment;
  readonly warnings: string[];
  ended(): Promise<unknown>;
}

/** `traced-calls`, with getpid logged as given, and openat with its threads waiting. */
async function start(args: readonly string[], getpid: CallLogging | 'unsaid' = goesOn): Promise<Logged> {
  const engine = new LoggingEngine();
  const warnings: string[] = [];
  const tracer = new Tracer((message) => warnings.push(message));
  const program = await compileFixture('traced-calls');
  const attachment = await tracer.launch(launchOptions(program, args), engine);
  const numberOf = (name: string): number =>
    systemCallsOf(attachment.process.arch).numberOf(name) ?? assert.fail(name);
  const logged = new Map([[numberOf('openat'), waits]]);
  if (getpid !== 'unsaid') logged.set(numberOf('getpid'), getpid);
  attachment.setLoggedCalls({ byNumber: logged, others: undefined });
  attachment.setCaughtSystemCalls(new Set(['getpid', 'openat'].map(numberOf)));
  return {
    engine,
    attachment,
    warnings,
    ended: async () => (await engine.next('exit')).status,
    [Symbol.dispose]: () => tracer.dispose(),
  };
}

function pathOf({ thread, arguments: args }: LoggedCall): string {
  const bytes = thread.process.memory.read(address(args[1] ?? 0n), 9);
  return String.fromCharCode(...bytes);
}

describe('calls that are logged', () => {
  it('are told in order, with arguments, results and times, before what comes behind them', async () => {
    const count = 100 * Math.ceil(20 / timeFactor);
    const startMs = Date.now();
    using logged = await start(['many', String(count), '20']);
    const { engine, attachment } = logged;
    const paths: string[] = [];
    engine.onCall = (call, name) => {
      if (name === 'openat' && call.end === 'entry') paths.push(pathOf(call));
    };
    const { pid } = attachment.process;
    continueAll(attachment);
    assert.deepEqual(await logged.ended(), success);
    const { heard } = engine;
    assert.equal(heard.at(-1)?.name, 'exit');
    assert.equal(engine.all('event', 'system-call-entry').length, 0);
    const ends = heard.slice(0, -1).map(({ end }) => end);
    assert.ok(ends.every((end, index) => end === (index % 2 === 0 ? 'entry' : 'return')));
    const pids = engine.all('return', 'getpid').map(({ call }) => call?.result);
    assert.deepEqual(pids, Array<bigint>(count).fill(BigInt(pid)));
    assert.equal(paths.filter((path) => path === '/nowhere\0').length, 20);
    const last = engine.all('entry', 'openat').at(-1)?.call;
    assert.equal(BigInt.asIntN(32, last?.arguments[0] ?? 0n), -100n);
    assert.equal(last?.arguments.length, 6);
    assert.notEqual(last?.stackPointer, 0n);
    assert.equal(engine.all('return', 'openat').at(-1)?.call?.result, -2n);
    const times = heard.flatMap(({ call }) => call?.timeMs ?? []);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    );
    assert.ok((times[0] ?? 0) >= startMs && (times.at(-1) ?? 0) <= Date.now() + 1);
  });

  it('have their thread wait where that is asked for', async () => {
    using logged = await start(['many', '100', '10'], { entry: 'goes-on', return: 'waits' });
    const { engine, attachment } = logged;
    const states: string[] = [];
    engine.onCall = ({ thread, end }, name) => {
      if (name === 'openat' || end === 'return') states.push(processState(thread.tid));
    };
    continueAll(attachment);
    assert.deepEqual(await logged.ended(), success);
    assert.ok(states.length >= 120);
    assert.deepEqual(new Set(states), new Set(['t']));
  });

  it('bring memory with them as it was at their ends', async () => {
    using logged = await start(['many', '100', '10']);
    const { engine, attachment } = logged;
    const openat = systemCallsOf(attachment.process.arch).numberOf('openat') ?? -1;
    const path = { argument: 1, isString: true, mostBytes: 64 };
    const logging: CallLogging = {
      ...goesOn,
      entryReads: [path, { argument: 1, mostBytes: 4 }, { argument: 0, mostBytes: 8 }],
      returnReads: [
        { ...path, needsSuccess: true },
        { argument: 1, count: 'result', mostBytes: 2 },
      ],
    };
    attachment.setLoggedCalls({ byNumber: new Map([[openat, logging]]), others: goesOn });
    continueAll(attachment);
    assert.deepEqual(await logged.ended(), success);
    const texts = (end: 'entry' | 'return'): string[] =>
      engine
        .all(end, 'openat')
        .slice(-10)
        .map(({ call }) => (call?.memory ?? []).map(({ bytes }) => String.fromCharCode(...bytes)).join('|'));
    // AT_FDCWD is the address of nothing.
    assert.deepEqual(texts('entry'), Array<string>(10).fill('/nowhere\0|/now|'));
    // It fails: no more of the path, and as much as may be for a result that is a large number.
    assert.deepEqual(texts('return'), Array<string>(10).fill('/n'));
    const lengths = engine
      .all('entry', 'openat')
      .at(-1)
      ?.call?.memory.map(({ mostBytes }) => mostBytes);
    assert.deepEqual(lengths, [64, 4, 8]);
    assert.deepEqual(engine.all('entry', 'getpid').at(-1)?.call?.memory, []);
  });

  it('lose nothing when all threads are stopped and let go again', async () => {
    const count = 100 * Math.ceil(200 / timeFactor);
    using logged = await start(['many', String(count), '100']);
    const { engine, attachment } = logged;
    continueAll(attachment);
    let rounds = 0;
    while (attachment.process.isAlive && engine.all('return', 'getpid').length < count) {
      await attachment.quiesce();
      continueAll(attachment);
      rounds += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await logged.ended(), success);
    assert.ok(rounds > 1);
    for (const end of ['entry', 'return'] as const) {
      assert.equal(engine.all(end, 'getpid').length, count);
      assert.equal(engine.all('event', `system-call-${end}`).length, 0);
    }
  });

  it('are told by events to several engines, and in lists again to the one that is left', async () => {
    using logged = await start(['many', '1000', '10']);
    const { engine, attachment } = logged;
    const other = new RecordingEngine([], mask);
    const second = attachment.process.attachEngine(other);
    second.setCaughtSystemCalls(attachment.caughtSystemCalls);
    continueAll(attachment);
    continueAll(second);
    await other.next('system-call-return');
    await attachment.quiesce();
    assert.equal(engine.heard.filter(({ end }) => end !== 'event').length, 0);
    second.withdraw();
    continueAll(attachment);
    assert.deepEqual(await logged.ended(), success);
    const [entries, returns] = (['entry', 'return'] as const).map((end) => {
      const events = engine.heard.filter(({ name }) => name === `system-call-${end}`).length;
      return [events, engine.all(end, 'getpid').length + engine.all(end, 'openat').length] as const;
    });
    assert.ok(entries !== undefined && returns !== undefined && entries[0] > 0 && entries[1] > 0);
    assert.equal(entries[0] + entries[1], returns[0] + returns[1]);
  });

  it('are told by events where nothing is said of them', async () => {
    using logged = await start(['many', '50', '5'], 'unsaid');
    continueAll(logged.attachment);
    assert.deepEqual(await logged.ended(), success);
    assert.equal(logged.engine.all('event', 'system-call-return').length, 50);
    assert.ok(logged.engine.all('return', 'openat').length >= 5);
  });

  it('are told by events to an engine that takes no lists', async () => {
    const engine = new RecordingEngine([], mask);
    using tracer = new Tracer();
    const program = await compileFixture('traced-calls');
    const attachment = await tracer.launch(launchOptions(program, ['many', '50']), engine);
    const getpid = systemCallsOf(attachment.process.arch).numberOf('getpid') ?? -1;
    attachment.setLoggedCalls({ byNumber: new Map(), others: goesOn });
    attachment.setCaughtSystemCalls(new Set([getpid]));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, success);
    assert.equal(engine.count('system-call-entry'), 50);
    assert.equal(engine.count('system-call-return'), 50);
  });

  it('end with an engine that fails', async () => {
    using logged = await start(['many', '50', '5']);
    const { engine, attachment, warnings } = logged;
    engine.onCall = (_call, name) => {
      if (name === 'getpid') throw new Error('no more');
    };
    const { pid } = attachment.process;
    continueAll(attachment);
    await eventually('it was let go', () => !attachment.process.isAlive);
    assert.match(warnings.join(), /engine recorder failed and is detached/);
    assert.equal(engine.all('entry', 'getpid').length, 1);
    await eventually('it has ended', () => !attachment.process.tracer.processes.has(pid));
  });
});
