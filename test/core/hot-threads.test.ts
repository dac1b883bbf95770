/** Threads that hit a breakpoint all the time, each hit decided in native code: nobody else must wait for that. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { program } from '../support/agent-program.js';
import { turnsOfTimers } from '../support/event-loop.js';
import { eventually } from '../support/proc-files.js';
import { continueAll, launchFixture, usualKinds } from './traced-program.js';

/** Few enough for the program to end by itself where nothing of ours gets a turn. */
const callsEach = '200000';
const sigcont = 18;
const never = program(['const8', 0]);

async function launchHot(threads: number, kind: 'software' | 'hardware') {
  const traced = await launchFixture('hot-threads', [String(threads), callsEach], {
    mask: [...usualKinds, 'held'],
  });
  const { attachment, engine } = traced;
  const at = traced.symbol('hot');
  const programs = { conditions: [never] };
  if (kind === 'software') attachment.insertBreakpoint(at, programs);
  else attachment.insertHardwarePoint({ kind: 'execute', address: at, lengthBytes: 1 }, programs);
  continueAll(attachment);
  for (let made = 0; made < threads; made++) await engine.next('clone');
  return traced;
}

/** How often a thread gave up the processor: once for each of its stops. */
function stopsOf(pid: number, tid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

for (const kind of ['software', 'hardware'] as const) {
  describe(`threads that hit a ${kind} breakpoint all the time, in vain`, () => {
    it('leave the event loop its turn', async () => {
      await using traced = await launchHot(2, kind);
      const [, hot] = traced.attachment.process.threads.keys();
      assert.ok(hot);
      const { pid } = traced.attachment.process;
      const before = stopsOf(pid, hot);
      await turnsOfTimers(20);
      await eventually('it is hit all the time', () => stopsOf(pid, hot) > before);
      assert.ok(traced.attachment.process.isAlive, 'the program has ended meanwhile');
      assert.ok(traced.engine.count('exit') === 0);
    });

    it('can be held, one and all, and let go again', async () => {
      await using traced = await launchHot(4, kind);
      const { attachment, engine } = traced;
      const [main, ...hot] = attachment.process.threads.values();
      assert.ok(main);
      for (const thread of hot) {
        attachment.hold([thread]);
        assert.equal((await engine.next('held')).thread, thread);
      }
      continueAll(attachment);
      for (let round = 0; round < 10; round++) {
        await attachment.quiesce();
        assert.ok([main, ...hot].every((thread) => thread.isStopped));
        continueAll(attachment);
      }
    });

    it('keep nobody waiting, nor each other', async () => {
      await using traced = await launchHot(8, kind);
      const { attachment, engine, tracer } = traced;
      const { pid, threads } = attachment.process;
      const [main, ...hot] = [...threads.keys()];
      assert.ok(main);
      const before = new Map(hot.map((tid) => [tid, stopsOf(pid, tid)]));
      for (let round = 0; round < 20; round++) {
        tracer.native.tgkill(pid, main, sigcont);
        assert.equal((await engine.next('signal')).thread.tid, main);
      }
      for (const [tid, stops] of before)
        await eventually(`thread ${tid} runs`, () => stopsOf(pid, tid) > stops);
    });
  });
}
