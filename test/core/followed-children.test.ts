/** Children of forks as processes of their own, with the engines of their parents. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { type Address, address } from '../../src/base/ids.js';
import type { CoreEvent, EventAnswer, EventKind, Process } from '../../src/core/index.js';
import { Tracer } from '../../src/core/index.js';
import { bounded } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import {
  eventually,
  executableText,
  mappingsOf,
  processState,
  systemCallOf,
  tracerOf,
} from '../support/proc-files.js';
import { systemCalls } from '../support/system-calls.js';
import { continueAll, launchFixture, RecordingEngine, symbolValue, usualKinds } from './traced-program.js';

const kinds: readonly EventKind[] = [...usualKinds, 'held', 'thread-start', 'fork', 'vfork', 'vfork-done'];
const sigusr1 = 10;

/** With how often work() is called. */
const plans: readonly { plan: string; works: number }[] = [
  { plan: 'fw', works: 2 },
  { plan: 'sw', works: 2 },
  { plan: 'x', works: 2 },
  { plan: 'vw', works: 3 },
  { plan: 'cw', works: 2 },
  { plan: 'tfw', works: 3 },
  { plan: 'tvw', works: 4 },
  { plan: 'fffw', works: 4 },
  { plan: 'vvfw', works: 6 },
  { plan: 'fxtcw', works: 6 },
  { plan: 'cxfw', works: 5 },
  { plan: 'tsxtw', works: 6 },
];

/** Lets children run on as soon as it hears of them, and has a breakpoint at `work` in every program. */
class Follower extends RecordingEngine {
  breakpoint: (() => Address) | undefined;

  override onEvent(event: CoreEvent): EventAnswer {
    const answer = super.onEvent(event);
    if (event.kind === 'exec' && this.breakpoint !== undefined)
      event.thread.process.attachmentOf(this)?.insertBreakpoint(this.breakpoint());
    if ((event.kind === 'fork' || event.kind === 'vfork') && !this.holdAt.has(event.kind)) {
      const attachment = event.child.attachmentOf(this);
      assert.ok(attachment);
      continueAll(attachment);
    }
    return answer;
  }
}

async function launchFollowed(plan: string, holdAt: readonly EventKind[] = []) {
  const follower = new Follower(holdAt, kinds);
  const program = await launchFixture('forks', [plan], { engine: follower });
  follower.breakpoint = () => program.symbol('work');
  return { ...program, follower };
}

function attachmentIn(child: Process, engine: RecordingEngine) {
  const attachment = child.attachmentOf(engine);
  assert.ok(attachment);
  return attachment;
}

function hitsIn(engine: RecordingEngine, where: Process): number {
  return engine.events.filter((event) => event.kind === 'breakpoint' && event.thread.process === where)
    .length;
}

/** The exit of the program itself, after those of its children. */
async function exitOf(engine: RecordingEngine, ended: Process) {
  for (;;) {
    const exit = await engine.next('exit');
    if (exit.process === ended) return exit.status;
  }
}

/** A program that was there before, attached to by an engine with breakpoints, and sent on its way. */
async function attachToOrphan(plan: string, holdAt: readonly EventKind[]) {
  const path = await compileFixture('forks');
  const orphan = startOrphan(path, [plan]);
  // Before that the signal would be lost.
  await eventually('it waits', () => systemCallOf(orphan.pid) === systemCalls.pause);
  const before = executableText(orphan.pid);
  const tracer = new Tracer();
  const follower = new Follower(holdAt, kinds);
  const attachment = await tracer.attach(orphan.pid, follower);
  const base = mappingsOf(orphan.pid).find((mapping) => mapping.path === path)?.start ?? 0n;
  for (const name of ['work', 'fork_instruction'])
    attachment.insertBreakpoint(address(base + symbolValue(path, name)));
  continueAll(attachment);
  process.kill(orphan.pid, 'SIGUSR1');
  await follower.next('signal');
  return {
    orphan,
    before,
    tracer,
    follower,
    attachment,
    [Symbol.dispose]() {
      tracer.dispose();
      orphan[Symbol.dispose]();
    },
  };
}

/** Slots are the only executable memory of these programs that no file is mapped to. */
function hasSlots(id: number): boolean {
  return mappingsOf(id).some(({ permissions, path }) => permissions === 'r-xp' && path === '');
}

