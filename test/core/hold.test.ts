/** Threads held one by one while others run, and what takes effect in threads that run. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import type { Attachment, EventKind, Thread, Tracer } from '../../src/core/index.js';
import { eventually } from '../support/proc-files.js';
import { continueAll, launchFixture, RecordingEngine, usualKinds } from './traced-program.js';

const kinds: readonly EventKind[] = [...usualKinds, 'held', 'thread-start'];

/** Four threads that all run. */
async function launchSpinning(mask: readonly EventKind[] = kinds) {
  const program = await launchFixture('spinner', ['4'], { mask });
  continueAll(program.attachment);
  const { threads } = program.attachment.process;
  // The first stop of a thread would be the one that is asked for.
  await eventually('all run', () => threads.size === 4 && [...threads.values()].every(({ isNew }) => !isNew));
  return program;
}

function threadsOf(attachment: Attachment): [Thread, Thread, ...Thread[]] {
  const [first, second, ...others] = attachment.process.threads.values();
  assert.ok(first !== undefined && second !== undefined);
  return [first, second, ...others];
}

function toContinue(thread: Thread) {
  return [{ thread, action: { kind: 'continue' } as const }];
}

/** Resolves after a further stop of another thread has been told: what was to be told before has been. */
async function afterStopOf(attachment: Attachment, engine: RecordingEngine, thread: Thread): Promise<void> {
  engine.events.length = 0;
  attachment.hold([thread]);
  assert.equal((await engine.next('held')).thread, thread);
}

describe('holding threads', () => {
  it('stops those that are named, tells of each once, and leaves the others running', async () => {
    await using program = await launchSpinning();
    const { attachment, engine } = program;
    const [first, second, ...others] = threadsOf(attachment);
    attachment.hold([first, second]);
    const told = new Set([(await engine.next('held')).thread, (await engine.next('held')).thread]);
    assert.deepEqual(told, new Set([first, second]));
    assert.ok(first.isStopped && second.isStopped);
    for (const thread of others) assert.ok(thread.isRunning);
    attachment.resume(toContinue(first));
    assert.ok(first.isRunning);
    attachment.hold([first]);
    assert.equal((await engine.next('held')).thread, first);
  });

  it('tells of a thread that another engine holds, from the event loop', async () => {
    await using program = await launchSpinning();
    const { attachment, engine } = program;
    const [first] = threadsOf(attachment);
    const other = new RecordingEngine();
    const holding = attachment.process.attachEngine(other);
    await holding.quiesce();
    attachment.hold([first]);
    assert.equal(engine.count('held'), 0);
    assert.equal((await engine.next('held')).thread, first);
    assert.equal(other.count('held'), 0);
    holding.resume([...attachment.process.threads.values()].flatMap(toContinue));
    assert.ok(first.isStopped);
  });

  it('tells nothing more of a thread that stopped for a reason of its own', async () => {
    await using program = await launchFixture('spinner', ['2'], { mask: kinds, holdAt: ['breakpoint'] });
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('tick'));
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    const [other] = [...attachment.process.threads.values()].filter((one) => one !== thread);
    assert.ok(other);
    for (let round = 0; round < 100; round++) {
      engine.events.length = 0;
      attachment.resume(toContinue(thread));
      attachment.hold([thread]);
      await engine.next('breakpoint', 'held');
      await afterStopOf(attachment, engine, other);
      assert.ok(thread.isStopped);
      assert.deepEqual(
        engine.events.filter((event) => 'thread' in event && event.thread === thread).map(({ kind }) => kind),
        [],
      );
    }
  });

  it('is called off by a resume', async () => {
    await using program = await launchSpinning();
    const { attachment, engine } = program;
    const [first, second] = threadsOf(attachment);
    attachment.hold([first]);
    attachment.resume(toContinue(first));
    await afterStopOf(attachment, engine, second);
    attachment.hold([second]);
    attachment.resume(toContinue(second));
    await afterStopOf(attachment, engine, first);
    assert.equal(engine.count('held'), 0);
    assert.ok(second.isRunning);
  });

  it('gets through while signals pass that nobody hears of', async () => {
    await using program = await launchSpinning();
    const { attachment, engine, tracer } = program;
    const [first] = threadsOf(attachment);
    const usr1 = 10;
    attachment.setPassSignals(new Set([usr1 as never]));
    for (let round = 0; round < 200; round++) {
      for (let count = 0; count < 3; count++) tracer.native.tgkill(attachment.process.pid, first.tid, usr1);
      attachment.hold([first]);
      assert.equal((await engine.next('held')).thread, first);
      attachment.resume(toContinue(first));
    }
    assert.equal(engine.count('signal'), 0);
  });

  it('does not tell again of a job-control stop', async () => {
    await using program = await launchSpinning();
    const { attachment, engine } = program;
    const [first] = threadsOf(attachment);
    // A thread that is in the stop from its start is told of as a new one.
    for (let started = 1; started < 4; started++) await engine.next('thread-start');
    process.kill(attachment.process.pid, 'SIGSTOP');
    const stopped = new Set<Thread>();
    while (stopped.size < 4) stopped.add((await engine.next('group-stop')).thread);
    attachment.hold([first]);
    assert.equal((await engine.next('held')).thread, first);
    assert.equal(engine.count('group-stop'), 0);
    attachment.resume(toContinue(first));
    engine.events.length = 0;
    process.kill(attachment.process.pid, 'SIGCONT');
    assert.equal((await engine.next('signal')).signal, 18);
  });
});

