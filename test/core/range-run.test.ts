/** Range steps over loops, which are not stepped through: all that can be observed is as if they were. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { type Address, address } from '../../src/base/ids.js';
import type { EventKind, ResumeAction, Thread } from '../../src/core/index.js';
import { program as expression } from '../support/agent-program.js';
import { timeFactor } from '../support/bounded.js';
import { type Machine, programKinds } from '../support/machine.js';
import { continueAll, launchFixture, symbolSize, type TracedProgram } from './traced-program.js';

/** Stepped through they would take minutes. */
const many = 10_000_000 / timeFactor;
/** The sums that the program checks come out for multiples of four. */
const steppedRounds = 4 * Math.ceil(10 / timeFactor);
const sigalrm = 14;
const succeeded = { kind: 'exited', code: 0 } as const;

interface Range {
  readonly start: Address;
  readonly end: Address;
}

function rangeOf(program: TracedProgram, name: string): Range {
  const start = program.symbol(name);
  return { start, end: address(start + symbolSize(program.path, name)) };
}

function contains({ start, end }: Range, at: bigint): boolean {
  return at >= start && at < end;
}

interface Loop extends AsyncDisposable {
  readonly program: TracedProgram;
  /** Stands at the first instruction of the range. */
  readonly thread: Thread;
  readonly range: Range;
}

interface LoopOptions {
  readonly rounds?: number;
  readonly threads?: number;
  readonly machine?: Machine;
  readonly holdAt?: readonly EventKind[];
  readonly mask?: readonly EventKind[];
}

