import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../src/base/errors.js';
import { type Instruction, printing, program } from '../support/agent-program.js';
import { bounded } from '../support/bounded.js';
import { firstArgument } from '../support/machine-registers.js';
import { continueAll, launchFixture, RecordingEngine, type TracedProgram } from './traced-program.js';

/** rdi by number of the `p` packet: the argument of `hot`. */
const argument: Instruction = ['reg', firstArgument.number];

function argumentIs(value: number): Uint8Array {
  return program(argument, ['const32', value], 'equal');
}

/** What native code handed up: every crossing into JavaScript for a thread. */
function countNews(traced: TracedProgram): () => number {
  const { native } = traced.tracer;
  const wait = native.wait.bind(native);
  let count = 0;
  const counting: typeof native.wait = (timeoutMs, lookAtStopped) => {
    const news = wait(timeoutMs, lookAtStopped);
    count += news.filter((one) => one.kind === 'stopped' && one.event === 0).length;
    return news;
  };
  Object.defineProperty(native, 'wait', { value: counting });
  return () => count;
}

function printed(engine: RecordingEngine): string {
  const decoder = new TextDecoder();
  return engine.events.map((event) => (event.kind === 'printed' ? decoder.decode(event.text) : '')).join('');
}

for (const kind of ['software', 'hardware'] as const) {
  describe(`conditions and commands of a ${kind} breakpoint`, () => {
    const insert = ({ attachment, symbol }: TracedProgram, programs: object): void => {
      const address = symbol('hot');
      if (kind === 'software') attachment.insertBreakpoint(address, programs);
      else attachment.insertHardwarePoint({ kind: 'execute', address, lengthBytes: 1 }, programs);
    };
    const event = kind === 'software' ? 'breakpoint' : 'hardware-breakpoint';

    it('tell of each hit that is true, of many threads at once', async () => {
      await using traced = await launchFixture('hot-threads', ['32', '40']);
      insert(traced, { conditions: [argumentIs(17)] });
      continueAll(traced.attachment);
      assert.deepEqual((await traced.engine.next('exit')).status, { kind: 'exited', code: 0 });
      assert.equal(traced.engine.count(event), 32);
    });

    it('do not enter JavaScript for hits that are false', async () => {
      await using traced = await launchFixture('hot-threads', ['8', '200']);
      insert(traced, { conditions: [argumentIs(1_000_000)] });
      const news = countNews(traced);
      continueAll(traced.attachment);
      assert.deepEqual((await traced.engine.next('exit')).status, { kind: 'exited', code: 0 });
      assert.equal(traced.engine.count(event), 0);
      assert.equal(news(), 0);
    });

    it('leave the event loop its turns while hits come without end', async () => {
      await using traced = await launchFixture('hot-threads', ['20', '1000000000']);
      const { attachment } = traced;
      insert(traced, { conditions: [argumentIs(-1)] });
      continueAll(attachment);
      while (attachment.process.threads.size < 21) await traced.engine.next('clone');
      for (let turn = 0; turn < 20; turn++) {
        const turns = new Promise((resolve) => setImmediate(resolve));
        await bounded(turns, 5000, () => 'a turn of the event loop');
      }
      await bounded(attachment.quiesce(), 10_000, () => 'every thread held');
      for (const thread of attachment.process.threads.values()) assert.ok(thread.isStopped);
    });

    it('hold when any is true', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '10']);
      insert(traced, { conditions: [argumentIs(3), argumentIs(5)] });
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      assert.equal(traced.engine.count(event), 2);
    });

    it('hold when one cannot be evaluated', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '10']);
      insert(traced, { conditions: [program(['const8', 1], 'ref8')] });
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      assert.equal(traced.engine.count(event), 10);
    });

    it('are replaced when the breakpoint is inserted again', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '10']);
      insert(traced, { conditions: [argumentIs(3)] });
      insert(traced, { conditions: [program(argument, ['const8', 7], 'less_unsigned', 'log_not')] });
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      assert.equal(traced.engine.count(event), 3);
    });

    it('print, and let the thread go on in silence', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '10']);
      insert(traced, {
        conditions: [program(argument, ['const8', 2], 'rem_unsigned')],
        commands: [printing('n is %ld\\n', argument), printing('%%')],
      });
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      assert.equal(traced.engine.count(event), 0);
      assert.equal(printed(traced.engine), [1, 3, 5, 7, 9].map((n) => `n is ${n}\n%`).join(''));
    });

    it('belong to one engine: the others hear of every hit', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '10']);
      const { process } = traced.attachment;
      const second = new RecordingEngine();
      const other = process.attachEngine(second);
      await other.quiesce();
      insert(traced, { conditions: [argumentIs(4)] });
      const address = traced.symbol('hot');
      if (kind === 'software') other.insertBreakpoint(address);
      else other.insertHardwarePoint({ kind: 'execute', address, lengthBytes: 1 });
      continueAll(other);
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      await second.next('exit');
      assert.deepEqual([traced.engine.count(event), second.count(event)], [1, 10]);
    });

    it('cannot be malformed', async () => {
      await using traced = await launchFixture('hot-threads', ['1', '1']);
      assert.throws(
        () => insert(traced, { conditions: [Uint8Array.of(0x22)] }),
        (error) => isOutstepError(error) && error.code === errorCodes.UNSUPPORTED,
      );
      continueAll(traced.attachment);
      await traced.engine.next('exit');
      assert.equal(traced.engine.count(event), 0);
    });
  });
}

describe('steps and conditions', () => {
  it('a step onto a breakpoint whose condition is false is a step and no hit', async () => {
    await using traced = await launchFixture('hot-threads', ['1', '3'], {
      holdAt: ['breakpoint', 'step-done'],
    });
    const { attachment, engine } = traced;
    const at = traced.symbol('hot');
    attachment.insertBreakpoint(at);
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    attachment.resume([{ thread, action: { kind: 'step' } }]);
    await engine.next('step-done');
    const next = thread.pc;
    attachment.removeBreakpoint(at);
    attachment.insertBreakpoint(next, { conditions: [argumentIs(2)] });
    continueAll(attachment);
    const { thread: hit } = await engine.next('breakpoint');
    assert.equal(hit.pc, next);
    attachment.insertBreakpoint(at);
    attachment.removeBreakpoint(next);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
  });

  it('a range step goes on past a breakpoint whose condition is false, and prints once', async () => {
    await using traced = await launchFixture('hot-threads', ['1', '3'], {
      holdAt: ['breakpoint', 'step-done'],
    });
    const { attachment, engine } = traced;
    const start = traced.symbol('hot');
    attachment.insertBreakpoint(start);
    continueAll(attachment);
    const { thread } = await engine.next('breakpoint');
    attachment.resume([{ thread, action: { kind: 'step' } }]);
    await engine.next('step-done');
    const second = thread.pc;
    continueAll(attachment);
    await engine.next('breakpoint');
    attachment.insertBreakpoint(second, { commands: [printing('here')] });
    const end = (start + 16n) as typeof start;
    attachment.resume([{ thread, action: { kind: 'range-step', start, end } }]);
    await engine.next('step-done');
    assert.ok(thread.pc < start || thread.pc >= end);
    assert.equal(printed(engine), 'here');
  });
});
