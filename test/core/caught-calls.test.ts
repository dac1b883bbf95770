import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import { address } from '../../src/base/ids.js';
import type { EventKind, ResumeAction, ThreadEvent } from '../../src/core/index.js';
import { Tracer } from '../../src/core/index.js';
import { compileFixture } from '../support/fixture.js';
import { thisMachine } from '../support/machine.js';
import { resultRegister, thisModule } from '../support/machine-registers.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, systemCallOf } from '../support/proc-files.js';
import { systemCalls } from '../support/system-calls.js';
import { continueAll, launchFixture, RecordingEngine, type TracedProgram } from './traced-program.js';

/** The call, and the nop behind it, which is as long as an instruction can be short. */
const callAndNop = BigInt(thisModule.syscall.instruction.length + thisModule.instructionAlignment);
const callKinds: readonly EventKind[] = ['system-call-entry', 'system-call-return'];
const mask: readonly EventKind[] = [
  ...callKinds,
  'breakpoint',
  'step-done',
  'signal',
  'exec',
  'group-stop',
  'exit',
];
const success = { kind: 'exited', code: 0 };

function launch(args: readonly string[], holdAt: readonly EventKind[] = []): Promise<TracedProgram> {
  return launchFixture('system-calls', args, { flags: ['-no-pie', '-pthread'], holdAt, mask });
}

/** What the engine heard of system calls, shortly: `>` and the number for the way in, `<` for the way out. */
function callsHeard(engine: RecordingEngine): string[] {
  return engine.events.flatMap((event) => {
    if (event.kind === 'system-call-entry') return [`>${event.number}`];
    return event.kind === 'system-call-return' ? [`<${event.number}`] : [];
  });
}

async function runToEnd(program: TracedProgram): Promise<unknown> {
  continueAll(program.attachment);
  return (await program.engine.next('exit')).status;
}

/** Runs to the instruction that calls getppid, and leaves a breakpoint there when `stays`. */
async function runToCall(program: TracedProgram, stays: boolean): Promise<void> {
  const { attachment, engine } = program;
  const at = program.symbol('call_instruction');
  attachment.insertBreakpoint(at);
  continueAll(attachment);
  await engine.next('breakpoint');
  if (!stays) attachment.removeBreakpoint(at);
}

function resume(event: ThreadEvent, program: TracedProgram, action: ResumeAction): void {
  program.attachment.resume([{ thread: event.thread, action }]);
}

