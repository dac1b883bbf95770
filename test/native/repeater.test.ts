/** The repeater of native code by itself, on one end of a connection; the test is the client and the session. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { asciiBytes, asciiText, encodePacket } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { address } from '../../src/base/ids.js';
import type { EventKind } from '../../src/core/index.js';
import { nativeBinding } from '../../src/native/binding.js';
import type { NativeRepeater, NativeServed, NativeSocket } from '../../src/native/binding-types.js';
import type { NativeNews } from '../../src/native/news-types.js';
import { launchFixture, RecordingEngine, type TracedProgram, usualKinds } from '../core/traced-program.js';
import { bounded, timeFactor } from '../support/bounded.js';
import { itOn } from '../support/machine.js';
import { registerOfRole } from '../support/machine-registers.js';
import { eventually, processState } from '../support/proc-files.js';
import { bytesAt, trap } from '../support/raw-memory.js';

const timeoutMs = 10_000;
const serveMs = 5 * timeFactor;
const pcNumber = registerOfRole('pc').number;
const mostKnown = 64;
const mostRounds = 100;
const longestPacketBytes = 124;
/** <linux/elf.h>: the floating-point registers. */
const NT_PRFPREG = 2;

/** The end of a step. */
const stepForm = {
  ...{ site: 0n, call: undefined, head: 'T05;', registers: [] },
  ...{ tail: '', tailWhile: [], aboutChild: [] },
};

interface Ends extends Disposable {
  readonly client: Socket;
  readonly socket: NativeSocket;
}

function acceptOne(listening: number): Promise<number> {
  return new Promise((resolve) => {
    const listener = new (nativeBinding().Socket)(listening, false, () => {
      const one = listener.accept();
      if (one === undefined) return;
      listener.close();
      resolve(one.fd);
    });
    listener.watch(true, false);
  });
}

async function connected(): Promise<Ends> {
  const binding = nativeBinding();
  const listening = binding.listenTcp('127.0.0.1', 0);
  const { port } = binding.localAddress(listening);
  const fd = acceptOne(listening);
  const client = connect({ port, host: '127.0.0.1' });
  await bounded(once(client, 'connect'), timeoutMs, () => 'a connection');
  const socket = new binding.Socket(
    await bounded(fd, timeoutMs, () => 'the other end'),
    true,
    () => undefined,
  );
  return {
    client,
    socket,
    [Symbol.dispose]: () => {
      client.destroy();
      socket.close();
    },
  };
}

interface Bench {
  readonly program: TracedProgram;
  readonly client: Socket;
  readonly repeater: NativeRepeater;
  /** Sends bytes, has them served, and gives what the session is to hear. */
  serve(text: string): NativeServed & { readonly heard: string };
  /** What the client was told. */
  told(): Promise<string>;
}

async function withRepeater(
  test: (bench: Bench) => Promise<void>,
  fixture = 'counting-loop',
  args: readonly string[] = ['0'],
): Promise<void> {
  const holdAt: readonly EventKind[] = ['breakpoint', 'step-done', 'signal', 'fork', 'fork-settled'];
  await using program = await launchFixture(fixture, args, {
    flags: ['-no-pie', '-pthread'],
    engine: new RecordingEngine(holdAt, [...usualKinds, 'fork', 'fork-settled']),
  });
  using ends = await connected();
  const { client, socket } = ends;
  const repeater = new (nativeBinding().Repeater)(program.tracer.native, socket);
  const into = new Uint8Array(0x10000);
  await test({
    program,
    client,
    repeater,
    serve: (text) => {
      client.write(text);
      const served = repeater.serve(into, serveMs);
      return { ...served, heard: asciiText(into.subarray(0, Math.max(0, served.count))) };
    },
    told: async () => {
      const [bytes] = await bounded(once(client, 'data'), timeoutMs, () => 'a reply');
      return asciiText(bytes);
    },
  });
}

function framed(packet: string): string {
  return asciiText(encodePacket(asciiBytes(packet)));
}

function pcText(pc: bigint): string {
  const bytes = pc.toString(16).padStart(16, '0').match(/../g) ?? [];
  return `${pcNumber.toString(16)}:${bytes.reverse().join('')};`;
}

/**
 * A client in a thread of its own: while packets are served this one is in native code. It gives each packet when the
 * one before is answered, and the last one, which nobody answers.
 */