describe('children that are followed', () => {
  for (const { plan, works } of plans) {
    it(`${plan}: are hit by every breakpoint of the engine`, async () => {
      await using program = await launchFollowed(plan);
      const { attachment, follower, tracer } = program;
      attachment.insertBreakpoint(program.symbol('work'));
      attachment.insertBreakpoint(program.symbol('fork_instruction'));
      continueAll(attachment);
      const status = await exitOf(follower, attachment.process);
      assert.deepEqual(status, { kind: 'exited', code: works });
      const hits = follower.events.filter(
        (event) => event.kind === 'breakpoint' && event.address === program.symbol('work'),
      );
      assert.equal(hits.length, works);
      assert.equal(tracer.processes.size, 0);
    });

    it(`${plan}: are no affair of an engine that does not follow`, async () => {
      await using program = await launchFixture('forks', [plan]);
      const { attachment, engine } = program;
      attachment.insertBreakpoint(program.symbol('work'));
      attachment.insertBreakpoint(program.symbol('fork_instruction'));
      continueAll(attachment);
      assert.deepEqual(await exitOf(engine, attachment.process), { kind: 'exited', code: works });
      for (const event of engine.events)
        if ('thread' in event) assert.equal(event.thread.process, attachment.process);
    });
  }
});

describe('the child of a fork', () => {
  it('is held with its parent, and has breakpoints of its own', async () => {
    await using program = await launchFollowed('fww', ['fork']);
    const { attachment, follower } = program;
    const work = program.symbol('work');
    attachment.insertBreakpoint(work);
    continueAll(attachment);
    const { thread, child } = await follower.next('fork');
    assert.equal(thread.process, attachment.process);
    assert.equal(child.origin, 'launched');
    assert.notEqual(child.addressSpace, attachment.process.addressSpace);
    assert.ok(thread.isStopped);
    assert.deepEqual(
      [...child.threads.values()].map((one) => one.isStopped),
      [true],
    );
    const childs = attachmentIn(child, follower);
    assert.ok(childs.hasBreakpoint(work));
    attachment.removeBreakpoint(work);
    assert.ok(childs.hasBreakpoint(work));
    follower.holdAt = new Set(['breakpoint']);
    continueAll(attachment);
    continueAll(childs);
    assert.equal((await follower.next('breakpoint')).thread.process, child);
    childs.removeBreakpoint(work);
    continueAll(childs);
    assert.deepEqual(await exitOf(follower, attachment.process), { kind: 'exited', code: 3 });
    assert.equal(hitsIn(follower, attachment.process), 0);
  });

  it('has the hardware points, and the signals that pass', async () => {
    await using program = await launchFollowed('fpww', ['watchpoint', 'fork']);
    const { attachment, follower, tracer } = program;
    const point = { kind: 'write', address: program.symbol('works'), lengthBytes: 8 } as const;
    attachment.insertHardwarePoint(point);
    attachment.setPassSignals(new Set([sigusr1 as never]));
    continueAll(attachment);
    const { child } = await follower.next('fork');
    const childs = attachmentIn(child, follower);
    continueAll(childs);
    await eventually('it waits', () => processState(child.pid) === 'S');
    tracer.native.tgkill(child.pid, child.pid, sigusr1);
    const hit = await follower.next('watchpoint', 'signal');
    assert.equal(hit.kind, 'watchpoint');
    assert.equal(hit.thread.process, child);
    childs.removeHardwarePoint(point);
    continueAll(childs);
    continueAll(attachment);
    assert.equal((await follower.next('watchpoint')).thread.process, attachment.process);
  });

  it('keeps nothing of ours when it is let go', async () => {
    using program = await attachToOrphan('pspw', ['fork']);
    const { before, follower, orphan, tracer } = program;
    const { child } = await follower.next('fork');
    assert.equal(child.origin, 'attached');
    assert.ok(hasSlots(orphan.pid) && hasSlots(child.pid));
    await attachmentIn(child, follower).detach();
    assert.equal(tracerOf(child.pid), 0);
    assert.deepEqual(executableText(child.pid), before);
    assert.equal(hasSlots(child.pid), false);
    assert.equal(tracer.processes.has(child.pid), false);
    process.kill(child.pid, 'SIGKILL');
  });

  it('keeps nothing of ours when nobody follows it', async () => {
    using program = await attachToOrphan('pspw', ['breakpoint']);
    const { attachment, before, follower, orphan } = program;
    follower.mask = new Set(usualKinds);
    await follower.next('breakpoint');
    continueAll(attachment);
    const childrenFile = `/proc/${orphan.pid}/task/${orphan.pid}/children`;
    await eventually('the child is there', () => /\d/.test(readFileSync(childrenFile, 'latin1')));
    const child = Number(readFileSync(childrenFile, 'latin1'));
    await eventually('it is let go', () => tracerOf(child) === 0);
    assert.ok(hasSlots(orphan.pid));
    assert.equal(hasSlots(child), false);
    assert.deepEqual(executableText(child), before);
    process.kill(child, 'SIGKILL');
  });

  it('is not told of when it is killed before its first stop, and the parent goes on', async () => {
    await using program = await launchFollowed('fp');
    const { attachment, follower, tracer } = program;
    const take = tracer.onForkedChild.bind(tracer);
    sinon.stub(tracer, 'onForkedChild').callsFake((maker, event, kind) => {
      process.kill(event.message, 'SIGKILL');
      take(maker, event, kind);
    });
    continueAll(attachment);
    assert.deepEqual(await exitOf(follower, attachment.process), { kind: 'exited', code: 109 });
    assert.equal(follower.count('exit'), 0);
  });

  it('is let go when its parent has been killed before it was told of', async () => {
    await using program = await launchFollowed('fp', ['fork']);
    const { attachment, follower, tracer } = program;
    let made = 0;
    const take = tracer.onForkedChild.bind(tracer);
    sinon.stub(tracer, 'onForkedChild').callsFake((maker, event, kind) => {
      made = event.message;
      process.kill(attachment.process.pid, 'SIGKILL');
      take(maker, event, kind);
    });
    continueAll(attachment);
    assert.deepEqual(await exitOf(follower, attachment.process), { kind: 'killed', signal: 9 });
    if (follower.count('fork') === 0) {
      assert.equal(tracer.processes.size, 0);
      await eventually('the child is let go', () => tracerOf(made) === 0);
    }
    process.kill(made, 'SIGKILL');
  });

  it('has only the breakpoints of engines that follow it', async () => {
    await using program = await launchFollowed('fw', ['fork']);
    const { attachment, follower } = program;
    const other = new RecordingEngine();
    const others = attachment.process.attachEngine(other);
    const work = program.symbol('work');
    others.insertBreakpoint(work);
    continueAll(others);
    continueAll(attachment);
    const { child } = await follower.next('fork');
    assert.equal(child.attachmentOf(other), undefined);
    assert.equal(child.sites.has(work), false);
    continueAll(attachmentIn(child, follower));
    continueAll(attachment);
    assert.deepEqual(await exitOf(follower, attachment.process), { kind: 'exited', code: 2 });
    assert.equal(other.count('breakpoint'), 1);
  });
});

