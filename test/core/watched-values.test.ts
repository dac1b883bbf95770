/** Write watchpoints whose owner needs to hear of changes only. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HardwarePoint } from '../../arch/module.js';
import { address } from '../../src/base/ids.js';
import type { ToldWrites } from '../../src/core/index.js';
import { threadState } from '../../src/core/proc.js';
import { describeOn } from '../support/machine.js';
import { continueAll, launchFixture, symbolSize, type TracedProgram } from './traced-program.js';

const rounds = 200;

function launchRewrites(): Promise<TracedProgram> {
  return launchFixture('rewrites', [`${rounds}`], { flags: ['-O1'], holdAt: ['breakpoint', 'step-done'] });
}

function watch(
  program: TracedProgram,
  symbol: string,
  tells: ToldWrites,
  kind: 'write' | 'access' = 'write',
): HardwarePoint {
  const point = { kind, address: program.symbol(symbol), lengthBytes: 8 };
  program.attachment.insertHardwarePoint(point, {}, tells);
  return point;
}

/** The functions in which the hits that are told happen, as the program runs to its end. */
async function told(program: TracedProgram): Promise<readonly string[]> {
  const { attachment, engine } = program;
  const functions = ['rewrite', 'rewrite_other', 'change'].map((name) => ({
    name,
    start: program.symbol(name),
  }));
  const places: string[] = [];
  engine.holdAt = new Set(['watchpoint']);
  for (;;) {
    continueAll(attachment);
    const event = await engine.next('watchpoint', 'exit');
    if (event.kind === 'exit') {
      assert.deepEqual(event.status, { kind: 'exited', code: 0 });
      return places;
    }
    const { pc } = event.thread;
    const before = functions.filter(({ start }) => start <= pc).toSorted((a, b) => Number(b.start - a.start));
    places.push(before[0]?.name ?? '');
  }
}

describe('a write watchpoint', () => {
  it('tells every write to who wants every one', async () => {
    await using program = await launchRewrites();
    watch(program, 'watched', 'all');
    assert.equal((await told(program)).length, 3 * rounds + 3);
  });

  it('is told when another one is hit at the same time', async () => {
    await using program = await launchFixture('simultaneous-writes', [], {
      flags: ['-O1', '-pthread'],
      holdAt: ['breakpoint', 'watchpoint'],
    });
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('before_write'));
    continueAll(attachment);
    const writers = [await engine.next('breakpoint'), await engine.next('breakpoint')].map(
      ({ thread }) => thread,
    );
    watch(program, 'first', 'changes');
    watch(program, 'second', 'changes');
    attachment.resume(writers.map((thread) => ({ thread, action: { kind: 'continue' } })));
    // Both have written before either is told: nobody looks in between.
    while (writers.some(({ tid }) => threadState(tid) !== 't'));
    const hits = [await engine.next('watchpoint'), await engine.next('watchpoint')];
    assert.deepEqual(new Set(hits.map(({ thread }) => thread)), new Set(writers));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 5 });
  });

  it('keeps no access back', async () => {
    await using program = await launchRewrites();
    watch(program, 'watched', 'changes', 'access');
    // Each round reads and writes.
    assert.ok((await told(program)).length >= 6 * rounds);
  });
});

/** The value is compared when the stop comes. */
describeOn('x86_64', 'a write watchpoint whose stop comes after the write', () => {
  it('of which changes are told keeps back writes of what was seen last', async () => {
    await using program = await launchRewrites();
    watch(program, 'watched', 'changes');
    assert.deepEqual(await told(program), ['change', 'change', 'change']);
  });

  it('is told for its own change alone, whatever else is watched', async () => {
    await using program = await launchRewrites();
    watch(program, 'watched', 'changes');
    watch(program, 'other', 'changes');
    assert.deepEqual(await told(program), ['change', 'change', 'change']);
  });

  it('that was taken out and put in again begins anew', async () => {
    await using program = await launchRewrites();
    const { attachment, engine } = program;
    const first = watch(program, 'watched', 'changes');
    attachment.insertBreakpoint(program.symbol('change'));
    continueAll(attachment);
    await engine.next('breakpoint');
    const { memory } = attachment.process;
    // What `change` is about to store.
    memory.write(address(first.address), Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0));
    attachment.removeHardwarePoint(first);
    watch(program, 'watched', 'changes');
    attachment.removeBreakpoint(program.symbol('change'));
    assert.deepEqual(await told(program), ['change', 'change']);
  });

  it('ends a step, and lets a range step go on', async () => {
    await using program = await launchRewrites();
    const { attachment, engine } = program;
    watch(program, 'watched', 'changes');
    const start = program.symbol('rewrite');
    const end = address(start + symbolSize(program.path, 'rewrite'));
    attachment.insertBreakpoint(start);
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    for (let step = 0; step < 20; step++) {
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      assert.equal((await engine.next('step-done', 'watchpoint')).kind, 'step-done');
    }
    attachment.resume([{ thread, action: { kind: 'range-step', start, end } }]);
    await engine.next('step-done');
    assert.ok(thread.pc < start || thread.pc >= end);
    assert.equal(engine.count('watchpoint'), 0);
  });
});

/** As with GNU gdbserver: the client lets the write happen, and looks. */
describeOn('aarch64', 'a write watchpoint whose stop comes before the write', () => {
  it('tells every write, whatever changes', async () => {
    await using program = await launchRewrites();
    watch(program, 'watched', 'changes');
    assert.equal((await told(program)).length, 3 * rounds + 3);
  });
});
