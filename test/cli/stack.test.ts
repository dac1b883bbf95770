/** `outstep stack` beside gdb on the same process. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type CompileOptions, compileFixture } from '../support/fixture.js';
import { type GdbFrame, gdbBacktraces } from '../support/gdb-backtraces.js';
import { describeOn } from '../support/machine.js';
import { type Orphan, startOrphan } from '../support/orphan.js';
import { eventually, mappingsOf, systemCallOf, threadsOf, tracerOf } from '../support/proc-files.js';
import { runCommand } from './command.js';

interface ShownFrame {
  readonly pc: string;
  readonly function?: string;
  readonly file?: string;
  readonly signalFrame?: true;
}

interface ShownStacks {
  readonly pid: number;
  readonly pauseMs: number;
  readonly threads: readonly { readonly tid: number; readonly name: string; readonly frames: ShownFrame[] }[];
}

/** When all its threads have come to where they wait for ever. */
async function untilWaiting(orphan: Orphan, count: number): Promise<Orphan> {
  await eventually('all threads wait', () => {
    const calls = threadsOf(orphan.pid).map(systemCallOf);
    return calls.length === count && calls[0] !== undefined && calls.every((call) => call === calls[0]);
  });
  return orphan;
}

async function startWaiting(options: CompileOptions, count = 0): Promise<Orphan> {
  const path = await compileFixture('stacks', options);
  return untilWaiting(startOrphan(path, [String(count)]), 5 + count);
}

function pcOf({ pc, signalFrame }: ShownFrame): bigint | undefined {
  return signalFrame === true ? undefined : BigInt(pc);
}

/** gdb's demangler writes the types that functions return. */
function nameOf({ function: name }: GdbFrame): string | undefined {
  return name?.replace(/^void /, '');
}

/** Where it has to guess gdb may go on to what is no code. */
function untilLost(frames: readonly GdbFrame[], pid: number): readonly GdbFrame[] {
  const code = mappingsOf(pid).filter(({ permissions }) => permissions.includes('x'));
  const lost = frames.findIndex(({ pc }, index) => {
    const isInterrupted = index === 0 || frames[index - 1]?.pc === undefined;
    return pc !== undefined && !isInterrupted && !code.some(({ start, end }) => pc >= start && pc < end);
  });
  return lost < 0 ? frames : frames.slice(0, lost);
}

async function compareWithGdb(options: CompileOptions): Promise<ShownStacks> {
  using orphan = await startWaiting(options);
  return await compareBoth(orphan);
}

async function compareBoth(orphan: Orphan): Promise<ShownStacks> {
  const expected = await gdbBacktraces(['-p', String(orphan.pid)]);
  const shown = await runCommand(['stack', '--json', String(orphan.pid)]);
  const stacks: ShownStacks = JSON.parse(shown.output);
  assert.equal(tracerOf(orphan.pid), 0);
  assert.deepEqual(
    stacks.threads.map(({ tid }) => tid),
    [...expected.keys()].sort((a, b) => a - b),
  );
  for (const { tid, frames } of stacks.threads) {
    const gdbs = untilLost(expected.get(tid) ?? [], orphan.pid);
    const ours = gdbs.length < (expected.get(tid)?.length ?? 0) ? frames.slice(0, gdbs.length) : frames;
    assert.deepEqual(
      ours.map(pcOf),
      gdbs.map(({ pc }) => pc),
      `thread ${tid}`,
    );
    for (const [index, frame] of ours.entries()) {
      const name = nameOf(gdbs[index] ?? { pc: undefined, function: undefined });
      if (frame.file?.includes('stacks') === true) assert.equal(frame.function, name);
      else assert.ok(name === undefined || frame.function !== undefined, name);
    }
  }
  return stacks;
}

const plain = ['-g0', '-O2'];

describe('cli: stack', function () {
  this.timeout(60_000);

  it('shows what gdb does: recursion, handlers on two stacks, a call of nothing', async () => {
    const { threads } = await compareWithGdb({ flags: plain, output: 'stacks-plain' });
    const functions = threads.map(({ frames }) => frames.map((frame) => frame.function ?? '??'));
    assert.ok(
      functions.some((names) => names.filter((name) => name.includes('Tree::descend<char>')).length >= 3),
    );
    assert.equal(functions.filter((names) => names.includes('raise_here')).length, 2);
    assert.ok(functions.some((names) => names.includes('call_nowhere')));
    assert.equal(threads.flatMap(({ frames }) => frames.filter((frame) => frame.signalFrame)).length, 3);
  });

  it('shows what gdb does where only frame pointers say who called whom', async () => {
    const { threads } = await compareWithGdb({
      flags: [
        ...plain,
        '-fno-omit-frame-pointer',
        '-fno-asynchronous-unwind-tables',
        '-fno-exceptions',
        '-fno-unwind-tables',
      ],
      output: 'stacks-frame-pointers',
    });
    const functions = threads.flatMap(({ frames }) => frames.map((frame) => frame.function));
    for (const name of ['main', 'recursive', 'handling', 'handling_elsewhere', 'lost'])
      assert.ok(functions.includes(name), name);
  });

  it('shows text as gdb does, and for how long the process was stopped', async () => {
    using orphan = await startWaiting({ flags: plain, output: 'stacks-plain' }, 95);
    const { output, errors, status } = await runCommand(['stack', String(orphan.pid)]);
    assert.equal(status, 0);
    assert.equal(
      [...output.matchAll(/^Thread \d+ \(Thread 0x[0-9a-f]+ \(LWP \d+\) "stacks-plain"\):$/gm)].length,
      100,
    );
    assert.match(
      output,
      /^Thread 1 .*\n(?:#.*\n)*#\d +0x[0-9a-f]{16} in pause \(\) from \/\S+\n#\d +0x[0-9a-f]{16} in main \(\)$/m,
    );
    assert.match(output, /^#\d+ +<signal handler called>\n#\d+ +0x0{16} in \?\? \(\)$/m);
    assert.match(errors, /^Process \d+ with 100 threads was stopped for \d+\.\d ms\.$/m);
  });

  it('says what forbids it', async () => {
    const { errors, status } = await runCommand(['stack', String(2 ** 22 + 1)]);
    assert.equal(status, 1);
    assert.match(errors, /^Cannot attach to process \d+: No such process$/m);
    assert.match((await runCommand(['stack'])).errors, /^The PID of a process is missing\.\nUsage:/);
    assert.match((await runCommand(['stack', 'x'])).errors, /^x is no PID of a process\.\nUsage:/);
  });
});

describeOn('i386', 'cli: stack of a 32-bit program', () => {
  it('shows what gdb does', async () => {
    const path = await compileFixture('deadlock', {
      machine: 'i386',
      flags: plain,
      output: 'deadlock-stacks',
    });
    using orphan = await untilWaiting(startOrphan(path, []), 3);
    const { threads } = await compareBoth(orphan);
    assert.equal(threads.length, 3);
  });
});
