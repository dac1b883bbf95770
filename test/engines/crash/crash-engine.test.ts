/** What is a crash, and who decides when several engines are on the process. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { kernelSignal } from '../../../src/base/ids.js';
import type { CoreEvent, EventAnswer } from '../../../src/core/index.js';
import { CrashEngine, crashReport, dumpsCore, type Held } from '../../../src/engines/crash/index.js';
import {
  continueAll,
  launchFixture,
  RecordingEngine,
  type TracedProgram,
} from '../../core/traced-program.js';
import { bounded } from '../../support/bounded.js';

interface Watched {
  readonly held: readonly number[];
  readonly ended: Promise<{ readonly kind: string; readonly code?: number; readonly signal?: number }>;
  /** Resolves when the engine has been held for the first time. */
  readonly first: Promise<Held>;
  letGo(): void;
}

/** A crash engine that comes second, and holds until it is told to let go. */
async function attachSecond(program: TracedProgram): Promise<Watched> {
  const held: number[] = [];
  let letGo: () => void = () => undefined;
  let tell: (one: Held) => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const first = new Promise<Held>((resolve) => {
    tell = resolve;
  });
  const engine = new CrashEngine({
    followsChildren: true,
    eventCount: 10,
    say: (line) => assert.fail(line),
    onHeld: (one) => {
      held.push(Number(one.signal));
      tell(one);
      return released;
    },
  });
  const attachment = await program.tracer.attach(program.attachment.process.pid, engine);
  return { held, first, letGo, ended: engine.watch(attachment) };
}

class Swallowing extends RecordingEngine {
  override onEvent(event: CoreEvent): EventAnswer {
    super.onEvent(event);
    return event.kind === 'signal' && event.signal === kernelSignal(3)
      ? { wish: 'pass', signal: 'none' }
      : 'pass';
  }
}

describe('engines: crash', function () {
  this.timeout(30_000);

  it('is none where an engine before has swallowed the signal', async () => {
    await using program = await launchFixture('crashes', ['quit'], { engine: new Swallowing() });
    const watched = await attachSecond(program);
    continueAll(program.attachment);
    // Having survived SIGQUIT the fixture goes on to its last way to crash.
    assert.equal((await watched.first).signal, 11);
    watched.letGo();
    assert.deepEqual(await watched.ended, { kind: 'killed', signal: 11 });
    assert.deepEqual(watched.held, [11]);
  });

  it('is held by whoever was told as well, until that has decided', async () => {
    await using program = await launchFixture('crashes', ['segv'], { holdAt: ['signal'] });
    const watched = await attachSecond(program);
    continueAll(program.attachment);
    const told = await program.engine.next('signal');
    assert.equal(told.signal, 11);
    await watched.first;
    watched.letGo();
    // The other one's hold stays.
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(told.thread.isStopped);
    program.attachment.resume([{ thread: told.thread, action: { kind: 'continue' } }]);
    assert.deepEqual(await watched.ended, { kind: 'killed', signal: 11 });
  });

  it('is over when the process is killed meanwhile', async () => {
    await using program = await launchFixture('crashes', ['segv']);
    const watched = await attachSecond(program);
    continueAll(program.attachment);
    const { process } = await watched.first;
    process.native.kill(process.pid);
    program.tracer.schedulePump();
    const end = await bounded(watched.ended, 20_000, () => 'end of the process');
    assert.deepEqual(end, { kind: 'killed', signal: 9 });
    watched.letGo();
  });

  it('is reported with the events before it', async () => {
    await using program = await launchFixture('crashes', ['thread']);
    const watched = await attachSecond(program);
    continueAll(program.attachment);
    const report = await crashReport(await watched.first);
    assert.deepEqual(
      report.lastEvents.map(({ kind }) => kind),
      ['start', 'thread-start', 'signal'],
    );
    assert.equal(report.signal?.name, 'SIGSEGV');
    assert.equal(report.signal.origin?.address, 0n);
    assert.equal(report.stacks.threads.length, 2);
    watched.letGo();
    await watched.ended;
  });

  it('is a signal that dumps core by default', () => {
    const dumping = Array.from({ length: 64 }, (_, index) => index + 1).filter(dumpsCore);
    assert.deepEqual(dumping, [3, 4, 5, 6, 7, 8, 11, 24, 25, 31]);
  });
});
