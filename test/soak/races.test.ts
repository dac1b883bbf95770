/** What may go wrong once in thousands of times: a thread that is gone when it is looked at, an end that another one takes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../src/base/errors.js';
import type { CoreEvent, EventAnswer, EventKind, Thread } from '../../src/core/index.js';
import {
  continueAll,
  launchFixture,
  RecordingEngine,
  type TracedProgram,
  usualKinds,
} from '../core/traced-program.js';
import { bounded } from '../support/bounded.js';
import { eventually } from '../support/proc-files.js';
import { quickCycles, soakLimitMs } from './cycles.js';

const kinds: readonly EventKind[] = [...usualKinds, 'fork'];
const childrenPerRound = 16;

/** Lets children run at once, and keeps nothing but how often it has heard of what. */
class Follower extends RecordingEngine {
  readonly counts = new Map<string, number>();
  readonly look: (thread: Thread) => void;

  constructor(look: (thread: Thread) => void = () => undefined) {
    super([], kinds);
    this.look = look;
  }

  override onEvent(event: CoreEvent): EventAnswer {
    const name = event.kind === 'exit' ? `exit ${JSON.stringify(event.status)}` : event.kind;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (event.kind === 'breakpoint') this.look(event.thread);
    if (event.kind === 'fork') {
      const attachment = event.child.attachmentOf(this);
      assert.ok(attachment);
      continueAll(attachment);
    }
    return 'pass';
  }

  exits(code: number): number {
    return this.counts.get(`exit ${JSON.stringify({ kind: 'exited', code })}`) ?? 0;
  }
}

async function untilGone({ attachment, tracer }: TracedProgram): Promise<void> {
  await eventually('the program ends', () => !attachment.process.isAlive, soakLimitMs);
  await eventually('nothing is kept', () => Object.values(tracer.tableSizes()).every((size) => size === 0));
}

describe('soak: races', function () {
  this.timeout(soakLimitMs);

  it('a thread that vanishes before it is looked at is told to have ended, and nothing else', async () => {
    let looks = 0;
    let vanished = 0;
    const look = (thread: Thread): void => {
      looks += 1;
      try {
        const registers = thread.process.registerFile.registers.map((register) =>
          thread.readRegister(register),
        );
        if (registers[0] === undefined) vanished += 1;
        thread.saveRegsets();
        thread.readSiginfo();
      } catch (error) {
        assert.ok(isOutstepError(error) && error.code === errorCodes.NO_SUCH_THREAD, String(error));
        vanished += 1;
      }
    };
    const follower = new Follower(look);
    await using program = await launchFixture('vanishing', [String(quickCycles)], { engine: follower });
    const warnings: string[] = [];
    program.tracer.warn = (message, cause) => warnings.push(`${message}: ${String(cause)}`);
    program.attachment.insertBreakpoint(program.symbol('hit'));
    continueAll(program.attachment);
    await untilGone(program);
    assert.equal(follower.exits(7), quickCycles);
    assert.equal(follower.exits(0), 1);
    assert.ok(looks >= quickCycles, `${looks} looks, ${vanished} at threads that were gone`);
    assert.deepEqual(warnings, []);
  });

  it('children of Node’s own and those of the program end each for who waits for it', async () => {
    const rounds = Math.ceil(quickCycles / childrenPerRound);
    const follower = new Follower();
    await using program = await launchFixture('storms', ['fork', String(rounds)], { engine: follower });
    continueAll(program.attachment);
    let left = quickCycles;
    const wrong: string[] = [];
    const runOwn = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const code = left % 200;
        const child = spawn('/bin/sh', ['-c', `exit ${code}`], { stdio: 'ignore' });
        const [got, signal] = await bounded(
          once(child, 'exit'),
          60_000,
          () => `the end of child ${child.pid}`,
        );
        if (got !== code) wrong.push(`exit ${code} came as ${got} ${signal}`);
      }
    };
    await Promise.all([runOwn(), runOwn(), runOwn(), runOwn()]);
    await untilGone(program);
    assert.deepEqual(wrong, []);
    assert.equal(follower.counts.get('fork'), rounds * childrenPerRound);
    assert.equal(follower.exits(7), rounds * childrenPerRound);
    assert.equal(follower.exits(0), 1);
  });
});
