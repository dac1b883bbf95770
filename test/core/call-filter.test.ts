/** The seccomp filter of caught system calls: used where it may be, and no harm to what is let go. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import type { EventKind } from '../../src/core/index.js';
import { filterCount, mayAddFilter } from '../../src/core/proc.js';
import { eventually, processState, tracerOf } from '../support/proc-files.js';
import { systemCalls } from '../support/system-calls.js';
import { continueAll, launchFixture } from './traced-program.js';

const { getppid, clone } = systemCalls;
const mask: readonly EventKind[] = ['system-call-entry', 'system-call-return', 'exit'];

/** What the kernel said to each call so far. */
function answersIn(file: string): string {
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

async function moreAnswers(file: string): Promise<void> {
  const before = answersIn(file).length;
  await eventually('calls are made', () => answersIn(file).length > before + 5);
  assert.doesNotMatch(answersIn(file), /n/);
}

function childrenOf(pid: number): readonly number[] {
  return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? []).map(Number);
}

/** Its first argument, which the program may choose. */
function commandOf(pid: number | undefined): string | undefined {
  return pid === undefined ? undefined : readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0];
}

/** The processes that a process traces. */
function tracedBy(tracer: number): readonly number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((pid) => existsSync(`/proc/${pid}/status`) && tracerOf(pid) === tracer);
}

async function withFile(test: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
  try {
    await test(resolve(folder, 'answers'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a filter for caught system calls', () => {
  for (const [isInCall, what, calls] of [
    [false, 'such', new Set([getppid])],
    [true, 'such', new Set([getppid])],
    [true, 'all but one', { allBut: new Set([clone]) }],
  ] as const) {
    const where = `${isInCall ? 'on its way into one' : 'between two'} of ${what}`;
    it(`lets every call through when the program is let go ${where}, and when the tracer is gone`, () =>
      withFile(async (file) => {
        const program = await launchFixture('outliving-calls', [file], {
          mask,
          holdAt: isInCall ? ['system-call-entry'] : [],
        });
        const { attachment, engine, tracer } = program;
        const { pid } = attachment.process;
        const [main] = attachment.process.threads.keys();
        attachment.setCaughtSystemCalls(calls);
        assert.ok(main);
        assert.equal(filterCount(main), mayAddFilter(main) ? 1 : 0);
        continueAll(attachment);
        await engine.next('system-call-entry');
        await attachment.detach();
        try {
          await moreAnswers(file);
          await eventually('it is let go', () =>
            /^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')),
          );
          tracer.dispose();
          await moreAnswers(file);
        } finally {
          process.kill(pid, 'SIGKILL');
          tracer.dispose();
        }
      }));
  }

  it('lets the calls of a child through that nobody follows', () =>
    withFile(async (file) => {
      await using program = await launchFixture('outliving-calls', [file, 'fork'], { mask });
      const { attachment, engine } = program;
      attachment.setCaughtSystemCalls(new Set([getppid]));
      continueAll(attachment);
      await moreAnswers(file);
      assert.equal(engine.count('system-call-entry'), 0);
      const [child] = childrenOf(attachment.process.pid);
      assert.ok(child);
      process.kill(child, 'SIGKILL');
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    }));

  it('lets the calls of a thread through whose maker has ended, and of what that makes', function () {
    return withFile(async (file) => {
      await using program = await launchFixture('outliving-calls', [file, 'foreign'], {
        mask: [...mask, 'clone'],
        holdAt: ['clone'],
      });
      const { attachment, engine, tracer } = program;
      const [maker] = attachment.process.threads.keys();
      assert.ok(maker);
      if (!mayAddFilter(maker)) this.skip();
      attachment.setCaughtSystemCalls(new Set([getppid]));
      continueAll(attachment);
      const { tid: foreign } = (await engine.next('clone')).child;
      await attachment.quiesce();
      continueAll(attachment);
      // It is at its first call when the end of the other is told: nobody looks in between.
      while (processState(maker) !== 'Z' || processState(foreign) !== 't');
      assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
      try {
        await moreAnswers(file);
        process.kill(foreign, 'SIGUSR1');
        await eventually('a child executes a program', () => commandOf(childrenOf(foreign)[0]) === 'again');
        const [child] = childrenOf(foreign);
        assert.ok(child);
        assert.deepEqual(tracedBy(process.pid).toSorted(), [foreign, child].toSorted());
        process.kill(foreign, 'SIGSTOP');
        await eventually('it stops', () => processState(foreign) === 't');
        await moreAnswers(file);
        process.kill(child, 'SIGKILL');
        process.kill(foreign, 'SIGCONT');
        await moreAnswers(file);
      } finally {
        for (const traced of tracedBy(process.pid)) process.kill(traced, 'SIGKILL');
      }
      await eventually('nothing is left', () => tracer.native.tableSizes().threads === 0);
    });
  });

  it('is put in where that changes no privilege, once for the same calls', async function () {
    await using program = await launchFixture('system-calls', ['call', '1'], {
      flags: ['-no-pie', '-pthread'],
      mask,
    });
    const { attachment } = program;
    const [main] = attachment.process.threads.keys();
    assert.ok(main);
    if (!mayAddFilter(main)) this.skip();
    attachment.setCaughtSystemCalls('all');
    assert.equal(filterCount(main), 0);
    attachment.setCaughtSystemCalls(new Set([getppid]));
    attachment.setCaughtSystemCalls('none');
    attachment.setCaughtSystemCalls(new Set([getppid]));
    assert.equal(filterCount(main), 1);
    attachment.setCaughtSystemCalls(new Set([clone]));
    assert.equal(filterCount(main), 2);
    attachment.setCaughtSystemCalls({ allBut: new Set([getppid]) });
    attachment.setCaughtSystemCalls({ allBut: new Set([getppid, clone]) });
    assert.equal(filterCount(main), 3);
  });
});
