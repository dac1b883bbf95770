/** The timer that bounds waits in native code: without it one for a thread that runs on would never come back. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { before, describe, it } from 'mocha';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { projectRoot } from '../support/project-paths.js';

const testModule = pathToFileURL(resolve(projectRoot, 'dist/test/core/traced-program.js')).href;
const timeoutMs = 20_000 * timeFactor;

/** In a process of its own, which a wait without an end does not keep. */
function outputOf(body: string): string {
  const script = `
    import { continueAll, launchFixture } from ${JSON.stringify(testModule)};
    /** While a program runs that never stops. */
    const waitBriefly = async () => {
      const program = await launchFixture('counting-loop', ['0']);
      continueAll(program.attachment);
      const { native } = program.tracer;
      for (let round = 0; round < 20; round++) if (native.wait(1, false).length > 0) throw new Error('a stop');
      await program[Symbol.asyncDispose]();
      return native;
    };
    ${body}`;
  const args = ['--expose-gc', '--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, {
    encoding: 'latin1',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
}

describe('the timer of waits', () => {
  before(() => compileFixture('counting-loop'));

  it('bounds them, for one tracer after another', () => {
    assert.equal(outputOf(`await waitBriefly(); await waitBriefly(); console.log('done');`), 'done\n');
  });

  it('outlives the collection of a former tracer of its thread', () => {
    const body = `
      let isCollected = false;
      const registry = new FinalizationRegistry(() => { isCollected = true; });
      await (async () => registry.register(await waitBriefly(), 0))();
      while (!isCollected) {
        gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await waitBriefly();
      console.log('done');`;
    assert.equal(outputOf(body), 'done\n');
  });
});
