/** `outstep stack --on-write`: who says that? */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';
import { commandLine, runCommand } from './command.js';

interface Shown {
  readonly pid: number;
  readonly threads: readonly { readonly tid: number; readonly frames: readonly { function?: string }[] }[];
}

const threads = 16;
const text = 'open the frobnicator';
/** Who writes it, one after the other; the last one is in a child. */
const writers = ['complain_by_write', 'complain_by_writev', 'complain_by_stdio', 'complain_by_write'];

/** JSON's lines stand among those of the program. */
function shownIn(output: string): Shown[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Shown => JSON.parse(line));
}

function writerIn({ threads: [thread, ...others] }: Shown): string | undefined {
  assert.deepEqual(others, []);
  return thread?.frames.map(({ function: name }) => name).find((name) => name?.startsWith('complain_'));
}

describe('cli: stack --on-write', () => {
  it('shows the stack of each thread that writes the text to standard error, and no other', async () => {
    const program = await compileFixture('complaints');
    const words = ['stack', `--on-write=${text}`, '--json', '--', program, String(threads)];
    const { output, errors, status } = await runCommand(words);
    assert.equal(status, 5, errors);
    const shown = shownIn(output);
    assert.deepEqual(shown.map(writerIn), writers);
    const [first, second, third, child] = shown;
    assert.equal(new Set([first?.pid, second?.pid, third?.pid]).size, 1);
    assert.notEqual(child?.pid, first?.pid);
    assert.notEqual(first?.threads[0]?.tid, first?.pid);
    assert.equal(output.split('\n').filter((line) => line.startsWith('cannot')).length, threads * 100);
  });

  it('shows text, of another descriptor', async () => {
    const program = await compileFixture('complaints');
    const { output, status } = await runCommand([
      'stack',
      '--on-write=the frobnicator',
      '--fd=1',
      '--',
      program,
      '1',
    ]);
    assert.equal(status, 5);
    // In libraries of today write(2) is the last thing that write(3) does, in another function.
    const shown = output.match(
      /^Process \d+ writes "the frobnicator":\nThread 1 \(.*\n#0 .* in .*(write|syscall_cancel)/gm,
    );
    assert.equal(shown?.length, 100);
    assert.doesNotMatch(output, /complain_/);
  });

  it('looks at a process that runs already, and lets it run on', async () => {
    await using program = await TestProcess.start('program', [
      '/bin/sh',
      '-c',
      'while read line; do echo "no $line"; done',
    ]);
    await using stack = await TestProcess.start('stack', [
      ...commandLine,
      'stack',
      '--on-write=no bread',
      '--fd=1',
      '--json',
      String(program.pid),
    ]);
    await stack.output.match(/^outstep: Process \d+ attached$/m);
    program.write('butter\nbread\n');
    await program.output.match(/no bread/);
    await stack.output.match(/}\n/);
    stack.signal('SIGINT');
    assert.deepEqual(await stack.waitForExit(), { kind: 'exited', code: 0 });
    const [shown, ...others] = shownIn(stack.output.text);
    assert.equal(shown?.pid, program.pid);
    assert.ok((shown.threads[0]?.frames.length ?? 0) > 0);
    assert.deepEqual(others, []);
    program.write('milk\n');
    await program.output.match(/no milk/);
  });

  it('says what is wrong with its words', async () => {
    for (const [words, message] of [
      [['--on-write='], /needs a text/],
      [['--on-write=x'], /PID of a process is missing/],
      [['--', 'true'], /needs --on-write/],
      [['--on-write=x', '--', '/no/such/program'], /no\/such\/program/],
    ] as const) {
      const { errors, status } = await runCommand(['stack', ...words]);
      assert.equal(status, 1, words.join(' '));
      assert.match(errors, message);
    }
  });
});
