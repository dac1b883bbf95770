/** `outstep doctor`: what it says and its exit status, here and where something is forbidden. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import process from 'node:process';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { processState, tracerOf } from '../support/proc-files.js';
import { commandScript } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

const doctor = [process.execPath, commandScript, 'doctor'];

interface Outcome {
  readonly status: number;
  readonly lines: readonly string[];
}

async function run(...command: readonly string[]): Promise<Outcome> {
  await using running = await TestProcess.start('doctor', command);
  running.endInput();
  const exit = await running.waitForExit(60_000);
  await running[Symbol.asyncDispose]();
  return {
    status: exit.kind === 'exited' ? exit.code : -1,
    lines: running.output.text.trimEnd().split('\n'),
  };
}

/** Names of the checks, without `FAIL` and the rest. */
function checks(lines: readonly string[], mark: RegExp): string[] {
  return lines.flatMap((line) => {
    const [, found, check] = /^(ok|note|FAIL) +([^:]+): /.exec(line) ?? [];
    return found !== undefined && mark.test(found) && check !== undefined ? [check] : [];
  });
}

const live = ['launch', 'memory', 'step', 'breakpoint', 'attach'];
const policies = ['ptrace', 'yama', 'capability', 'place'];

describe('cli: doctor', () => {
  it('finds that programs can be debugged here', async () => {
    const { status, lines } = await run(...doctor);
    assert.deepEqual(checks(lines, /./), ['addon', ...policies, ...live], lines.join('\n'));
    assert.deepEqual(checks(lines, /FAIL/), []);
    assert.equal(status, 0);
  });

  it('tells of a process without stopping it', async () => {
    await using target = await TestProcess.start('target', ['sleep', '600']);
    const { status, lines } = await run(...doctor, String(target.pid));
    assert.equal(lines.at(-1), `ok    process ${target.pid}: sleep may be attached to`);
    assert.equal(status, 0);
    assert.equal(tracerOf(target.pid), 0);
    assert.equal(processState(target.pid), 'S');
  });

  it('ends with 3 for a process that cannot be attached to, and says what helps', async () => {
    await using target = await TestProcess.start('target', ['sleep', '600']);
    await using strace = await TestProcess.start('strace', ['strace', '-p', String(target.pid)]);
    await strace.output.match(/attached/, 15_000);
    const { status, lines } = await run(...doctor, String(target.pid));
    assert.deepEqual(lines.slice(-2), [
      `FAIL  process ${target.pid}: already traced by ${strace.pid} (strace)`,
      `      Fix: kill ${strace.pid}`,
    ]);
    assert.equal(status, 3);
  });

  it('ends with 2 where no program can be debugged', async () => {
    const filter = [await compileFixture('forbidden-ptrace'), String(constants.errno.EPERM)];
    const { status, lines } = await run(...filter, ...doctor);
    assert.deepEqual(checks(lines, /FAIL/), ['ptrace', 'launch']);
    assert.equal(status, 2);
  });

  it('tells the same as JSON, an object a line', async () => {
    await using target = await TestProcess.start('target', ['true']);
    target.endInput();
    await target.waitForExit();
    const { status, lines } = await run(...doctor, '--json', String(target.pid));
    const findings = lines.map((line) => JSON.parse(line));
    assert.ok(findings.every(({ text }) => typeof text === 'string'));
    assert.deepEqual(
      findings.map(({ check }) => check),
      ['addon', ...policies, ...live, `process ${target.pid}`],
    );
    assert.equal(findings.at(-1).status, 'failed');
    assert.equal(status, 3);
  });

  it('ends with 1 for a mistake', async () => {
    for (const words of [['0'], ['x'], ['1', '2'], ['--bogus']])
      assert.equal((await run(...doctor, ...words)).status, 1, words.join(' '));
  });
});
