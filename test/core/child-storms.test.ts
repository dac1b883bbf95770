/** Many children and threads, made as fast as a program can, with breakpoints in all of them: nothing is left over. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'mocha';
import type { CoreEvent, EventAnswer, EventKind } from '../../src/core/index.js';
import { eventually } from '../support/proc-files.js';
import { continueAll, launchFixture, RecordingEngine, usualKinds } from './traced-program.js';

const rounds = 10;
const childrenPerRound = 16;

/** Counts instead of keeping, and lets children run on at once. */
class Counter extends RecordingEngine {
  readonly counts = new Map<EventKind, number>();
  /** Each different exit status, in order of appearance. */
  readonly ends = new Set<string>();

  override onEvent(event: CoreEvent): EventAnswer {
    this.counts.set(event.kind, (this.counts.get(event.kind) ?? 0) + 1);
    if (event.kind === 'exit') this.ends.add(JSON.stringify(event.status));
    if (event.kind === 'fork' || event.kind === 'vfork') {
      const attachment = event.child.attachmentOf(this);
      assert.ok(attachment);
      continueAll(attachment);
    }
    return 'pass';
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('a storm', () => {
  for (const kind of ['fork', 'vfork', 'clone'] as const) {
    for (const isFollowed of [true, false]) {
      it(`of ${kind}s, ${isFollowed ? 'followed' : 'not followed'}, leaves nothing behind`, async () => {
        const mask: EventKind[] = isFollowed
          ? [...usualKinds, 'fork', 'vfork', 'vfork-done']
          : [...usualKinds];
        const counter = new Counter([], mask);
        const before = descriptors();
        await using program = await launchFixture('storms', [kind, String(rounds)], { engine: counter });
        const { attachment, tracer } = program;
        attachment.insertBreakpoint(program.symbol('work'));
        continueAll(attachment);
        await eventually('the storm is over', () => !attachment.process.isAlive);
        const made = rounds * childrenPerRound;
        const hitsInChildren = isFollowed || kind === 'clone' ? made : 0;
        assert.equal(counter.counts.get('breakpoint') ?? 0, hitsInChildren);
        const codes = isFollowed && kind !== 'clone' ? [7, 0] : [0];
        assert.deepEqual(
          [...counter.ends],
          codes.map((code) => JSON.stringify({ kind: 'exited', code })),
        );
        assert.equal(counter.counts.get(kind) ?? 0, isFollowed || kind === 'clone' ? made : 0);
        await eventually('nothing is kept', () =>
          Object.values(tracer.tableSizes()).every((size) => size === 0),
        );
        tracer.dispose();
        assert.ok(descriptors() <= before + 2, `${descriptors()} descriptors after ${before}`);
      });
    }
  }

  it('of forks, followed, ends with the tracer in the midst of it', async () => {
    const counter = new Counter([], [...usualKinds, 'fork', 'vfork']);
    const program = await launchFixture('storms', ['fork', '1000'], { engine: counter });
    const { attachment, tracer } = program;
    attachment.insertBreakpoint(program.symbol('work'));
    continueAll(attachment);
    await eventually('it has begun', () => (counter.counts.get('fork') ?? 0) > 50);
    tracer.dispose();
    assert.equal(tracer.native.tableSizes().threads, 0);
    assert.equal(tracer.native.tableSizes().spaces, 0);
  });

  it('of forks, followed, passes while the program is held again and again', async () => {
    const counter = new Counter([], [...usualKinds, 'fork', 'vfork']);
    await using program = await launchFixture('storms', ['fork', '4'], { engine: counter });
    const { attachment, tracer } = program;
    attachment.insertBreakpoint(program.symbol('work'));
    const eventCount = (): number => [...counter.counts.values()].reduce((sum, count) => sum + count, 0);
    while (attachment.process.isAlive) {
      continueAll(attachment);
      await new Promise((resolve) => setImmediate(resolve));
      for (const traced of tracer.processes.values()) await traced.attachmentOf(counter)?.quiesce();
      for (const traced of tracer.processes.values()) {
        const attached = traced.attachmentOf(counter);
        if (attached !== undefined) continueAll(attached);
      }
      const before = eventCount();
      await eventually('something happens', () => eventCount() > before || !attachment.process.isAlive);
    }
    assert.equal(counter.counts.get('exit'), 4 * childrenPerRound + 1);
  });
});
