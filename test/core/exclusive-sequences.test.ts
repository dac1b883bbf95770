/** Stops between a load-exclusive and its store would make the store fail for ever: threads get through all the same. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import type { ResumeAction } from '../../src/core/index.js';
import { counting } from '../support/hit-counter.js';
import { describeOn } from '../support/machine.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const succeeded = { kind: 'exited', code: 0 } as const;
const labels = [
  ...['add_load', 'add_inside', 'add_store', 'add_retry'],
  ...['swap_load', 'swap_leave', 'swap_store', 'swap_retry'],
] as const;

type Label = (typeof labels)[number] | 'add_done' | 'counter' | 'swap_other';

async function launch(rounds: number, threads: number): Promise<TracedProgram> {
  return await launchFixture('exclusive-sequences', [`${rounds}`, `${threads}`], {
    flags: ['-O1', '-no-pie'],
    holdAt: ['breakpoint', 'step-done'],
  });
}

function addressOf(program: TracedProgram, label: Label) {
  return program.symbol(label);
}

async function finish({ attachment, engine }: TracedProgram): Promise<void> {
  continueAll(attachment);
  assert.deepEqual((await engine.next('exit')).status, succeeded);
}

describeOn('aarch64', 'breakpoints in exclusive sequences', () => {
  for (const label of labels) {
    it(`${label}: every pass is one hit, and the program ends`, async () => {
      const rounds = 50;
      await using program = await launch(rounds, 1);
      const { attachment, tracer } = program;
      attachment.insertBreakpoint(addressOf(program, label), { conditions: [counting(1)] });
      await finish(program);
      assert.equal(tracer.native.variable(1), BigInt(rounds));
    });
  }

  it('of several threads lose nothing, with breakpoints at every instruction', async () => {
    const rounds = 30;
    const threads = 4;
    await using program = await launch(rounds, threads);
    const { attachment, tracer } = program;
    for (const [index, label] of labels.entries())
      attachment.insertBreakpoint(addressOf(program, label), { conditions: [counting(index + 1)] });
    await finish(program);
    const counts = labels.map((_, index) => Number(tracer.native.variable(index + 1) ?? 0n));
    for (const count of counts) assert.ok(count >= rounds * threads, `${counts}`);
  });

  for (const label of ['add_load', 'add_inside', 'add_store'] as const) {
    it(`a step from ${label} ends behind the store, which has succeeded`, async () => {
      await using program = await launch(3, 1);
      const { attachment, engine } = program;
      const at = addressOf(program, label);
      attachment.insertBreakpoint(at);
      for (let round = 1n; round <= 3n; round++) {
        continueAll(attachment);
        const { thread } = await engine.next('breakpoint');
        const before = new DataView(
          attachment.process.memory.readExact(addressOf(program, 'counter'), 8).buffer,
        ).getBigUint64(0, true);
        assert.equal(before, round - 1n);
        attachment.resume([{ thread, action: { kind: 'step' } }]);
        await engine.next('step-done');
        assert.equal(thread.pc, addressOf(program, 'add_retry'));
        const bytes = attachment.process.memory.readExact(addressOf(program, 'counter'), 8);
        assert.equal(new DataView(bytes.buffer).getBigUint64(0, true), round);
      }
      attachment.removeBreakpoint(at);
      await finish(program);
    });
  }

  for (const isAtSite of [true, false]) {
    it(`a range step ${isAtSite ? 'from a breakpoint' : 'onto one'} goes through`, async () => {
      await using program = await launch(3, 1);
      const { attachment, engine } = program;
      const start = addressOf(program, 'add_load');
      const end = addressOf(program, 'add_done');
      attachment.insertBreakpoint(start);
      const action: ResumeAction = { kind: 'range-step', start, end };
      for (let round = 0; round < 3; round++) {
        continueAll(attachment);
        const { thread } = await engine.next('breakpoint');
        if (!isAtSite) attachment.removeBreakpoint(start);
        attachment.resume([{ thread, action }]);
        await engine.next('step-done');
        assert.equal(thread.pc, end);
        if (!isAtSite) attachment.insertBreakpoint(start);
      }
      attachment.removeBreakpoint(start);
      await finish(program);
    });
  }

  it('single steps alone lead through the whole of it', async () => {
    await using program = await launch(2, 1);
    const { attachment, engine } = program;
    const start = addressOf(program, 'swap_load');
    attachment.insertBreakpoint(start);
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    attachment.removeBreakpoint(start);
    const trail: bigint[] = [];
    while (thread.pc !== addressOf(program, 'swap_other')) {
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done');
      trail.push(thread.pc);
      assert.ok(trail.length < 10, 'it makes headway');
    }
    assert.deepEqual(trail, [addressOf(program, 'swap_retry'), addressOf(program, 'swap_other')]);
    await finish(program);
  });
});
