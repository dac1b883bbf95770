import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { errorCodes, OutstepError } from '../../src/base/errors.js';
import { address, type Pid, pid } from '../../src/base/ids.js';
import { Tracer } from '../../src/core/index.js';
import { bounded } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, mappingsOf, threadsOf, tracerOf } from '../support/proc-files.js';
import { continueAll, RecordingEngine, symbolValue } from './traced-program.js';

async function startSpinner(threads: number): Promise<{ readonly id: Pid } & Disposable> {
  const spinner = startOrphan(await compileFixture('spinner'), [String(threads)]);
  await eventually('every thread runs', () => threadsOf(spinner.pid).length === threads);
  await eventually('it handles SIGUSR1', () => handles(spinner.pid, constants.signals.SIGUSR1));
  return { id: spinner.pid, [Symbol.dispose]: () => spinner[Symbol.dispose]() };
}

function statusOf(id: number, field: string): string {
  return (
    new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${id}/status`, 'latin1'))?.[1] ?? ''
  );
}

function handles(id: number, signal: number): boolean {
  return ((BigInt(`0x${statusOf(id, 'SigCgt') || 0}`) >> BigInt(signal - 1)) & 1n) !== 0n;
}

function state(id: number): string {
  return statusOf(id, 'State');
}

describe('attach', () => {
  it('stops every thread, and detach lets them run on', async () => {
    using spinner = await startSpinner(16);
    using tracer = new Tracer();
    const attachment = await tracer.attach(spinner.id, new RecordingEngine());
    assert.equal(attachment.process.threads.size, 16);
    for (const thread of attachment.process.threads.values()) assert.ok(thread.isStopped);
    assert.equal(state(spinner.id), 't');
    await attachment.detach();
    assert.match(state(spinner.id), /R|S/);
    assert.equal(tracer.processes.size, 0);
  });

  it('leaves no trap behind that a thread ran into just before it was stopped', async () => {
    const program = await compileFixture('spinner');
    using spinner = await startSpinner(32);
    const [text] = mappingsOf(spinner.id).filter(({ path }) => path === program);
    assert.ok(text);
    const tick = address(text.start + symbolValue(program, 'tick'));
    using tracer = new Tracer();
    for (let round = 0; round < 4; round++) {
      const engine = new RecordingEngine(['breakpoint']);
      const attachment = await tracer.attach(spinner.id, engine);
      attachment.insertBreakpoint(tick);
      for (let hits = 0; hits < 3; hits++) {
        continueAll(attachment);
        await engine.next('breakpoint');
        await attachment.quiesce();
      }
      await attachment.detach();
    }
    assert.equal(threadsOf(spinner.id).length, 32);
  });

  it('lets threads go on from a step with a signal', async () => {
    const path = await compileFixture('spinner');
    using spinner = await startSpinner(1);
    const [first] = mappingsOf(spinner.id).filter((mapping) => mapping.path === path);
    assert.ok(first);
    const handled = address(first.start + symbolValue(path, 'usr1'));
    using tracer = new Tracer();
    const engine = new RecordingEngine(['step-done']);
    const attachment = await tracer.attach(spinner.id, engine);
    const [thread] = attachment.process.threads.values();
    assert.ok(thread);
    for (let times = 1; times <= 2; times++) {
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done');
      assert.equal(thread.readSiginfo()?.[0], constants.signals.SIGTRAP);
      attachment.resume([{ thread, action: { kind: 'continue' }, signal: constants.signals.SIGUSR1 }]);
      await eventually('it is handled', () => attachment.process.memory.readExact(handled, 1)[0] === times);
      await attachment.quiesce();
    }
  });

  it('keeps a job-control stop', async () => {
    using spinner = await startSpinner(3);
    process.kill(spinner.id, 'SIGSTOP');
    await eventually('the process is stopped', () => state(spinner.id) === 'T');
    using tracer = new Tracer();
    const attachment = await tracer.attach(spinner.id, new RecordingEngine());
    await attachment.detach();
    await eventually('the process is stopped again', () => state(spinner.id) === 'T');
  });

  it('finds a signal that is about to be delivered', async () => {
    using spinner = await startSpinner(1);
    using tracer = new Tracer();
    const interrupt = tracer.native.interrupt.bind(tracer.native);
    // The kernel stops a thread for an interrupt before it looks at its signals.
    sinon.stub(tracer.native, 'interrupt').callsFake((id) => {
      const isInterrupted = interrupt(id);
      process.kill(id, 'SIGUSR1');
      return isInterrupted;
    });
    const attachment = await tracer.attach(spinner.id, new RecordingEngine([], ['exit']));
    const [thread] = attachment.process.threads.values();
    assert.equal(thread?.pendingSignal, constants.signals.SIGUSR1);
    await attachment.detach();
    assert.match(state(spinner.id), /R|S/);
  });

  it('names who traces a process already', async () => {
    using spinner = await startSpinner(1);
    const other = spawn('strace', ['-o', '/dev/null', '-p', String(spinner.id)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(other.stderr, 'data');
    using tracer = new Tracer();
    await assert.rejects(tracer.attach(spinner.id, new RecordingEngine()), (error) => {
      assert.ok(error instanceof OutstepError);
      assert.equal(error.code, errorCodes.ATTACH_REFUSED);
      assert.match(
        error.message,
        new RegExp(
          `Cannot attach to process ${spinner.id} \\(spinner\\): .*already traced by ${other.pid} \\(strace\\)`,
        ),
      );
      return true;
    });
    tracer.dispose();
    other.kill();
  });

  it('is not kept from its news by a stopped child of somebody else here', async () => {
    using spinner = await startSpinner(4);
    const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
    assert.ok(child.pid);
    const ended = once(child, 'exit');
    try {
      child.kill('SIGSTOP');
      await eventually('the child is stopped', () => state(child.pid ?? 0) === 'T');
      using tracer = new Tracer();
      const attached = tracer.attach(spinner.id, new RecordingEngine());
      await bounded(attached, 5000, () => 'the attach');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  it('that is refused leaves no descriptor', async () => {
    using tracer = new Tracer();
    const refuse = () => assert.rejects(tracer.attach(pid(process.pid), new RecordingEngine()));
    await refuse();
    const before = readdirSync('/proc/self/fd').length;
    for (let attempt = 0; attempt < 5; attempt++) await refuse();
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('finds the signals that several threads are about to get', async () => {
    using spinner = await startSpinner(4);
    // The C library makes threads with every signal blocked.
    await eventually('no thread blocks a signal', () =>
      threadsOf(spinner.id).every((id) => /^0+$/.test(statusOf(id, 'SigBlk'))),
    );
    using tracer = new Tracer();
    const { native } = tracer;
    const seizeThreads = native.seizeThreads.bind(native);
    const signalled: number[] = [];
    sinon.stub(native, 'seizeThreads').callsFake((space) => {
      const seizure = seizeThreads(space);
      for (const id of seizure.seized.subarray(0, 2)) {
        native.tgkill(spinner.id, id, constants.signals.SIGUSR1);
        signalled.push(id);
      }
      return seizure;
    });
    const attachment = await tracer.attach(spinner.id, new RecordingEngine([], ['exit']));
    const pending = [...attachment.process.threads.values()].filter(
      ({ pendingSignal }) => pendingSignal === constants.signals.SIGUSR1,
    );
    assert.deepEqual(
      pending.map((thread) => thread.tid),
      signalled,
    );
    assert.equal(signalled.length, 2);
    await attachment.detach();
  });

  it('lets go of all threads when one is traced already, and names who does', async () => {
    using spinner = await startSpinner(3);
    const [, middle, last] = threadsOf(spinner.id);
    assert.ok(middle && last);
    const other = spawn('strace', ['-o', '/dev/null', '-p', String(middle)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(other, 'exit');
    await once(other.stderr, 'data');
    using tracer = new Tracer();
    await assert.rejects(tracer.attach(spinner.id, new RecordingEngine()), {
      code: errorCodes.ATTACH_REFUSED,
      message: `Cannot attach to process ${spinner.id} (spinner): Operation not permitted: already traced by ${other.pid} (strace)`,
    });
    assert.equal(tracer.processes.size, 0);
    assert.equal(tracer.tableSizes().threads, 0);
    assert.equal(tracerOf(spinner.id), 0);
    assert.equal(tracerOf(last), 0);
    other.kill();
    await ended;
    const attachment = await tracer.attach(spinner.id, new RecordingEngine());
    assert.equal(attachment.process.threads.size, 3);
  });

  it('has every thread of a program that makes threads and ends them all the time', async () => {
    using storm = startOrphan(await compileFixture('thread-storm'), []);
    await eventually('there are threads', () => threadsOf(storm.pid).length > 1);
    using tracer = new Tracer();
    for (let round = 0; round < 20; round++) {
      const attachment = await tracer.attach(storm.pid, new RecordingEngine());
      const known = [...attachment.process.threads.keys()];
      for (const id of threadsOf(storm.pid)) {
        if (/^[XZ]/.test(state(id))) continue;
        assert.ok(
          known.some((one) => one === id),
          `thread ${id}, ${state(id)}, is known`,
        );
        assert.equal(state(id), 't');
      }
      await attachment.detach();
    }
  });

  it('twice at the same time: the one that leaves does not take the other with it', async () => {
    using spinner = await startSpinner(2);
    using tracer = new Tracer();
    const first = await tracer.attach(spinner.id, new RecordingEngine());
    continueAll(first);
    const left = Promise.all([first.detach(), first.detach()]);
    const second = await tracer.attach(spinner.id, new RecordingEngine());
    await left;
    assert.ok(second.process.isAlive);
    await second.detach();
    assert.equal(tracerOf(spinner.id), 0);
    assert.equal(tracer.processes.size, 0);
  });

  it('says that a process does not exist', async () => {
    using tracer = new Tracer();
    await assert.rejects(tracer.attach(pid(2 ** 22 - 1), new RecordingEngine()), /No such process/);
  });

  it('sees the end of a process that was killed while it was stopped', async () => {
    using spinner = await startSpinner(4);
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    await tracer.attach(spinner.id, engine);
    process.kill(spinner.id, 'SIGKILL');
    assert.deepEqual((await engine.next('exit')).status, { kind: 'killed', signal: 9 });
  });

  it('lets everything go when the tracer is disposed in the middle of hits', async () => {
    using spinner = await startSpinner(8);
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    const attachment = await tracer.attach(spinner.id, engine);
    const path = attachment.process.program.executablePath();
    const header = attachment.process.program.auxiliaryVector();
    assert.ok(header.length > 0);
    const bias = BigInt(`0x${/^[0-9a-f]+/.exec(readFileSync(`/proc/${spinner.id}/maps`, 'latin1'))?.[0]}`);
    const base = /Type:\s+DYN/.test(execFileSync('readelf', ['-h', path], { encoding: 'latin1' }))
      ? bias
      : 0n;
    const at = address(base + symbolValue(path, 'tick'));
    const text = attachment.process.memory.readExact(at, 32);
    attachment.insertBreakpoint(at);
    continueAll(attachment);
    for (let hit = 0; hit < 50; hit++) await engine.next('breakpoint');
    tracer.dispose();
    assert.equal(statusOf(spinner.id, 'TracerPid'), '0');
    assert.match(state(spinner.id), /R|S/);
    const after = new Uint8Array(32);
    const memory = openSync(`/proc/${spinner.id}/mem`, 'r');
    readSync(memory, after, 0, after.length, at);
    closeSync(memory);
    assert.deepEqual(after, text);
  });

  it('leaves the children of node alone and sees all of its own', async () => {
    using spinner = await startSpinner(4);
    using tracer = new Tracer();
    const engine = new RecordingEngine();
    const attachment = await tracer.attach(spinner.id, engine);
    continueAll(attachment);
    const codes = await Promise.all(
      Array.from({ length: 40 }, async (_, code) => {
        const child = spawn('/bin/sh', ['-c', `exit ${code}`]);
        const [got] = await once(child, 'exit');
        return got;
      }),
    );
    assert.deepEqual(
      codes,
      Array.from({ length: 40 }, (_, code) => code),
    );
    await attachment.quiesce();
    await attachment.kill();
  });
});
