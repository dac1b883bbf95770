/** Block steps: one event for each branch that is taken, wherever single steps show that one was. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'mocha';
import { type Address, address } from '../../src/base/ids.js';
import type { ResumeAction, Thread } from '../../src/core/index.js';
import { program as expression } from '../support/agent-program.js';
import { type Machine, programKinds } from '../support/machine.js';
import {
  continueAll,
  launchFixture,
  RecordingEngine,
  symbolSize,
  type TracedProgram,
} from './traced-program.js';

/** The sums that the program checks come out for multiples of four. */
const rounds = 4;
const sigalrm = 14;
const always = /^(call|jmp|ret|b|bl|br|blr|svc|syscall|int|sysenter)[lqw]?$/;
const step: ResumeAction = { kind: 'step' };
const blockStep: ResumeAction = { kind: 'block-step' };

interface Code {
  readonly next: bigint;
  readonly alwaysBranches: boolean;
}

/** The instructions of a program, as a disassembler reads them. */
function codeOf({ path, symbol }: TracedProgram): ReadonlyMap<bigint, Code> {
  const lines = execFileSync('objdump', ['-d', '--no-show-raw-insn', path], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  }).matchAll(/^\s*([0-9a-f]+):\t(\S+)|^([0-9a-f]+) <main>:/gm);
  const found = [...lines];
  const main = found.find((line) => line[3] !== undefined);
  const bias = symbol('main') - BigInt(`0x${main?.[3]}`);
  const instructions = found.filter((line) => line[1] !== undefined);
  const at = (index: number) => bias + BigInt(`0x${instructions[index]?.[1] ?? 0}`);
  return new Map(
    instructions.map(([, , mnemonic = ''], index) => [
      at(index),
      { next: at(index + 1), alwaysBranches: always.test(mnemonic) },
    ]),
  );
}

/** Where single steps from one place to the next show that control was transferred. */
function targets(trace: readonly bigint[], code: ReadonlyMap<bigint, Code>): readonly bigint[] {
  return trace.slice(1).filter((pc, index) => {
    const from = trace[index] ?? 0n;
    const instruction = code.get(from);
    assert.ok(instruction, `no instruction at 0x${from.toString(16)}`);
    if (instruction.alwaysBranches) return true;
    // Instructions may be repeated, and aarch64's kernel ends a step behind a system call before anything is executed.
    return pc !== instruction.next && pc !== from;
  });
}

interface Run extends AsyncDisposable {
  readonly program: TracedProgram;
  readonly thread: Thread;
  readonly start: Address;
}

