import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { address } from '../../src/base/ids.js';
import type { Thread } from '../../src/core/index.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const trapFlag = 0x100;

function firstThread(program: TracedProgram): Thread {
  const [thread] = [...program.attachment.process.threads.values()];
  assert.ok(thread);
  return thread;
}

async function stopAt(program: TracedProgram, symbol: string): Promise<Thread> {
  const at = program.symbol(symbol);
  program.engine.holdAt = new Set(['breakpoint', 'step-done']);
  program.attachment.insertBreakpoint(at);
  continueAll(program.attachment);
  const { thread } = await program.engine.next('breakpoint');
  await program.attachment.quiesce();
  return thread;
}

describe('stepping', () => {
  it('goes through the same addresses with breakpoints everywhere as without', async () => {
    const trail = async (sites: readonly bigint[]) => {
      await using program = await launchFixture('families', ['done'], { flags: ['-O1', '-static'] });
      const { attachment, engine } = program;
      const thread = await stopAt(program, 'main');
      attachment.removeBreakpoint(program.symbol('main'));
      for (const at of sites) attachment.insertBreakpoint(address(at));
      const flags = attachment.process.registerFile.byRole('flags');
      const steps: bigint[] = [thread.pc];
      for (;;) {
        attachment.resume([{ thread, action: { kind: 'step' } }]);
        const event = await engine.next('step-done', 'breakpoint', 'exit');
        if (event.kind === 'exit') return { steps, status: event.status };
        steps.push(thread.pc);
        const bytes = thread.readRegister(flags);
        assert.ok(bytes);
        assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) & trapFlag, 0);
      }
    };
    const plain = await trail([]);
    assert.deepEqual(plain.status, { kind: 'exited', code: 33 });
    assert.ok(new Set(plain.steps).size > 200, `${plain.steps.length} steps`);
    assert.deepEqual(await trail(plain.steps), plain);
  });

  it('moves on from the first instruction, and from the first one after an exec', async () => {
    await using program = await launchFixture('families', ['exec'], {
      flags: ['-static'],
      holdAt: ['exec', 'step-done'],
    });
    const { attachment, engine } = program;
    for (let round = 0; round < 2; round++) {
      const thread = firstThread(program);
      const before = thread.pc;
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done');
      assert.notEqual(thread.pc, before);
      continueAll(attachment);
      if (round === 0) await engine.next('exec');
    }
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 33 });
  });

  it('in a range stops at the first instruction outside', async () => {
    await using program = await launchFixture('hot-threads', ['1', '50'], { flags: ['-O0', '-static'] });
    const thread = await stopAt(program, 'hot');
    const start = program.symbol('hot');
    program.attachment.removeBreakpoint(start);
    const end = address(start + 4096n);
    program.attachment.resume([{ thread, action: { kind: 'range-step', start, end } }]);
    await program.engine.next('step-done');
    assert.ok(thread.pc < start || thread.pc >= end);
  });

  it('in a range stops at a breakpoint inside', async () => {
    await using program = await launchFixture('hot-threads', ['1', '50'], { flags: ['-O0', '-static'] });
    const thread = await stopAt(program, 'hot');
    const start = program.symbol('hot');
    const end = address(start + 4096n);
    program.attachment.resume([{ thread, action: { kind: 'range-step', start, end } }]);
    assert.equal((await program.engine.next('breakpoint')).address, start);
  });

  it('delivers a signal into its handler', async () => {
    await using program = await launchFixture('spinner', ['1'], { flags: ['-static'] });
    const thread = await stopAt(program, 'tick');
    program.attachment.removeBreakpoint(program.symbol('tick'));
    const sigusr1 = 10;
    program.attachment.resume([{ thread, action: { kind: 'step' }, signal: sigusr1 }]);
    await program.engine.next('step-done');
    assert.equal(thread.pc, program.symbol('on_usr1'));
  });

  it('delivers a signal to a thread that stands at a breakpoint, which is hit once more only', async () => {
    await using program = await launchFixture('spinner', ['1'], { flags: ['-static'] });
    const thread = await stopAt(program, 'tick');
    assert.equal(thread, firstThread(program));
    program.attachment.insertBreakpoint(program.symbol('on_usr1'));
    program.attachment.resume([{ thread, action: { kind: 'continue' }, signal: 10 }]);
    assert.equal((await program.engine.next('breakpoint')).address, program.symbol('on_usr1'));
    // An ignored signal does not count the breakpoint again.
    program.attachment.resume([{ thread, action: { kind: 'continue' } }]);
    assert.equal((await program.engine.next('breakpoint')).address, program.symbol('tick'));
    const counts = () => program.attachment.process.memory.readExact(program.symbol('counts'), 8)[0];
    const before = counts() ?? 0;
    const sigurg = 23;
    program.attachment.resume([{ thread, action: { kind: 'continue' }, signal: sigurg }]);
    assert.equal((await program.engine.next('breakpoint')).address, program.symbol('tick'));
    assert.equal(counts(), before + 1);
  });
});
