/** What the person at gdb's prompt learns of a refusal: at once from version 16 on, before that when asked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { DebugServer } from '../support/debug-server.js';
import { Gdb } from '../support/gdb.js';
import { describeOn } from '../support/machine.js';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

interface Refusal {
  readonly attach: string;
  readonly run: string;
  readonly why: readonly string[];
  readonly tracer: number;
  readonly target: number;
}

/** Attaches to what strace has, then starts what is not there. */
async function refuse(program?: string): Promise<Refusal> {
  await using target = await TestProcess.start('target', ['sleep', '600']);
  await using strace = await TestProcess.start('strace', ['strace', '-p', String(target.pid)]);
  await strace.output.match(/attached/, 15_000);
  await using server = await DebugServer.start(['--multi', 'localhost:0']);
  await using gdb = await Gdb.start([], program === undefined ? {} : { program });
  await gdb.execute(`target extended-remote ${server.address}`);
  const failure = (command: string): Promise<string> =>
    gdb.execute(command).then(
      () => '',
      (error: Error) => error.message,
    );
  const attach = await failure(`attach ${target.pid}`);
  await gdb.execute('set remote exec-file /nonexistent/program');
  const run = await failure('run');
  await gdb.execute('monitor why');
  const [, ...why] = await gdb.waitForOutput(/^@"(vRun: .*)\\n"\n@"(vAttach: .*)\\n"$/m);
  await server.output.match(/^Cannot attach to process \d+ .*already traced by .*\nFix: kill \d+$/m, 5000);
  return { attach, run, why, tracer: strace.pid, target: target.pid };
}

function reason({ target, tracer }: Refusal): string {
  const cause = `already traced by ${tracer} (strace)`;
  return `Cannot attach to process ${target} (sleep): Operation not permitted: ${cause}. Fix: kill ${tracer}`;
}

const startup = 'During startup program exited with code 127. /nonexistent/program does not exist';

describe('gdb: what is refused', () => {
  it('is explained by "monitor why"', async () => {
    const refusal = await refuse();
    assert.notEqual(refusal.attach, '');
    assert.notEqual(refusal.run, '');
    assert.deepEqual(refusal.why, [`vRun: ${startup}`, `vAttach: ${reason(refusal)}`]);
  });
});

describeOn('x86_64', 'gdb 16: what is refused', () => {
  it('is explained at the prompt', async () => {
    const finder = resolve(projectRoot, 'test/conformance/newest-gdb.sh');
    const folder = execFileSync('bash', [finder], { encoding: 'utf8' }).trim();
    const refusal = await refuse(`${folder}/bin/gdb`);
    assert.ok(refusal.attach.endsWith(reason(refusal)), refusal.attach);
    assert.ok(refusal.run.includes(startup), refusal.run);
  });
});