/** A program whose first thread stands at the beginning of a function. */
async function enter(name: string, machine?: Machine): Promise<Run> {
  const program = await launchFixture('ranges', [name, `${rounds}`], {
    flags: ['-O1'],
    holdAt: ['step-done', 'breakpoint', 'signal'],
    ...(machine === undefined ? {} : { machine }),
  });
  const start = program.symbol(name);
  program.attachment.insertBreakpoint(start);
  continueAll(program.attachment);
  const { thread } = await program.engine.next('breakpoint');
  program.attachment.removeBreakpoint(start);
  return { program, thread, start, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Addresses that a thread comes to, step by step, until it has left the function that it has begun, or the caller as well. */
async function trail({ program, thread }: Run, action: ResumeAction): Promise<readonly bigint[]> {
  const outermost = stackPointer(thread);
  const seen: bigint[] = [];
  do {
    program.attachment.resume([{ thread, action }]);
    await program.engine.next('step-done');
    seen.push(thread.pc);
  } while (stackPointer(thread) <= outermost);
  return seen;
}

/** The trail of block steps ends with a branch, which single steps may not have come to. */
function assertSameBranches(seen: readonly bigint[], expected: readonly bigint[]): void {
  assert.deepEqual(seen.slice(0, expected.length), expected);
  assert.ok(seen.length <= expected.length + 1);
}

function stackPointer(thread: Thread): bigint {
  const bytes = thread.readRegister(thread.process.registerFile.byRole('sp'));
  assert.ok(bytes);
  return [...bytes].reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

async function finish({ program }: Run): Promise<void> {
  continueAll(program.attachment);
  assert.deepEqual((await program.engine.next('exit')).status, { kind: 'exited', code: 0 });
}

async function expectedTargets(name: string, machine?: Machine): Promise<readonly bigint[]> {
  await using run = await enter(name, machine);
  const trace = [run.start, ...(await trail(run, step))];
  await finish(run);
  const expected = targets(trace, codeOf(run.program));
  assert.ok(expected.length >= rounds && expected.length < trace.length);
  return expected;
}

describe('a block step', () => {
  for (const machine of programKinds)
    for (const name of ['plain', 'straight', 'calling', 'branching', 'recursing', 'calling_system'])
      it(`ends at each taken branch, and nowhere else: ${name}, ${machine}`, async () => {
        const expected = await expectedTargets(name, machine);
        await using run = await enter(name, machine);
        assertSameBranches(await trail(run, blockStep), expected);
        await finish(run);
      });

  it('does so with system calls caught', async () => {
    const expected = await expectedTargets('calling_system');
    await using run = await enter('calling_system');
    run.program.attachment.setCaughtSystemCalls('all');
    assertSameBranches(await trail(run, blockStep), expected);
    run.program.attachment.setCaughtSystemCalls('none');
    await finish(run);
  });

  for (const name of ['branching', 'straight'])
    for (const isPassed of [true, false])
      it(`does so past ${isPassed ? 'passed' : 'told'} sites of others on every instruction: ${name}`, async () => {
        const expected = await expectedTargets(name);
        await using run = await enter(name);
        const { program, thread, start } = run;
        const { attachment } = program;
        const other = new RecordingEngine([], ['breakpoint']);
        const another = attachment.process.attachEngine(other);
        another.resume([{ thread, action: { kind: 'continue' } }]);
        const end = start + symbolSize(program.path, name);
        const inside = [...codeOf(program).keys()].filter((at) => at >= start && at < end);
        const programs = isPassed ? { conditions: [expression(['const8', 0])] } : undefined;
        for (const at of inside) another.insertBreakpoint(address(at), programs);
        assertSameBranches(await trail(run, blockStep), expected);
        assert.equal(other.count('breakpoint') > 0, !isPassed);
        await another.detach();
        await finish(run);
      });

  it('leaves steps and range steps of others as they are', async () => {
    const expected = await expectedTargets('calling');
    await using run = await enter('calling');
    const { program, thread, start } = run;
    const stepper = new RecordingEngine([], ['step-done']);
    const other = program.attachment.process.attachEngine(stepper);
    const end = address(start + 1n);
    const blocks: bigint[] = [];
    let steps = 0;
    for (let count = 0; count < 40 && blocks.length < expected.length; count++) {
      const isRange = count % 2 === 0;
      other.resume([{ thread, action: isRange ? { kind: 'range-step', start, end } : step }]);
      program.attachment.resume([{ thread, action: blockStep }]);
      await program.engine.next('step-done');
      blocks.push(thread.pc);
      steps = stepper.count('step-done');
    }
    assert.deepEqual(blocks, expected.slice(0, blocks.length));
    assert.ok(steps > 0);
    await other.detach();
    await finish(run);
  });

  it('tells of a signal before it is delivered, and ends at the handler', async () => {
    await using run = await enter('waiting');
    const { program, thread } = run;
    for (;;) {
      program.attachment.resume([{ thread, action: blockStep }]);
      const event = await program.engine.next('signal', 'step-done');
      if (event.kind === 'signal') break;
    }
    program.attachment.resume([{ thread, action: blockStep, signal: sigalrm }]);
    await program.engine.next('step-done');
    assert.equal(thread.pc, program.symbol('on_alarm'));
    await finish(run);
  });

  it('can be interrupted', async () => {
    await using run = await enter('waiting');
    const { program, thread } = run;
    program.attachment.resume([{ thread, action: blockStep }]);
    await program.attachment.quiesce();
    assert.ok(thread.isStopped);
  });
});
