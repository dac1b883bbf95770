/** What each operation of the library says when it cannot be done: an error with a code, and the next one works. */
import assert from 'node:assert/strict';
import hostProcess from 'node:process';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../../src/base/errors.js';
import { pid } from '../../../src/base/ids.js';
import { compileFixture } from '../../support/fixture.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, processState, tracerOf } from '../../support/proc-files.js';
import { TestProcess } from '../../support/test-process.js';
import { awaited, Bench, fixture, statusOf } from './bench.js';
import { launched, nowhere, type Operation, ofProcesses, ofThreads, type Traced } from './operations.js';

const { NO_SUCH_THREAD, MEMORY, WRONG_STATE, UNSUPPORTED } = errorCodes;

/** The code of the error that an operation ends with; undefined: it ends without one. */
async function outcome(operation: Operation, traced: Traced): Promise<unknown> {
  try {
    await operation(traced);
    return undefined;
  } catch (error) {
    assert.ok(isOutstepError(error), String(error));
    assert.notEqual(error.message, '');
    return error.code;
  }
}

async function outcomes(
  operations: Readonly<Record<string, Operation>>,
  traced: Traced,
): Promise<Readonly<Record<string, unknown>>> {
  const all: Record<string, unknown> = {};
  for (const [name, operation] of Object.entries(operations)) all[name] = await outcome(operation, traced);
  return all;
}

function each(operations: Readonly<Record<string, Operation>>, code: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(operations).map((name) => [name, code]));
}

/** Without a turn of the event loop, in which the tracer would hear of it. */
function untilDead(id: number): void {
  for (let looks = 0; processState(id) !== 'Z'; looks++) assert.ok(looks < 1_000_000, 'it does not die');
}

describe('what fails says why', () => {
  it('when there is no such process, or it is another tracer’s', async () => {
    using bench = new Bench();
    const engine = bench.engine({});
    const code = (target: number) => outcome(() => engine.attach(pid(target)), {} as Traced);
    assert.equal(await code(0x3fffffff), errorCodes.NO_SUCH_PROCESS);
    assert.equal(await code(hostProcess.pid), errorCodes.ATTACH_REFUSED);
    assert.deepEqual(engine.processes, []);
    const missing = { ...(await fixture('spinner')), program: '/no/such/program' };
    assert.equal(await outcome(() => engine.launch(missing), {} as Traced), errorCodes.LAUNCH_FAILED);
    using program = startOrphan(await compileFixture('spinner', { flags: ['-pthread'] }), ['1']);
    await engine.attach(program.pid);
    assert.equal(await engine.detach(), 'detached');
    await eventually('it is let go', () => tracerOf(program.pid) === 0);
  });

  it('when a thread runs', async () => {
    using bench = new Bench();
    const traced = await launched(bench);
    traced.engine.resume();
    await eventually('it runs', () => traced.thread.isRunning);
    assert.deepEqual(await outcomes(ofThreads, traced), each(ofThreads, errorCodes.WRONG_STATE));
    await traced.engine.stop(traced.thread);
    assert.ok(traced.thread.pc > 0n);
    await traced.engine.attachmentTo(traced.process).kill();
  });

  it('when memory is not there', async () => {
    using bench = new Bench();
    const traced = await launched(bench);
    const { insertBreakpoint, insertHardwarePoint, readExact, write } = ofProcesses;
    const some = { insertBreakpoint, readExact, write } as Readonly<Record<string, Operation>>;
    assert.deepEqual(await outcomes(some, traced), each(some, errorCodes.MEMORY));
    // Debug registers take any address of the program's.
    assert.equal(await outcome(insertHardwarePoint as Operation, traced), undefined);
    assert.equal(traced.process.memory.read(nowhere, 8).length, 0);
    await traced.engine.attachmentTo(traced.process).kill();
  });

  it('when the process is gone', async () => {
    using bench = new Bench();
    const end = awaited('exit');
    const traced = await launched(bench, { events: ['exit'], onEvent: end.hear });
    hostProcess.kill(traced.process.pid, 'SIGKILL');
    assert.deepEqual(statusOf(await end.heard), { kind: 'killed', signal: 9 });
    assert.deepEqual(await outcomes(ofThreads, traced), {
      ...each(ofThreads, errorCodes.NO_SUCH_THREAD),
      callFunction: errorCodes.WRONG_STATE,
    });
    assert.deepEqual(await outcomes(ofProcesses, traced), {
      ...each(ofProcesses, errorCodes.WRONG_STATE),
      readExact: errorCodes.MEMORY,
      write: errorCodes.MEMORY,
    });
    assert.deepEqual(bench.warnings, []);
    const next = await launched(bench);
    await next.engine.attachmentTo(next.process).kill();
  });

  it('when a program was started with child_process by this very process', async () => {
    await using child = await TestProcess.start('child', [await compileFixture('answering')]);
    await child.output.match(/ready/);
    using bench = new Bench();
    const attached = bench.engine({}).attach(pid(child.pid));
    await assert.rejects(attached, (error) => {
      assert.ok(isOutstepError(error) && error.code === errorCodes.ATTACH_REFUSED);
      assert.match(error.message, /Node waits for it and takes its stops/);
      return true;
    });
    child.write('one\n');
    await child.output.match(/answer to one/);
  });

  it('when the process is killed under an engine that does not know it yet', async () => {
    for (const [name, operation] of Object.entries({ ...ofThreads, ...ofProcesses })) {
      using bench = new Bench();
      const traced = await launched(bench);
      hostProcess.kill(traced.process.pid, 'SIGKILL');
      untilDead(traced.process.pid);
      const code = await outcome(operation, traced);
      // What can be looked up without the kernel succeeds; and nothing can be known of a program that is not there.
      const allowed: unknown[] = [undefined, NO_SUCH_THREAD, MEMORY, WRONG_STATE, UNSUPPORTED];
      assert.ok(allowed.includes(code), `${name}: ${String(code)}`);
      assert.deepEqual(bench.warnings, [], name);
    }
  });
});
