/** Hardware breakpoints and watchpoints of a tracer that was killed: the kernel leaves them in the threads. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../arch/system-calls.js';
import { withRunning } from '../support/debug-session.js';
import { thisMachine } from '../support/machine.js';
import { eventually, systemCallOf, tracerOf } from '../support/proc-files.js';
import type { TestProcess } from '../support/test-process.js';
import { symbolValue } from './traced-program.js';
import { sentinelsOf, TracerProcess } from './tracer-process.js';

const answering = { ready: /ready/, compile: { flags: ['-no-pie'] } } as const;

/** Each is hit when the program answers. */
const points = {
  'a write watchpoint': (path: string) => point('write', symbolValue(path, 'answers'), 4),
  'an access watchpoint': (path: string) => point('access', symbolValue(path, 'answers'), 4),
  'a hardware breakpoint': (path: string) => point('execute', symbolValue(path, 'answer'), 4),
} as const;

function point(kind: string, at: bigint, lengthBytes: number): string {
  return `{ kind: '${kind}', address: ${at}n, lengthBytes: ${lengthBytes} }`;
}

async function trace(program: TestProcess, wanted: string): Promise<TracerProcess> {
  const tracer = await TracerProcess.start([program.pid]);
  await tracer.run(`await attached[0].quiesce(); attached[0].insertHardwarePoint(${wanted}); go()`);
  return tracer;
}

async function expectAnswer(program: TestProcess, question: string): Promise<void> {
  program.write(`${question}\n`);
  await program.output.match(new RegExp(`answer to ${question}`));
}

/** The next trap would be the end of the program: an orderly tracer takes the handler of SIGTRAP with it. */
async function takeHandler(program: TestProcess): Promise<void> {
  await using tracer = await TracerProcess.start([program.pid]);
  await tracer.run(
    'await attached[0].quiesce(); attached[0].insertBreakpoint(attached[0].process.threads.get(' +
      'attached[0].process.pid).pc); go()',
  );
  await tracer.run('await attached[0].quiesce(); await attached[0].detach()');
}

describe('when a tracer is killed', () => {
  for (const [title, pointIn] of Object.entries(points)) {
    it(`${title} goes from every thread`, async () => {
      await withRunning('answering', answering, async (program, path) => {
        await using tracer = await trace(program, pointIn(path));
        await expectAnswer(program, 'traced');
        await tracer.kill();
        await eventually('it is let go', () => sentinelsOf(tracer.process.pid).length === 0);
        assert.equal(tracerOf(program.pid), 0);
        await expectAnswer(program, 'left');
        await takeHandler(program);
        await expectAnswer(program, 'alone');
      });
    });

    it(`a thread that meets ${title} before that is done goes on`, async () => {
      await withRunning('answering', answering, async (program, path) => {
        await using tracer = await trace(program, pointIn(path));
        const [sentinel = 0] = sentinelsOf(tracer.process.pid);
        assert.ok(sentinel > 0, 'no sentinel');
        process.kill(sentinel, 'SIGSTOP');
        await tracer.kill();
        await eventually('nobody traces it', () => tracerOf(program.pid) === 0);
        program.write('question\n');
        if (thisMachine === 'aarch64') {
          // There the trap comes before the access, for which the thread waits.
          const wait = systemCallsOf({ name: thisMachine }).numberOf('nanosleep');
          await eventually('it waits', () => systemCallOf(program.pid) === wait);
        }
        process.kill(sentinel, 'SIGCONT');
        await program.output.match(/answer to question/);
        await eventually('it is let go', () => sentinelsOf(tracer.process.pid).length === 0);
        await takeHandler(program);
        await expectAnswer(program, 'alone');
      });
    });
  }
});