describe('the child of a vfork', () => {
  it('has the breakpoints of its parent, whoever takes them out', async () => {
    await using program = await launchFollowed('xx', ['vfork', 'breakpoint']);
    const { attachment, follower } = program;
    const work = program.symbol('work');
    attachment.insertBreakpoint(work);
    continueAll(attachment);
    const { child } = await follower.next('vfork');
    assert.equal(child.addressSpace, attachment.process.addressSpace);
    const childs = attachmentIn(child, follower);
    continueAll(childs);
    assert.equal((await follower.next('breakpoint')).thread.process, child);
    childs.removeBreakpoint(work);
    assert.equal(attachment.hasBreakpoint(work), false);
    attachment.insertBreakpoint(work);
    assert.ok(childs.hasBreakpoint(work));
    // Its engine leaves: the breakpoints stay, and the child goes past them unseen.
    await childs.detach();
    assert.ok(attachment.hasBreakpoint(work));
    continueAll(attachment);
    assert.equal((await follower.next('vfork-done')).thread.process, attachment.process);
    assert.equal((await follower.next('breakpoint')).thread.process, attachment.process);
  });

  it('lets its parent go on when it has executed a program', async () => {
    await using program = await launchFollowed('vp', ['vfork', 'exec', 'vfork-done']);
    const { attachment, follower, tracer } = program;
    attachment.insertBreakpoint(program.symbol('work'));
    continueAll(attachment);
    const { thread, child } = await follower.next('vfork');
    continueAll(attachment);
    await attachment.quiesce();
    assert.ok(thread.isStopped);
    continueAll(attachment);
    const childs = attachmentIn(child, follower);
    continueAll(childs);
    assert.equal((await follower.next('exec')).thread.process, child);
    assert.notEqual(child.addressSpace, attachment.process.addressSpace);
    assert.ok(attachment.hasBreakpoint(program.symbol('work')));
    assert.equal((await follower.next('vfork-done')).thread, thread);
    childs.removeBreakpoint(program.symbol('work'));
    continueAll(childs);
    continueAll(attachment);
    await eventually('it waits', () => processState(child.pid) === 'S');
    tracer.native.tgkill(child.pid, child.pid, sigusr1);
    assert.equal((await follower.next('signal')).thread.process, child);
    continueAll(childs);
    assert.deepEqual(await exitOf(follower, attachment.process), { kind: 'exited', code: 2 });
  });

  it('outlives its parent with the breakpoints', async () => {
    await using program = await launchFollowed('x', ['vfork', 'breakpoint']);
    const { attachment, follower } = program;
    const work = program.symbol('work');
    attachment.insertBreakpoint(work);
    continueAll(attachment);
    const { child } = await follower.next('vfork');
    await attachment.process.kill();
    const childs = attachmentIn(child, follower);
    assert.ok(childs.hasBreakpoint(work));
    continueAll(childs);
    assert.equal((await follower.next('breakpoint')).thread.process, child);
    continueAll(childs);
    assert.deepEqual(await exitOf(follower, child), { kind: 'exited', code: 1 });
  });

  it('keeps its parent traced, unseen, when the engine leaves that first', async () => {
    using program = await attachToOrphan('pxpw', ['vfork', 'breakpoint']);
    const { attachment, before, follower, orphan, tracer } = program;
    const { child } = await follower.next('vfork');
    await attachment.detach();
    assert.equal(tracer.processes.has(attachment.process.pid), false);
    assert.equal(tracerOf(orphan.pid), process.pid);
    const childs = attachmentIn(child, follower);
    continueAll(childs);
    assert.equal((await follower.next('breakpoint')).thread.process, child);
    continueAll(childs);
    assert.deepEqual(await exitOf(follower, child), { kind: 'exited', code: 1 });
    await eventually('the parent is let go', () => tracerOf(orphan.pid) === 0);
    assert.deepEqual(executableText(orphan.pid), before);
    assert.equal(hasSlots(orphan.pid), false);
  });
});