const clientScript = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, packets } } = require('node:worker_threads');
  const socket = connect({ port, host: '127.0.0.1' });
  let replies = '';
  const giveNext = () => {
    socket.write(packets.shift());
    if (packets.length === 0) socket.end();
  };
  socket.setEncoding('latin1').on('data', (text) => {
    replies += text;
    if (packets.length > 0 && /#..$/.test(replies)) giveNext();
  });
  socket.on('connect', giveNext).on('close', () => parentPort.postMessage(replies));
`;

interface Heard {
  /** At once, in order. */
  readonly packets: readonly string[];
  /** So many at their beginning were answered. */
  readonly answered: number;
  /** Of the program, then. */
  readonly bytes: Uint8Array;
}

/**
 * Serves packets of such a client until it has given the last one. A client that pauses for some milliseconds has what
 * was answered handed to the session: `session` does what was heard.
 * @returns what the client was told
 */
async function serveAll(
  { tracer, attachment }: TracedProgram,
  packets: readonly string[],
  learn: (repeater: NativeRepeater) => void,
  session: (heard: Heard) => Promise<void> | void,
  looksAt: bigint,
): Promise<string> {
  const binding = nativeBinding();
  const listening = binding.listenTcp('127.0.0.1', 0);
  const { port } = binding.localAddress(listening);
  const worker = new Worker(clientScript, { eval: true, workerData: { port, packets: packets.map(framed) } });
  const replies = once(worker, 'message');
  const fd = await bounded(acceptOne(listening), timeoutMs, () => 'the client');
  const socket = new binding.Socket(fd, true, () => undefined);
  try {
    const repeater = new binding.Repeater(tracer.native, socket);
    learn(repeater);
    const into = new Uint8Array(0x10000);
    for (let isOver = false; !isOver; ) {
      const { count, answered } = repeater.serve(into, timeoutMs);
      if (count === 0) continue;
      const bytes = bytesAt(attachment.process.pid, looksAt);
      const text = asciiText(into.subarray(0, Math.max(0, count)));
      const heard = [...text.matchAll(/\$([^#]*)#../g)].map(([, packet = '']) => packet);
      isOver = count < 0 || heard.at(-1) === packets.at(-1);
      await session({ packets: heard, answered, bytes });
      // What the repeater did not wait for, or did not know in time, is answered by the session.
      const left = heard.slice(answered).filter((packet) => packet !== packets.at(-1));
      for (const packet of left) socket.send(asciiBytes(framed(packet === 's' ? 'T05;' : 'OK')));
    }
    socket.close();
    const [told] = await bounded(replies, timeoutMs, () => 'what the client was told');
    return told;
  } finally {
    socket.close();
    await worker.terminate();
  }
}

describe('native repeater', () => {
  it('steps a thread, answers, and hands the step to who asks for it afterwards', () =>
    withRepeater(async ({ program, repeater, serve, told }) => {
      const [thread] = [...program.attachment.process.threads.values()];
      assert.ok(thread);
      const form = { ...stepForm, registers: [pcNumber] };
      repeater.learnRun(asciiBytes('s'), thread.tid, 'step', form);
      const { native } = program.tracer;
      let before: bigint = thread.pc;
      const step = (): { answered: number; event: NativeNews | undefined } => {
        const { answered, heard } = serve(framed('s'));
        assert.equal(heard, framed('s'));
        assert.equal(native.resume(thread.tid, 'step', 0), 'running');
        return { answered, event: native.wait(answered === 1 ? 0 : timeoutMs, false)[0] };
      };
      let { answered, event } = step();
      // On a busy machine a step may take longer than it is waited for, and then is the session's.
      for (let tries = 1; answered === 0 && tries < 20; tries += 1) {
        assert.ok(event?.kind === 'stopped' && event.stepped);
        before = event.pc;
        ({ answered, event } = step());
      }
      assert.equal(answered, 1);
      assert.ok(event?.kind === 'stopped' && event.stepped);
      assert.notEqual(event.pc, before);
      assert.equal(await told(), framed(`T05;${pcText(event.pc)}`));
      assert.deepEqual(native.wait(0, false), [], 'it was one step');
    }));

  it('ends an answer in other registers while what decides them is as it was', () =>
    withRepeater(async ({ program, repeater, serve, told }) => {
      const [thread] = [...program.attachment.process.threads.values()];
      assert.ok(thread);
      const { native } = program.tracer;
      const offset = 24;
      const now = native.getRegset(thread.tid, NT_PRFPREG, 512)?.slice(offset, offset + 4);
      assert.ok(now);
      const answersWith = (bytes: Uint8Array): number => {
        const tailWhile = [{ noteType: NT_PRFPREG, offset, bytes }];
        repeater.learnRun(asciiBytes('s'), thread.tid, 'step', { ...stepForm, tail: '55:08;', tailWhile });
        const { answered } = serve(framed('s'));
        assert.equal(native.resume(thread.tid, 'step', 0), 'running');
        native.wait(answered === 1 ? 0 : timeoutMs, false);
        return answered;
      };
      // On a busy machine a step may take longer than it is waited for.
      for (let tries = 0; answersWith(now) === 0; tries += 1) assert.ok(tries < 20);
      assert.equal(await told(), framed('T05;55:08;'));
      for (let tries = 0; tries < 3; tries += 1) assert.equal(answersWith(now.map((byte) => byte ^ 1)), 0);
    }));

  it('leaves what it does not know to the session', () =>
    withRepeater(async ({ program, repeater, serve, client }) => {
      const [thread] = [...program.attachment.process.threads.values()];
      assert.ok(thread);
      const form = { ...stepForm, registers: [pcNumber] };
      repeater.learnRun(asciiBytes('s'), thread.tid, 'step', form);
      const other = serve(framed('g'));
      assert.deepEqual([other.answered, other.heard], [0, framed('g')]);
      const two = serve(framed('s') + framed('s'));
      assert.deepEqual([two.answered, two.heard], [0, framed('s') + framed('s')]);
      repeater.forget();
      assert.equal(serve(framed('s')).answered, 0);
      assert.equal(serve('').count, 0);
      client.destroy();
      await bounded(once(client, 'close'), timeoutMs, () => 'the end');
      assert.equal(repeater.serve(new Uint8Array(0x10000), serveMs).count, -1);
    }));

  it('hands a run over that ends in another way than it was told of', () =>
    withRepeater(async ({ program, repeater, serve }) => {
      const { attachment } = program;
      const [thread] = [...attachment.process.threads.values()];
      assert.ok(thread);
      const at = program.symbol('count');
      attachment.insertBreakpoint(at);
      repeater.learnRun(asciiBytes('c'), thread.tid, 'continue', {
        ...stepForm,
        site: 1n,
      });
      const served = serve(framed('c'));
      assert.deepEqual([served.answered, served.heard], [0, framed('c')]);
      attachment.resume([{ thread, action: { kind: 'continue' } }]);
      assert.equal((await program.engine.next('breakpoint')).address, at);
    }));

  it('takes a site out and puts it in again, and tells what the session must do as well', () =>
    withRepeater(async ({ program, repeater, serve, told }) => {
      const { attachment, tracer } = program;
      const { process } = attachment;
      const at = program.symbol('count');
      const bytesThere = (): Uint8Array => {
        const bytes = new Uint8Array(trap.length);
        tracer.native.readMemory(process.space, at, bytes);
        return bytes;
      };
      const original = bytesThere();
      repeater.learnSite(asciiBytes('Z'), process.space, at, true);
      repeater.learnSite(asciiBytes('z'), process.space, at, false);
      assert.equal(serve(framed('Z')).answered, 0, 'it has never been there');
      attachment.insertBreakpoint(at);
      const taken = serve(framed('z'));
      assert.deepEqual([taken.answered, taken.heard], [1, framed('z')]);
      assert.equal(await told(), framed('OK'));
      assert.deepEqual(bytesThere(), original);
      attachment.removeBreakpoint(at);
      const put = serve(framed('Z'));
      assert.deepEqual([put.answered, put.heard], [1, framed('Z')]);
      assert.deepEqual(bytesThere(), original, 'the session is to put it in');
      attachment.insertBreakpoint(at);
      assert.deepEqual(bytesThere(), trap);
      attachment.insertBreakpoint(at, { conditions: [Uint8Array.of(0x22, 1, 0x27)] });
      assert.equal(serve(framed('z')).answered, 0, 'it has a condition');
    }));

  it('leaves a site in that was taken out behind the last run, until the session has heard of that', async () => {
    await using program = await launchFixture('counting-loop', ['0'], {
      flags: ['-no-pie'],
      holdAt: ['breakpoint', 'step-done', 'signal'],
    });
    const { attachment, engine, tracer } = program;
    const { process } = attachment;
    const [thread] = process.threads.values();
    assert.ok(thread);
    const at = program.symbol('count');
    const form = stepForm;
    const step = async (): Promise<void> => {
      attachment.resume([{ thread, action: { kind: 'step' } }]);
      await engine.next('step-done');
    };
    let isSeen = false;
    for (let round = 0; !isSeen; round++) {
      assert.ok(round < mostRounds, 'the two never came without a pause');
      attachment.insertBreakpoint(at);
      const told = await serveAll(
        program,
        ['s', 'z', 'g'],
        (repeater) => {
          repeater.learnRun(asciiBytes('s'), thread.tid, 'step', form);
          repeater.learnSite(asciiBytes('z'), process.space, at, false);
        },
        async ({ packets, answered, bytes }) => {
          const isBoth = answered === 2;
          // Whoever else wants the site lets threads run until the step is known of.
          if (isBoth) assert.deepEqual(bytes, trap);
          isSeen ||= isBoth;
          if (packets.includes('s')) await step();
          if (packets.includes('z')) attachment.removeBreakpoint(at);
        },
        at,
      );
      assert.equal(told, framed('T05;') + framed('OK'));
      assert.notDeepEqual(bytesAt(process.pid, at), trap);
      assert.deepEqual(tracer.native.wait(0, false), [], 'it was one step');
    }
  });

  it('knows the last 64 packets, and hands all of them back', () =>
    withRepeater(async ({ program, repeater, serve, told }) => {
      const { process } = program.attachment;
      const [thread] = process.threads.values();
      assert.ok(thread);
      const form = stepForm;
      for (let number = 0; number <= mostKnown; number++)
        repeater.learnRun(asciiBytes(`s${number}`), thread.tid, 'step', form);
      assert.deepEqual([serve(framed('s0')).answered, serve(framed('s64')).answered], [0, 1]);
      assert.equal(await told(), framed('T05;'));
      const table = program.symbol('table');
      const sites = Array.from({ length: mostKnown + 1 }, (_, index) =>
        address(table + BigInt(trap.length * index)),
      );
      for (const site of sites) program.attachment.insertBreakpoint(site);
      // As long as any that it knows.
      const packets = sites.map((_, index) => `z${index}`.padEnd(longestPacketBytes, ','));
      const known = packets.slice(1);
      const heard: string[] = [];
      let answered = 0;
      await serveAll(
        program,
        [...known, packets[0] ?? ''],
        (other) => {
          for (const [index, site] of sites.entries())
            other.learnSite(asciiBytes(packets[index] ?? ''), process.space, site, false);
        },
        (part) => {
          for (const packet of part.packets) {
            const site = sites[packets.indexOf(packet)];
            assert.ok(site !== undefined, packet);
            program.attachment.removeBreakpoint(site);
          }
          heard.push(...part.packets);
          answered += part.answered;
        },
        table,
      );
      assert.deepEqual(heard, [...known, packets[0]]);
      assert.equal(answered, mostKnown);
    }));

  it('puts no site in where the instruction has changed', () =>
    withRepeater(async ({ program, repeater, serve }) => {
      const { attachment } = program;
      const { process } = attachment;
      const at = program.symbol('count');
      attachment.insertBreakpoint(at);
      attachment.removeBreakpoint(at);
      repeater.learnSite(asciiBytes('Z'), process.space, at, true);
      process.memory.write(at, Uint8Array.of(0x90));
      assert.equal(serve(framed('Z')).answered, 0);
    }));

  /**
   * A fork that has not stopped both within milliseconds is told by the session: the next one is looked at. Under
   * emulation none has.
   */
  const forkTries = 4;

  /** Told of a fork; nothing has been done to the child. */
  async function toFork({ program, repeater, serve, told }: Bench): Promise<number> {
    const [thread] = [...program.attachment.process.threads.values()];
    assert.ok(thread);
    const form = { ...stepForm, head: 'T05fork:p*.*;', registers: [pcNumber] };
    repeater.learnRun(asciiBytes('c'), thread.tid, 'continue', { ...form, aboutChild: ['H*', 'D*'] });
    const served = serve(framed('c'));
    assert.deepEqual([served.answered, served.heard, served.letGo], [1, framed('c'), undefined]);
    const stop = await told();
    const child = /^\$T05fork:p([0-9a-f]+)\.\1;/.exec(stop)?.[1];
    assert.ok(child, stop);
    program.attachment.resume([{ thread, action: { kind: 'continue' } }]);
    return Number.parseInt(child, 16);
  }

  itOn('x86_64', 'tells of a fork, and hands the child to who asks for the run afterwards', function () {
    this.retries(forkTries);
    return withRepeater(
      async (bench) => {
        const child = await toFork(bench);
        const { engine } = bench.program;
        assert.equal((await engine.next('fork')).child.pid, child);
        assert.equal(engine.count('fork-settled'), 0);
      },
      'storms',
      ['fork', '1'],
    );
  });

  itOn(
    'x86_64',
    'leaves nobody waiting who was told of a child that is killed before it is taken up',
    function () {
      this.retries(forkTries);
      return withRepeater(
        async (bench) => {
          const child = await toFork(bench);
          // The core takes news only when it gets its turn.
          process.kill(child, 'SIGKILL');
          const deadline = performance.now() + timeoutMs;
          while (processState(child) !== 'Z') assert.ok(performance.now() < deadline);
          const { engine } = bench.program;
          const event = await engine.next('fork-settled');
          assert.equal(event.killed, child);
          assert.ok(event.thread.isStopped);
          assert.equal(engine.count('fork'), 0);
          await eventually('nothing is kept of it', () => bench.program.tracer.isIdle);
        },
        'storms',
        ['fork', '1'],
      );
    },
  );
});