describe('the first stop of a thread', () => {
  it('is told after the clone, to engines that want it', async () => {
    await using program = await launchFixture('hot-threads', ['3', '1'], { mask: kinds });
    const { attachment, engine } = program;
    const other = new RecordingEngine();
    continueAll(attachment.process.attachEngine(other));
    continueAll(attachment);
    await engine.next('exit');
    const born = engine.events.flatMap((event) => (event.kind === 'clone' ? [event.child] : []));
    const started = engine.events.flatMap((event) => (event.kind === 'thread-start' ? [event.thread] : []));
    assert.equal(born.length, 3);
    assert.deepEqual(new Set(started), new Set(born));
    for (const thread of born) {
      const clone = engine.events.findIndex((event) => event.kind === 'clone' && event.child === thread);
      const start = engine.events.findIndex(
        (event) => event.kind === 'thread-start' && event.thread === thread,
      );
      assert.ok(clone < start);
    }
    assert.equal(other.count('thread-start'), 0);
  });

  it('is also told when the mask has changed meanwhile', async () => {
    await using program = await launchFixture('hot-threads', ['3', '1'], { holdAt: ['clone'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    await engine.next('clone');
    await attachment.quiesce();
    engine.mask = new Set(kinds);
    attachment.maskChanged();
    engine.holdAt = new Set();
    engine.events.length = 0;
    continueAll(attachment);
    await engine.next('exit');
    assert.equal(engine.count('clone'), 2);
    assert.equal(engine.count('thread-start'), 2);
  });
});

describe('the mask', () => {
  it('without signals lets native code pass them, and back', async () => {
    await using program = await launchSpinning();
    const { attachment, engine, tracer } = program;
    const [first] = threadsOf(attachment);
    const set = sinon.spy(tracer.native, 'setPassSignals');
    engine.mask = new Set(['held']);
    attachment.maskChanged();
    engine.mask = new Set(kinds);
    attachment.maskChanged();
    assert.deepEqual(
      set.args.map(([, signals]) => signals),
      [(1n << 64n) - 1n, 0n],
    );
    tracer.native.tgkill(attachment.process.pid, first.tid, 10);
    assert.equal((await engine.next('signal')).thread, first);
  });
});

describe('watchpoints', () => {
  it('set while threads run catch them, and nobody is told of the pause', async () => {
    await using program = await launchSpinning();
    const { attachment, engine } = program;
    engine.events.length = 0;
    const point = { kind: 'write', address: program.symbol('counts') + 8n, lengthBytes: 8 } as const;
    engine.holdAt = new Set(['watchpoint']);
    attachment.insertHardwarePoint(point);
    const { thread } = await engine.next('watchpoint');
    assert.ok(thread.isStopped);
    attachment.removeHardwarePoint(point);
    continueAll(attachment);
    const [first] = threadsOf(attachment);
    await afterStopOf(attachment, engine, first);
    assert.deepEqual(
      engine.events.map(({ kind }) => kind),
      [],
    );
    for (const one of attachment.process.threads.values()) {
      if (one !== first) assert.ok(one.isRunning);
    }
  });
});

describe('holding a thread that makes a child', () => {
  for (const [plan, kind] of [
    ['fw', 'fork'],
    ['x', 'vfork'],
  ] as const) {
    for (const isFollowed of [true, false]) {
      // Of a fork that is nobody's nothing above native code knows.
      if (kind === 'fork' && !isFollowed) continue;
      it(`tells of ${isFollowed ? `the ${kind} alone` : `it when the ${kind} is nobody's`}`, async () => {
        const mask = isFollowed ? [...kinds, kind] : kinds;
        await using program = await launchFixture('forks', [plan], { mask, holdAt: [kind] });
        const { attachment, engine, tracer } = program;
        const [main] = attachment.process.threads.values();
        assert.ok(main);
        onMaking(tracer, () => attachment.hold([main]));
        continueAll(attachment);
        const told = await engine.next('fork', 'vfork', 'held');
        assert.equal(told.kind, isFollowed ? kind : 'held');
        assert.equal(told.thread, main);
        for (const { attachments } of tracer.processes.values())
          for (const one of attachments) continueAll(one);
        assert.equal((await exitOf(engine, main)).status.kind, 'exited');
        assert.equal(engine.count('held'), 0);
      });
    }
  }
});

/** Calls `task` when the kernel tells of a child that is made, and keeps the child's first stop back meanwhile. */
function onMaking(tracer: Tracer, task: () => void): void {
  const { native } = tracer;
  const wait = native.wait.bind(native);
  let kept: ReturnType<typeof wait> = [];
  const keepingBack: typeof native.wait = (timeoutMs, lookAtStopped) => {
    const news = [...kept, ...wait(kept.length > 0 ? 0 : timeoutMs, lookAtStopped)];
    kept = [];
    const making = news.findIndex((one) => one.kind === 'stopped' && (one.event === 1 || one.event === 2));
    if (making < 0) return news;
    task();
    kept = news.filter((_, index) => index !== making);
    return news.slice(making, making + 1);
  };
  Object.defineProperty(native, 'wait', { value: keepingBack });
}

async function exitOf(engine: RecordingEngine, main: Thread) {
  for (;;) {
    const exit = await engine.next('exit');
    if (exit.process === main.process) return exit;
  }
}