/** A program whose first thread has come to the loop. */
async function enterLoop(kind: string, options: LoopOptions = {}): Promise<Loop> {
  const { rounds = many, threads = 0, machine, holdAt = [], mask } = options;
  const program = await launchFixture('ranges', [kind, `${rounds}`, `${threads}`], {
    flags: ['-O1'],
    holdAt: ['step-done', 'breakpoint', ...holdAt],
    ...(machine === undefined ? {} : { machine }),
    ...(mask === undefined ? {} : { mask }),
  });
  const range = rangeOf(program, kind);
  program.attachment.insertBreakpoint(range.start);
  continueAll(program.attachment);
  const { thread } = await program.engine.next('breakpoint');
  return { program, thread, range, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

function resume({ program, thread }: Loop, action: ResumeAction, signal?: number): void {
  program.attachment.resume([{ thread, action, ...(signal === undefined ? {} : { signal }) }]);
}

function stepRange(loop: Loop): void {
  resume(loop, { kind: 'range-step', ...loop.range });
}

function stackPointer(thread: Thread): bigint {
  const bytes = thread.readRegister(thread.process.registerFile.byRole('sp'));
  assert.ok(bytes);
  return [...bytes].reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The addresses at which the thread has left the range until it returned from it, and how the program ended. */
async function trail(kind: string, machine: Machine, takesRanges: boolean) {
  await using loop = await enterLoop(kind, { rounds: steppedRounds, machine });
  const { program, thread, range } = loop;
  program.attachment.removeBreakpoint(range.start);
  const outermost = stackPointer(thread);
  const left: bigint[] = [];
  for (;;) {
    const wasInside = contains(range, thread.pc);
    resume(loop, wasInside && takesRanges ? { kind: 'range-step', ...range } : { kind: 'step' });
    const event = await program.engine.next('step-done', 'exit');
    if (event.kind === 'exit') return { left, status: event.status };
    if (wasInside && !contains(range, thread.pc)) left.push(thread.pc);
    if (stackPointer(thread) > outermost) break;
  }
  continueAll(program.attachment);
  return { left, status: (await program.engine.next('exit')).status };
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What really is in the memory. */
function rawText({ program, range }: Loop): string {
  const bytes = new Uint8Array(Number(range.end - range.start) + 16);
  program.attachment.process.addressSpace.rawMemory.read(range.start, bytes);
  return hexOf(bytes);
}

async function finish({ program }: Loop): Promise<void> {
  continueAll(program.attachment);
  assert.deepEqual((await program.engine.next('exit')).status, succeeded);
}

describe('a range step over a loop', () => {
  for (const machine of programKinds) {
    const kinds = ['plain', 'calling', 'branching', 'recursing', 'calling_system', 'forking', 'leaving'];
    for (const kind of kinds) {
      it(`leaves it where single steps do: ${kind}, ${machine}`, async () => {
        const stepped = await trail(kind, machine, false);
        assert.deepEqual(stepped.status, succeeded);
        assert.deepEqual(await trail(kind, machine, true), stepped);
      });
    }
  }

  it('does not step through it, and leaves nothing behind', async () => {
    await using loop = await enterLoop('plain');
    loop.program.attachment.removeBreakpoint(loop.range.start);
    const before = rawText(loop);
    stepRange(loop);
    await loop.program.engine.next('step-done');
    assert.ok(!contains(loop.range, loop.thread.pc));
    assert.equal(rawText(loop), before);
    await finish(loop);
  });

  it('goes through indirect jumps inside without a word', async () => {
    await using loop = await enterLoop('branching', { rounds: 2000 });
    stepRange(loop);
    await loop.program.engine.next('step-done');
    assert.ok(!contains(loop.range, loop.thread.pc));
    await finish(loop);
  });

  it('can be interrupted, shows the program as it is meanwhile, and goes on', async () => {
    await using loop = await enterLoop('plain', {
      rounds: 1_000_000_000,
      mask: ['step-done', 'breakpoint', 'held'],
    });
    const { attachment, engine } = loop.program;
    attachment.removeBreakpoint(loop.range.start);
    const before = rawText(loop);
    for (let time = 0; time < 3; time++) {
      stepRange(loop);
      // The sites come with the first event after the resume.
      while (loop.thread.rangeRun === undefined) await new Promise((wake) => setImmediate(wake));
      const lengthBytes = Number(loop.range.end - loop.range.start) + 16;
      assert.notEqual(rawText(loop), before);
      const shown = attachment.process.memory.readExact(loop.range.start, lengthBytes);
      assert.equal(hexOf(shown), before);
      attachment.hold([loop.thread]);
      await engine.next('held');
      assert.ok(contains(loop.range, loop.thread.pc));
      assert.equal(rawText(loop), before);
    }
  });

  it('goes on when the client writes to the code', async () => {
    await using loop = await enterLoop('plain', { rounds: 300_000_000 / timeFactor });
    const { attachment, engine } = loop.program;
    const { memory } = attachment.process;
    stepRange(loop);
    while (loop.thread.rangeRun === undefined) await new Promise((wake) => setImmediate(wake));
    const first = loop.thread.rangeRun;
    memory.write(loop.range.start, memory.readExact(loop.range.start, 4));
    while (loop.thread.rangeRun === first) await new Promise((wake) => setImmediate(wake));
    await engine.next('step-done');
    assert.ok(!contains(loop.range, loop.thread.pc));
    await finish(loop);
  });

  it('leaves the program as it was when it is let go', async () => {
    await using loop = await enterLoop('plain', { rounds: 1_000_000_000 });
    const { attachment } = loop.program;
    attachment.removeBreakpoint(loop.range.start);
    const before = rawText(loop);
    stepRange(loop);
    while (loop.thread.rangeRun === undefined) await new Promise((wake) => setImmediate(wake));
    const { pid } = attachment.process;
    await attachment.detach();
    const maps = readFileSync(`/proc/${pid}/maps`, 'latin1');
    assert.match(maps, /ranges/);
    const memory = execFileSync('dd', [
      `if=/proc/${pid}/mem`,
      'bs=1',
      `skip=${loop.range.start}`,
      `count=${before.length / 2}`,
      'status=none',
    ]);
    assert.equal(hexOf(memory), before);
    globalThis.process.kill(pid, 'SIGKILL');
  });

  for (const isTrue of [true, false]) {
    it(`meets breakpoints inside: ${isTrue ? 'true' : 'false'} condition`, async () => {
      await using loop = await enterLoop('branching', { rounds: 2000 });
      const { attachment, engine } = loop.program;
      attachment.removeBreakpoint(loop.range.start);
      // The instruction at which the loop begins anew: the target of its jump back.
      const lines = execFileSync('objdump', ['-d', '--disassemble=branching', loop.program.path], {
        encoding: 'latin1',
      }).split('\n');
      const jump = lines.findIndex((line) => /\bjmp\s+\*|\bbr\s+x/.test(line));
      const inside = address(loop.range.start + offsetOf(lines, jump - 1));
      attachment.insertBreakpoint(inside, {
        conditions: [expression(['const8', isTrue ? 1 : 0])],
      });
      stepRange(loop);
      const event = await engine.next('step-done', 'breakpoint');
      assert.equal(event.kind, isTrue ? 'breakpoint' : 'step-done');
      assert.equal(loop.thread.pc === inside, isTrue);
      attachment.removeBreakpoint(inside);
      await finish(loop);
    });
  }

  it('meets a watchpoint', async () => {
    await using loop = await enterLoop('storing', { holdAt: ['watchpoint'] });
    const { attachment, engine } = loop.program;
    const point = { kind: 'write', address: loop.program.symbol('watched'), lengthBytes: 8 } as const;
    attachment.insertHardwarePoint(point);
    stepRange(loop);
    assert.equal((await engine.next('watchpoint', 'step-done')).kind, 'watchpoint');
    assert.ok(contains(loop.range, loop.thread.pc));
    attachment.removeHardwarePoint(point);
    stepRange(loop);
    await engine.next('step-done');
    assert.ok(!contains(loop.range, loop.thread.pc));
    await finish(loop);
  });

  it('tells of a signal before it is delivered, and a handler is outside', async () => {
    await using loop = await enterLoop('waiting', { holdAt: ['signal'] });
    const { engine } = loop.program;
    stepRange(loop);
    assert.equal((await engine.next('signal', 'step-done')).kind, 'signal');
    assert.ok(contains(loop.range, loop.thread.pc));
    resume(loop, { kind: 'range-step', ...loop.range }, sigalrm);
    await engine.next('step-done');
    assert.equal(loop.thread.pc, loop.program.symbol('on_alarm'));
    await finish(loop);
  });

  it('ends with a handler that nobody asked about', async () => {
    await using loop = await enterLoop('waiting', { mask: ['step-done', 'breakpoint', 'exit'] });
    stepRange(loop);
    await loop.program.engine.next('step-done');
    assert.equal(loop.thread.pc, loop.program.symbol('on_alarm'));
    await finish(loop);
  });

  it('of several threads at once, while others run through it', async () => {
    const threads = 8;
    await using loop = await enterLoop('plain', { rounds: 3_000_000, threads });
    const { attachment, engine } = loop.program;
    const stepping = new Set([loop.thread]);
    for (let count = 1; count < threads; count++) {
      const { thread } = await engine.next('breakpoint');
      if (stepping.size < threads / 2) stepping.add(thread);
    }
    attachment.removeBreakpoint(loop.range.start);
    const action = { kind: 'range-step', ...loop.range } as const;
    attachment.resume([...stepping].map((thread) => ({ thread, action })));
    continueAllBut(loop, stepping);
    for (let count = 0; count < threads / 2; count++) {
      const { thread } = await engine.next('step-done');
      assert.ok(stepping.delete(thread));
      assert.ok(!contains(loop.range, thread.pc));
    }
    await finish(loop);
  });

  it('ends with the program', async () => {
    await using loop = await enterLoop('leaving');
    stepRange(loop);
    const event = await loop.program.engine.next('exit', 'step-done');
    assert.equal(event.kind, 'exit');
  });
});

function continueAllBut({ program: { attachment } }: Loop, held: ReadonlySet<Thread>): void {
  const others = [...attachment.process.threads.values()].filter((thread) => !held.has(thread));
  attachment.resume(others.map((thread) => ({ thread, action: { kind: 'continue' } as const })));
}

/** Of the instruction on a line of a disassembled function, from the function's start. */
function offsetOf(lines: readonly string[], line: number): bigint {
  const at = (text: string | undefined) => BigInt(`0x${/^\s*([0-9a-f]+):/.exec(text ?? '')?.[1]}`);
  return at(lines[line]) - at(lines.find((text) => /^\s*[0-9a-f]+:\t/.test(text)));
}
