import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { architectureNames } from '../../arch/index.js';
import { errorCodes, OutstepError } from '../../src/base/errors.js';
import { Tracer } from '../../src/core/index.js';
import { bounded, timeFactor } from '../support/bounded.js';
import { thisMachine } from '../support/machine.js';
import { eventually, processState } from '../support/proc-files.js';
import { projectRoot } from '../support/project-paths.js';
import { continueAll, launchFixture, launchOptions, RecordingEngine } from './traced-program.js';

function zombiesOf(parent: number): readonly number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').match(/\d+/g) ?? [];
  return children.map(Number).filter((child) => processState(child) === 'Z');
}

describe('launch', () => {
  for (const startWithShell of [false, true]) {
    it(`stops at the first instruction and runs to the exit (shell: ${startWithShell})`, async () => {
      await using program = await launchFixture('hot-threads', ['4', '10'], { launch: { startWithShell } });
      const { attachment, engine } = program;
      assert.equal(attachment.process.threads.size, 1);
      assert.equal(attachment.process.program.executablePath(), program.path);
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

  it('passes on variables that the shell itself would drop', async () => {
    using tracer = new Tracer();
    const environment = { 'TEST name': 'a = b', TEST: 'c' };
    const options = { ...launchOptions('/bin/sleep', ['60']), startWithShell: true, environment };
    const attachment = await tracer.launch(options, new RecordingEngine());
    const variables = readFileSync(`/proc/${attachment.process.pid}/environ`, 'latin1').split('\0');
    assert.ok(variables.includes('TEST name=a = b'));
    assert.ok(variables.includes('TEST=c'));
    await attachment.kill();
  });

  it('lets the children of a wrapper go', async () => {
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    const wrapper = ['/bin/sh', '-c', 'X=$(/bin/echo 41); export X; exec "$@"', 'sh'];
    const options = { ...launchOptions('/bin/sh', ['-c', 'exit $((X + 1))']), wrapper };
    const attachment = await bounded(tracer.launch(options, engine), 5000, () => 'the launch');
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 42 });
  });

  it('that fails leaves nothing that keeps this process alive', async () => {
    const script = `
      import { Tracer } from ${JSON.stringify(pathToFileURL(resolve(projectRoot, 'dist/src/core/index.js')).href)};
      const engine = { name: 'test', mask: new Set(), onEvent: () => 'pass' };
      await new Tracer().launch({ program: '/nonexistent', args: [], environment: {}, disableRandomization: true,
        startWithShell: true, redirectStdio: true }, engine).catch((error) => console.log(error.code));`;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 5000 * timeFactor,
    });
    assert.equal(result.stdout, 'OUTSTEP_LAUNCH_FAILED\n');
    assert.equal(result.status, 0);
  });

  it('is refused when the tracer is disposed meanwhile, and leaves no zombie', async () => {
    const before = zombiesOf(process.pid);
    const tracer = new Tracer();
    const options = launchOptions('/bin/sh', ['-c', 'exit 0']);
    const launched = tracer.launch({ ...options, wrapper: ['/bin/sleep', '60'] }, new RecordingEngine());
    tracer.dispose();
    await bounded(
      assert.rejects(launched, { code: errorCodes.LAUNCH_FAILED }),
      5000,
      () => 'the end of the launch',
    );
    assert.deepEqual(zombiesOf(process.pid), before);
  });

  it('leaves no zombie when the tracer is disposed', async () => {
    await using program = await launchFixture('hot-threads', ['4', '1000000'], { holdAt: ['clone'] });
    continueAll(program.attachment);
    await program.engine.next('clone');
    program.tracer.dispose();
    assert.equal(existsSync(`/proc/${program.attachment.process.pid}`), false);
  });

  it('is reaped when it ends after it was let go', async () => {
    await using program = await launchFixture('hot-threads', ['1', '1']);
    const { pid: id } = program.attachment.process;
    await program.attachment.detach();
    await eventually('it is reaped', () => !existsSync(`/proc/${id}`));
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

  it('refuses a program of an unknown architecture in words', async () => {
    using tracer = new Tracer();
    // The kernel runs none but the known ones, save under its optional x32 ABI.
    sinon.stub(tracer, 'machineOf').returns(undefined);
    const launched = tracer.launch(launchOptions('/bin/true'), new RecordingEngine());
    await assert.rejects(
      launched,
      new RegExp(
        `Cannot debug .*true: only programs of these architectures .*${architectureNames(thisMachine)}`,
      ),
    );
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