describe('a thread that sleeps uninterruptibly', () => {
  async function childOf(id: number): Promise<number> {
    const childrenFile = `/proc/${id}/task/${id}/children`;
    await eventually('the child is there', () => /\d/.test(readFileSync(childrenFile, 'latin1')));
    await eventually('it sleeps', () => processState(id) === 'D');
    return Number(readFileSync(childrenFile, 'latin1'));
  }

  it('is left running by what stops the others, and stops when it wakes', async () => {
    await using program = await launchFixture('forks', ['dp'], { mask: [...usualKinds, 'held'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    const child = await childOf(attachment.process.pid);
    await bounded(attachment.quiesce(), 20_000, () => 'the others stop');
    const [thread] = [...attachment.process.threads.values()];
    assert.ok(thread?.isRunning);
    attachment.hold([thread]);
    process.kill(child, 'SIGKILL');
    assert.equal((await engine.next('held')).thread, thread);
    assert.ok(thread.isStopped);
    continueAll(attachment);
    assert.deepEqual(await exitOf(engine, attachment.process), { kind: 'exited', code: 109 });
  });

  it('keeps its process traced until it wakes, when the engine leaves', async () => {
    using program = await attachToOrphan('pdp', []);
    const { attachment, before, orphan, tracer } = program;
    const child = await childOf(orphan.pid);
    await bounded(attachment.detach(), 20_000, () => 'the engine leaves');
    assert.equal(tracer.processes.has(orphan.pid), false);
    assert.deepEqual(executableText(orphan.pid), before);
    assert.equal(tracerOf(orphan.pid), process.pid);
    process.kill(child, 'SIGKILL');
    await eventually('it is let go', () => !existsSync(`/proc/${orphan.pid}`) || tracerOf(orphan.pid) === 0);
  });
});

describe('a tracer that is disposed', () => {
  it('kills the children of what it launched', async () => {
    const program = await launchFollowed('fp', ['fork']);
    continueAll(program.attachment);
    const { child } = await program.follower.next('fork');
    continueAll(attachmentIn(child, program.follower));
    program.tracer.dispose();
    const isGone = () => !existsSync(`/proc/${child.pid}`) || processState(child.pid) === 'Z';
    await eventually('the child is gone', isGone);
  });

  for (const plan of ['pspw', 'pxpw', 'pcpw']) {
    it(`lets the children of what it attached to go, as they were: ${plan}`, async () => {
      using program = await attachToOrphan(plan, ['fork', 'vfork']);
      const { before, follower, orphan, tracer } = program;
      const { child } = await follower.next('fork', 'vfork');
      tracer.dispose();
      assert.equal(tracerOf(orphan.pid), 0);
      assert.deepEqual(executableText(orphan.pid), before);
      // The child of the vfork is gone soon.
      if (plan === 'pxpw') return;
      assert.equal(tracerOf(child.pid), 0);
      assert.deepEqual(executableText(child.pid), before);
      assert.equal(hasSlots(child.pid), false);
      process.kill(child.pid, 'SIGKILL');
    });
  }
});
