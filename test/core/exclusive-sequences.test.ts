/** Stops between a load-exclusive and its store would make the store fail for ever: threads get through all the same. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import sinon from 'sinon';
import type { ResumeAction } from '../../src/core/index.js';
import { counting } from '../support/hit-counter.js';
import { describeOn } from '../support/machine.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const succeeded = { kind: 'exited', code: 0 } as const;
const labels = [
  ...['add_load', 'add_inside', 'add_store', 'add_retry'],
  ...['swap_load', 'swap_leave', 'swap_store', 'swap_retry'],
] as const;

/** A thread that loses its processor in between tries again: that happens, but seldom. */
const mostFailures = 10;

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
      const hits = Number(tracer.native.variable(1) ?? 0n);
      assert.ok(hits >= rounds && hits < rounds + mostFailures, `${hits} hits`);
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
    for (const origin of ['launched', 'attached'] as const)
      it(`a step from ${label} ends behind the store, which may fail now and then (${origin})`, async () => {
        await using program = await launch(3, 1);
        const { attachment, engine } = program;
        // Where steps outlast the tracer, those of attached programs are runs.
        sinon.stub(attachment.process, 'origin').value(origin);
        const at = addressOf(program, label);
        attachment.insertBreakpoint(at);
        const counter = (): bigint => {
          const bytes = attachment.process.memory.readExact(addressOf(program, 'counter'), 8);
          return new DataView(bytes.buffer).getBigUint64(0, true);
        };
        let count = 0n;
        for (let hits = 0; count < 3n; hits++) {
          assert.ok(hits < mostFailures, 'stores succeed');
          continueAll(attachment);
          const { thread } = await engine.next('breakpoint');
          attachment.resume([{ thread, action: { kind: 'step' } }]);
          await engine.next('step-done');
          assert.equal(thread.pc, addressOf(program, 'add_retry'));
          const now = counter();
          assert.ok(now === count || now === count + 1n, `${count}, then ${now}`);
          count = now;
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
        const step = () => {
          attachment.resume([{ thread, action }]);
          return engine.next('step-done', 'breakpoint');
        };
        let stop = await step();
        // A store that fails leads back to the breakpoint.
        for (let failures = 0; stop.kind === 'breakpoint' && failures < mostFailures; failures++) {
          assert.ok(isAtSite && thread.pc === start);
          stop = await step();
        }
        assert.equal(stop.kind, 'step-done');
        assert.equal(thread.pc, end);
        if (!isAtSite) attachment.insertBreakpoint(start);
      }
      attachment.removeBreakpoint(start);
      await finish(program);
    });
  }

  it('a block step goes through, to the next branch that is taken', async () => {
    await using program = await launch(3, 1);
    const { attachment, engine } = program;
    const start = addressOf(program, 'add_load');
    const end = addressOf(program, 'add_retry');
    attachment.insertBreakpoint(start);
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    attachment.removeBreakpoint(start);
    attachment.resume([{ thread, action: { kind: 'block-step' } }]);
    await engine.next('step-done');
    // A store that fails leads back to the load.
    assert.ok(thread.pc === start || thread.pc < start || thread.pc > end);
    assert.notEqual(thread.pc, addressOf(program, 'add_done'));
    await finish(program);
  });

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
    // A store that fails leads back to the load.
    while (trail[1] === start) trail.splice(0, 2);
    assert.deepEqual(trail, [addressOf(program, 'swap_retry'), addressOf(program, 'swap_other')]);
    await finish(program);
  });
});
