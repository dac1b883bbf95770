import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { errorCodes, OutstepError } from '../../src/base/errors.js';
import { Tracer } from '../../src/core/index.js';
import { projectRoot } from '../support/project-paths.js';
import { continueAll, launchFixture, launchOptions, RecordingEngine } from './traced-program.js';

describe('launch', () => {
  for (const startWithShell of [false, true]) {
    it(`stops at the first instruction and runs to the exit (shell: ${startWithShell})`, async () => {
      await using program = await launchFixture('hot-threads', ['4', '10'], { launch: { startWithShell } });
      const { attachment, engine } = program;
      assert.equal(attachment.process.threads.size, 1);
      assert.equal(attachment.process.executablePath(), program.path);
      assert.equal(
        attachment.process.memory.read(
          [...attachment.process.threads.values()][0]?.pc ?? program.symbol('main'),
          4,
        ).length,
        4,
      );
      continueAll(attachment);
      const exit = await engine.next('exit');
      assert.deepEqual(exit.status, { kind: 'exited', code: 0 });
      assert.equal(engine.count('clone'), 4);
      assert.equal(engine.count('thread-exit'), 4);
    });
  }

  it('passes arguments on verbatim through shell and wrapper', async () => {
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    const args = [
      '-c',
      '[ "$1" = "a  b" ] && [ "$2" = "" ] && [ "$3" = "x\'y\\"z" ] && [ "$W" = 1 ] && exit 42',
      'sh',
      'a  b',
      '',
      'x\'y"z',
    ];
    const options = { ...launchOptions('/bin/sh', args), startWithShell: true, wrapper: ['env', 'W=1'] };
    const attachment = await tracer.launch(options, engine);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 42 });
  });

  it('says why a program cannot be started', async () => {
    using tracer = new Tracer();
    const missing = tracer.launch(launchOptions('/nonexistent/program'), new RecordingEngine());
    await assert.rejects(missing, (error) => {
      assert.ok(error instanceof OutstepError);
      assert.equal(error.code, errorCodes.LAUNCH_FAILED);
      assert.match(error.message, /No such file or directory/);
      return true;
    });
    const viaShell = tracer.launch(
      { ...launchOptions('/nonexistent/program'), startWithShell: true },
      new RecordingEngine(),
    );
    await assert.rejects(viaShell, /During startup program exited with code 127/);
  });

  it('refuses a 32-bit program in words', async () => {
    const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const path = resolve(folder, 'thirty-two-bit');
    const source = resolve(projectRoot, 'fixtures/thirty-two-bit.S');
    execFileSync('gcc', ['-m32', '-nostdlib', '-static', '-o', path, source]);
    using tracer = new Tracer();
    const launched = tracer.launch(launchOptions(path), new RecordingEngine());
    await assert.rejects(launched, /Cannot debug .*thirty-two-bit: only 64-bit programs/);
    rmSync(folder, { recursive: true });
  });

  it('reports the signal that kills the program', async () => {
    await using program = await launchFixture('hot-threads', ['2', '1']);
    const { attachment, engine } = program;
    attachment.resume(
      [...attachment.process.threads.values()].map((thread) => ({
        thread,
        action: { kind: 'continue' } as const,
        signal: 15,
      })),
    );
    assert.deepEqual((await engine.next('exit')).status, { kind: 'killed', signal: 15 });
  });
});
