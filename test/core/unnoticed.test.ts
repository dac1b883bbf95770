/** What a program and those around it see of being traced: nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { address, pid } from '../../src/base/ids.js';
import { Tracer } from '../../src/core/index.js';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, processState } from '../support/proc-files.js';
import { continueAll, launchFixture, RecordingEngine, symbolValue } from './traced-program.js';

describe('a program that is traced', () => {
  it('has the parent that it had, which is told of its stops and its end once each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
    const file = join(folder, 'told');
    const path = await compileFixture('watched-child', { flags: ['-no-pie'] });
    const lines = (): string[] => readFileSync(file, 'latin1').trimEnd().split('\n');
    using parent = startOrphan(path, [file]);
    using tracer = new Tracer();
    await eventually(
      'it has a child',
      () => processState(parent.pid) === 'S' && lines().length === 1 && lines()[0] !== '',
    );
    const child = pid(Number(lines()[0]));
    const engine = new RecordingEngine(['breakpoint', 'step-done']);
    const attachment = await tracer.attach(child, engine);
    const work = address(symbolValue(path, 'work'));
    attachment.insertBreakpoint(work);
    continueAll(attachment);
    for (let hit = 0; hit < 20; hit++) {
      const { thread } = await engine.next('breakpoint');
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done');
      continueAll(attachment);
    }
    await attachment.quiesce();
    attachment.removeBreakpoint(work);
    engine.holdAt = new Set();
    continueAll(attachment);
    process.kill(child, 'SIGSTOP');
    await eventually('its stop is told', () => lines().includes('stopped 19'));
    process.kill(child, 'SIGCONT');
    await eventually('that it goes on is told', () => lines().includes('continued'));
    await attachment.detach();
    process.kill(child, 'SIGTERM');
    await eventually('the parent has ended', () => lines().at(-1)?.endsWith('signals') === true);
    assert.deepEqual(lines().slice(1), ['stopped 19', 'continued', 'killed 15', '3 signals']);
    rmSync(folder, { recursive: true });
  });

  it('loses no event, and none changes its place, while the event loop is busy with something else', async () => {
    await using program = await launchFixture('hot-threads', ['4', '250']);
    const { attachment, engine } = program;
    const hot = program.symbol('hot');
    attachment.insertBreakpoint(hot);
    const busy = setInterval(() => {
      const end = performance.now() + 50;
      while (performance.now() < end);
    }, 0);
    continueAll(attachment);
    const { status } = await engine.next('exit');
    clearInterval(busy);
    assert.deepEqual(status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 1000);
  });
});
