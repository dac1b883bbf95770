import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { Tracer } from '../../src/core/index.js';
import { eventually, tracerOf } from '../support/proc-files.js';
import { continueAll, launchFixture, launchOptions, RecordingEngine } from './traced-program.js';

/** False for a process that is gone meanwhile. */
function isTracedByUs(entry: string): boolean {
  try {
    return tracerOf(Number(entry)) === process.pid;
  } catch {
    return false;
  }
}

describe('children and execs', () => {
  const expectations = [
    // The child runs its own copy without traps; the parent alone is hit.
    { what: 'fork', code: 11, hits: 1 },
    // The child shares the memory and passes the trap unseen.
    { what: 'vfork', code: 12, hits: 1 },
    // Both by clone(2): a copy of the memory without SIGCHLD at the end, the same memory with it.
    { what: 'clone', code: 12, hits: 1 },
    { what: 'clone-shared', code: 12, hits: 1 },
    { what: 'exec', code: 33, hits: 1 },
    { what: 'thread-exec', code: 33, hits: 1 },
    { what: 'leader-exit', code: 7, hits: 2 },
  ];
  for (const { what, code, hits } of expectations) {
    it(`${what}: nothing of ours is left in the way`, async () => {
      await using program = await launchFixture('families', [what]);
      const { attachment, engine } = program;
      attachment.insertBreakpoint(program.symbol('work'));
      continueAll(attachment);
      const exit = await engine.next('exit');
      assert.deepEqual(exit.status, { kind: 'exited', code });
      assert.equal(engine.count('breakpoint'), hits);
      assert.equal(engine.count('exec'), what.endsWith('exec') ? 1 : 0);
    });
  }

  it('a process whose leader has exited can be quiesced', async () => {
    await using program = await launchFixture('families', ['leader-exit'], { holdAt: ['clone'] });
    const { attachment, engine } = program;
    continueAll(attachment);
    await engine.next('clone');
    await attachment.quiesce();
    const [leader] = [...attachment.process.threads.values()];
    assert.ok(leader);
    attachment.resume([{ thread: leader, action: { kind: 'continue' } }]);
    assert.equal((await engine.next('thread-exit')).tid, leader.tid);
    await attachment.quiesce();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 7 });
  });

  it("a vfork child outlives its parent: the breakpoints leave the memory that was the parent's", async () => {
    const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const [go, done] = [resolve(folder, 'go'), resolve(folder, 'done')];
    await using program = await launchFixture('families', ['vfork-wait', go, done], {
      holdAt: ['breakpoint'],
    });
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('work'));
    continueAll(attachment);
    await engine.next('breakpoint');
    continueAll(attachment);
    const childrenFile = `/proc/${attachment.process.pid}/task/${attachment.process.pid}/children`;
    await eventually('the child is there', () => /\d/.test(readFileSync(childrenFile, 'latin1')));
    const child = Number(readFileSync(childrenFile, 'latin1'));
    process.kill(attachment.process.pid, 'SIGKILL');
    await engine.next('exit');
    assert.ok(existsSync(`/proc/${child}`));
    writeFileSync(go, '');
    await eventually('the child has worked', () => existsSync(done));
    rmSync(folder, { recursive: true });
  });

  it('the signals of a leader that another thread replaces do not reach the new program', async () => {
    await using program = await launchFixture('families', ['thread-exec'], { holdAt: ['clone'] });
    const { attachment, engine, tracer } = program;
    attachment.newThreads = 'hold';
    continueAll(attachment);
    const { thread: leader, child } = await engine.next('clone');
    engine.holdAt = new Set(['signal']);
    tracer.native.tgkill(attachment.process.pid, leader.tid, 10);
    attachment.resume([{ thread: leader, action: { kind: 'continue' } }]);
    await engine.next('signal');
    attachment.resume([{ thread: child, action: { kind: 'continue' } }]);
    await engine.next('exec');
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 33 });
  });

  it('children of a program that is killed while it forks are let go', async () => {
    using tracer = new Tracer();
    const loop = launchOptions('/bin/sh', ['-c', 'while :; do (:) & (:) & wait; done']);
    for (let round = 0; round < 60; round++) {
      const attachment = await tracer.launch(loop, new RecordingEngine());
      continueAll(attachment);
      const childrenFile = `/proc/${attachment.process.pid}/task/${attachment.process.pid}/children`;
      await eventually('a child is there', () => /\d/.test(readFileSync(childrenFile, 'latin1')));
      await attachment.kill();
    }
    const traced = () => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && isTracedByUs(entry));
    await eventually('nothing is traced any more', () => traced().length === 0);
  });

  it('an engine that throws loses its attachment only', async () => {
    await using program = await launchFixture('families', ['exec']);
    const { attachment, engine, tracer } = program;
    const failing = new RecordingEngine();
    failing.onEvent = () => {
      throw new Error('broken on purpose');
    };
    const warnings: string[] = [];
    tracer.warn = (message) => warnings.push(message);
    const second = attachment.process.attachEngine(failing);
    second.insertBreakpoint(program.symbol('work'));
    continueAll(second);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 33 });
    assert.equal(second.isAttached, false);
    assert.equal(warnings.length, 1);
  });
});