describe('caught system calls', () => {
  it('are told on their way in and out, all of them', async () => {
    await using program = await launch(['call', '2']);
    program.attachment.setCaughtSystemCalls('all');
    assert.deepEqual(await runToEnd(program), success);
    const heard = callsHeard(program.engine);
    assert.deepEqual(heard.slice(-5), [
      `>${systemCalls.getppid}`,
      `<${systemCalls.getppid}`,
      `>${systemCalls.getppid}`,
      `<${systemCalls.getppid}`,
      `>${systemCalls.exitGroup}`,
    ]);
    assert.equal(heard.filter((call) => call.startsWith('>')).length, (heard.length + 1) / 2);
    assert.ok(!heard.includes(`<${systemCalls.execve}`), 'the program was executed before anybody could ask');
  });

  it('are only those that were asked for, in every thread', async () => {
    await using program = await launch(['threads', '50']);
    program.attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    assert.deepEqual(await runToEnd(program), success);
    for (const call of [`>${systemCalls.getppid}`, `<${systemCalls.getppid}`]) {
      assert.equal(callsHeard(program.engine).filter((one) => one === call).length, 100);
    }
    assert.equal(callsHeard(program.engine).length, 200);
  });

  it('concern the engines that asked for them', async () => {
    await using program = await launch(['call', '3']);
    const other = new RecordingEngine([], mask);
    const attachment = program.attachment.process.attachEngine(other);
    attachment.setCaughtSystemCalls(new Set([systemCalls.exitGroup]));
    program.attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    continueAll(attachment);
    assert.deepEqual(await runToEnd(program), success);
    assert.deepEqual(callsHeard(other), [`>${systemCalls.exitGroup}`]);
    assert.equal(callsHeard(program.engine).length, 6);
  });

  it('go with the engine that asked for them', async () => {
    await using program = await launch(['call', '3'], ['system-call-entry']);
    const other = new RecordingEngine([], mask);
    const attachment = program.attachment.process.attachEngine(other);
    attachment.setCaughtSystemCalls('all');
    attachment.withdraw();
    assert.deepEqual(await runToEnd(program), success);
    assert.deepEqual([...callsHeard(other), ...callsHeard(program.engine)], []);
  });

  it('hold a thread before the call is made and after it', async () => {
    await using program = await launch(['call', '1'], callKinds);
    const { attachment, engine } = program;
    attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    continueAll(attachment);
    const { thread } = await engine.next('system-call-entry');
    assert.equal(thread.pc, program.symbol('after_call'));
    const result = () => {
      const bytes = thread.readRegister(resultRegister);
      assert.ok(bytes);
      return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    };
    const before = result();
    // x86: ENOSYS until the kernel knows better. Elsewhere the first argument is still there.
    assert.equal(before, thisMachine === 'x86_64' ? -38 : 0);
    continueAll(attachment);
    await engine.next('system-call-return');
    assert.equal(result(), process.pid);
    assert.deepEqual(await runToEnd(program), success);
  });

  it('are told no more when they were given up inside the call', async () => {
    await using program = await launch(['call', '2'], ['system-call-entry', 'step-done']);
    const { attachment, engine } = program;
    attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    continueAll(attachment);
    const entry = await engine.next('system-call-entry');
    attachment.setCaughtSystemCalls('none');
    resume(entry, program, { kind: 'step' });
    await engine.next('step-done');
    attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    continueAll(attachment);
    await engine.next('system-call-entry');
    assert.deepEqual(callsHeard(engine), [], 'the entry of the second call was the next to come');
  });

  it('are told across an exec, whose own end is told as well', async () => {
    const path = await compileFixture('system-calls', { flags: ['-no-pie', '-pthread'] });
    for (const mode of ['first', 'other']) {
      await using program = await launchFixture('exec', [mode, path, 'call', '2'], { mask });
      program.attachment.setCaughtSystemCalls(new Set([systemCalls.getppid, systemCalls.execve]));
      assert.deepEqual(await runToEnd(program), success);
      assert.deepEqual(callsHeard(program.engine), [
        `>${systemCalls.execve}`,
        `<${systemCalls.execve}`,
        `>${systemCalls.getppid}`,
        `<${systemCalls.getppid}`,
        `>${systemCalls.getppid}`,
        `<${systemCalls.getppid}`,
      ]);
    }
  });

  it('are told in order when the call makes a child, stepped or not', async () => {
    await using program = await launch(['fork', '0']);
    program.attachment.setCaughtSystemCalls(new Set([systemCalls.clone, systemCalls.getppid]));
    assert.deepEqual(await runToEnd(program), success);
    assert.deepEqual(callsHeard(program.engine), [
      `>${systemCalls.clone}`,
      `<${systemCalls.clone}`,
      `>${systemCalls.getppid}`,
      `<${systemCalls.getppid}`,
    ]);
  });

  it('are told when a signal interrupts them, and the return from its handler as well', async () => {
    await using program = await launch(['sleep', '0']);
    program.attachment.setCaughtSystemCalls(new Set([systemCalls.clockNanosleep, systemCalls.rtSigreturn]));
    assert.deepEqual(await runToEnd(program), success);
    assert.deepEqual(callsHeard(program.engine), [
      `>${systemCalls.clockNanosleep}`,
      `<${systemCalls.clockNanosleep}`,
      `>${systemCalls.rtSigreturn}`,
      `<${systemCalls.rtSigreturn}`,
    ]);
  });

  it('are told when a filter refuses them', async () => {
    await using program = await launch(['filtered', '1']);
    program.attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
    assert.deepEqual(await runToEnd(program), success);
    assert.deepEqual(callsHeard(program.engine), [`>${systemCalls.getppid}`, `<${systemCalls.getppid}`]);
  });

  for (const withSite of [false, true]) {
    const where = withSite ? 'from a breakpoint' : 'from the instruction';

    it(`are told when they are stepped over ${where}`, async () => {
      await using program = await launch(['call', '3'], ['breakpoint', 'step-done', ...callKinds]);
      const { attachment, engine } = program;
      attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
      await runToCall(program, withSite);
      for (const expected of callKinds) {
        const [thread] = [...attachment.process.threads.values()];
        assert.ok(thread);
        attachment.resume([{ thread, action: { kind: 'step' } }]);
        const event = await engine.next('step-done', 'breakpoint', 'system-call-entry', 'system-call-return');
        assert.equal(event.kind, expected);
        assert.equal(thread.pc, program.symbol('after_call'));
      }
      if (withSite) attachment.removeBreakpoint(program.symbol('call_instruction'));
      engine.holdAt = new Set();
      assert.deepEqual(await runToEnd(program), success);
    });

    it(`are passed in one step ${where} when others are caught`, async () => {
      await using program = await launch(['call', '1'], ['breakpoint', 'step-done']);
      const { attachment, engine } = program;
      attachment.setCaughtSystemCalls(new Set([systemCalls.rtSigreturn]));
      await runToCall(program, withSite);
      const [thread] = [...attachment.process.threads.values()];
      assert.ok(thread);
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      assert.equal((await engine.next('step-done', 'breakpoint')).kind, 'step-done');
      assert.equal(thread.pc, program.symbol('after_call'));
      assert.deepEqual(await runToEnd(program), success);
    });

    it(`are told in a range step ${where}, which goes on`, async () => {
      await using program = await launch(['call', '1'], ['breakpoint', 'step-done']);
      const { attachment, engine } = program;
      attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
      await runToCall(program, withSite);
      const start = program.symbol('call_instruction');
      const [thread] = [...attachment.process.threads.values()];
      assert.ok(thread);
      attachment.resume([
        { thread, action: { kind: 'range-step', start, end: address(start + callAndNop) } },
      ]);
      await engine.next('step-done');
      assert.equal(thread.pc, start + callAndNop);
      assert.deepEqual(callsHeard(engine), [`>${systemCalls.getppid}`, `<${systemCalls.getppid}`]);
    });

    it(`leave the registers as they are without, ${where}`, async () => {
      await using program = await launch(['threads', '20']);
      program.attachment.setCaughtSystemCalls(new Set([systemCalls.getppid]));
      if (withSite) program.attachment.insertBreakpoint(program.symbol('call_instruction'));
      assert.deepEqual(await runToEnd(program), success);
      assert.equal(callsHeard(program.engine).length, 80);
      assert.equal(program.engine.count('breakpoint'), withSite ? 40 : 0);
    });
  }

  it('are met by threads that run when the wish comes, and by those attached to inside a call', async () => {
    const path = await compileFixture('system-calls', { flags: ['-no-pie', '-pthread'] });
    using sleeper = startOrphan(path, ['blocked']);
    await eventually('it sleeps', () => systemCallOf(sleeper.pid) === systemCalls.nanosleep);
    using tracer = new Tracer();
    const engine = new RecordingEngine([], mask);
    const attachment = await tracer.attach(sleeper.pid, engine);
    for (const isRunning of [true, false]) {
      if (isRunning) continueAll(attachment);
      attachment.setCaughtSystemCalls('all');
      if (!isRunning) continueAll(attachment);
      // The interrupt takes the thread out of its call, which it then makes again.
      assert.equal((await engine.next('system-call-entry', 'system-call-return')).kind, 'system-call-entry');
      attachment.setCaughtSystemCalls('none');
      await attachment.quiesce();
    }
    await attachment.detach();
  });
});
