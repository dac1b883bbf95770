import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, it } from 'mocha';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { eventually } from '../support/proc-files.js';
import { projectRoot } from '../support/project-paths.js';

const coreModule = pathToFileURL(resolve(projectRoot, 'dist/src/core/index.js')).href;

/** A program that launches another one, says its pid, and then does as `ending` says. */
function script(program: string, ending: string): string {
  return `
    import process from 'node:process';
    import { Tracer } from ${JSON.stringify(coreModule)};
    const tracer = new Tracer();
    let done;
    const exited = new Promise((resolve) => { done = resolve; });
    const engine = { name: 'test', mask: new Set(['exit']), onEvent: (event) => { done(event.status.code); return 'pass'; } };
    const attachment = await tracer.launch({ program: ${JSON.stringify(program)}, args: ['2', '100'], environment: {},
      disableRandomization: true, startWithShell: false, redirectStdio: true }, engine);
    const go = () => attachment.resume([...attachment.process.threads.values()].map((thread) => ({ thread, action: { kind: 'continue' } })));
    ${ending}`;
}

/** A killed orphan may wait for its new parent to take notice of it. */
function isAlive(id: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${id}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** How many timers of POSIX a process has, proc(5). */
function timerCount(list = readFileSync('/proc/self/timers', 'latin1')): number {
  return list.match(/^ID: /gm)?.length ?? 0;
}

describe('a tracer', () => {
  it('works in a worker thread, and another one in the next', async () => {
    const program = await compileFixture('hot-threads');
    for (let round = 0; round < 2; round++) {
      const ending = `go(); const { parentPort } = await import('node:worker_threads'); parentPort.postMessage(await exited); tracer.dispose();`;
      const worker = new Worker(
        new URL(`data:text/javascript,${encodeURIComponent(script(program, ending))}`),
      );
      // Both may come at once, when the worker was quick.
      const [[code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      assert.equal(code, 0);
    }
  });

  it('has the timer of its waits from the one before it on its thread, with which the timer goes', async () => {
    const program = await compileFixture('hot-threads');
    const before = timerCount();
    const ending = `go(); await exited; tracer.dispose();
      const { readFileSync } = await import('node:fs');
      const { parentPort } = await import('node:worker_threads');
      for (let round = 0; round < 3; round++) {
        const next = new Tracer();
        next.native.wait(1, false);
        next.dispose();
      }
      parentPort.postMessage(readFileSync('/proc/self/timers', 'latin1'));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script(program, ending))}`));
    const [[timers]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    assert.equal(timerCount(timers), before + 1);
    assert.equal(timerCount(), before);
  });

  it('that is forgotten at process.exit takes what it launched with it', async () => {
    const program = await compileFixture('hot-threads');
    const ending = 'console.log(attachment.process.pid); process.exit(3);';
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script(program, ending)], {
      encoding: 'utf8',
      timeout: 20_000 * timeFactor,
    });
    assert.equal(result.status, 3, result.stderr);
    const id = Number(result.stdout.trim());
    assert.ok(id > 0);
    // The kernel kills it on its own time.
    await eventually('the program is gone', () => !isAlive(id));
  });
});
