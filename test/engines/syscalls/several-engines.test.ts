/** The engine beside another one on the same process: what that does is not shown as the program's doing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Tracer } from '../../../src/core/index.js';
import { CallSelection, SyscallsEngine, type TraceRecord } from '../../../src/engines/syscalls/index.js';
import { continueAll, launchOptions, RecordingEngine } from '../../core/traced-program.js';
import { compileFixture } from '../../support/fixture.js';
import { eventually } from '../../support/proc-files.js';

const options = {
  followsChildren: false,
  calls: CallSelection.all,
  signals: () => true,
  injections: [],
  stringLimit: 32,
  describesDescriptors: false,
  stacks: undefined,
};

describe('syscalls engine: beside others', () => {
  let tracer: Tracer;
  let records: TraceRecord[];
  let ended: Promise<void>;

  beforeEach(() => {
    tracer = new Tracer();
    records = [];
  });
  afterEach(() => tracer.dispose());

  function engineWith(more: object = {}): SyscallsEngine {
    const engine = new SyscallsEngine({ ...options, ...more }, (record) => records.push(record));
    ended = new Promise((resolve) => engine.onEnd(resolve));
    return engine;
  }

  /** Asleep in the kernel, for no tracer's sake. */
  const sleeps = (pid: number): boolean => /\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

  for (const mode of ['pause', 'sleep'])
    it(`shows a call once that another engine's stop has broken off: ${mode}`, async () => {
      const engine = engineWith();
      const program = await compileFixture('blocked-call');
      const launched = await tracer.launch(launchOptions(program, [mode]), engine);
      const { pid } = launched.process;
      const beside = launched.process.attachEngine(new RecordingEngine());
      continueAll(beside);
      engine.trace(launched);
      await eventually('it is in its call', () => records.at(-1)?.kind === 'call' && sleeps(pid));
      for (let round = 0; round < 3; round++) {
        await beside.quiesce();
        continueAll(beside);
        await eventually('it sleeps again', () => sleeps(pid));
      }
      process.kill(pid, 'SIGTERM');
      await ended;
      const from = records.findLastIndex((record) => record.kind === 'call');
      const rest = records
        .slice(from)
        .map((record) => (record.kind === 'return' ? record.resultText : record.kind));
      assert.match(rest.join(' '), /^call \? ERESTART\w+ \(.*\) signal exit$/);
    });

  it('does not show signals that another engine has swallowed, nor that they broke off a call', async () => {
    const program = await compileFixture('blocked-call');
    let swallowed = 0;
    const other = new RecordingEngine();
    other.onEvent = (event) => {
      if (event.kind !== 'signal') return 'pass';
      swallowed += 1;
      return { wish: 'pass', signal: 'none' };
    };
    const launched = await tracer.launch(launchOptions(program, ['sleep']), other);
    const engine = engineWith();
    engine.trace(launched.process.attachEngine(engine));
    continueAll(launched);
    const { pid } = launched.process;
    await eventually('it sleeps', () => records.at(-1)?.kind === 'call' && sleeps(pid));
    const before = records.length;
    process.kill(pid, 'SIGUSR1');
    await eventually('it sleeps again', () => swallowed === 1 && sleeps(pid));
    assert.equal(records.length, before);
    await launched.kill();
  });
});
