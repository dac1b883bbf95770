/** The repeater of native code by itself, on one end of a connection; the test is the client and the session. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { asciiBytes, asciiText, encodePacket } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { nativeBinding } from '../../src/native/binding.js';
import type { NativeRepeater, NativeServed, NativeSocket } from '../../src/native/binding-types.js';
import { launchFixture, type TracedProgram } from '../core/traced-program.js';
import { bounded } from '../support/bounded.js';

const timeoutMs = 10_000;
const serveMs = 5;
const pcNumber = 16;

interface Ends extends Disposable {
  readonly client: Socket;
  readonly socket: NativeSocket;
}

async function connected(): Promise<Ends> {
  const binding = nativeBinding();
  const listening = binding.listenTcp('127.0.0.1', 0);
  const { port } = binding.localAddress(listening);
  let accepted: (fd: number) => void = () => undefined;
  const fd = new Promise<number>((resolve) => {
    accepted = resolve;
  });
  const listener = new binding.Socket(listening, false, () => {
    const one = listener.accept();
    if (one !== undefined) accepted(one.fd);
  });
  listener.watch(true, false);
  const client = connect({ port, host: '127.0.0.1' });
  await bounded(once(client, 'connect'), timeoutMs, () => 'a connection');
  const socket = new binding.Socket(
    await bounded(fd, timeoutMs, () => 'the other end'),
    true,
    () => undefined,
  );
  listener.close();
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

async function withRepeater(test: (bench: Bench) => Promise<void>): Promise<void> {
  await using program = await launchFixture('counting-loop', ['0'], {
    flags: ['-no-pie'],
    holdAt: ['breakpoint', 'step-done', 'signal'],
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
  return `10:${bytes.reverse().join('')};`;
}

describe('native repeater', () => {
  it('steps a thread, answers, and hands the step to who asks for it afterwards', () =>
    withRepeater(async ({ program, repeater, serve, told }) => {
      const [thread] = [...program.attachment.process.threads.values()];
      assert.ok(thread);
      const form = { site: 0n, call: undefined, head: 'T05;', registers: [pcNumber] };
      repeater.learnRun(asciiBytes('s'), thread.tid, 'step', form);
      const before = thread.pc;
      const served = serve(framed('s'));
      assert.equal(served.answered, 1);
      assert.equal(served.heard, framed('s'));
      const { native } = program.tracer;
      assert.equal(native.resume(thread.tid, 'step', 0), 'running');
      const [event] = native.wait(0, false);
      assert.ok(event?.kind === 'stopped' && event.stepped);
      assert.notEqual(event.pc, before);
      assert.equal(await told(), framed(`T05;${pcText(event.pc)}`));
      assert.deepEqual(native.wait(0, false), [], 'it was one step');
    }));

  it('leaves what it does not know to the session', () =>
    withRepeater(async ({ program, repeater, serve, client }) => {
      const [thread] = [...program.attachment.process.threads.values()];
      assert.ok(thread);
      const form = { site: 0n, call: undefined, head: 'T05;', registers: [pcNumber] };
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
        site: 1n,
        call: undefined,
        head: 'T05',
        registers: [],
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
      const byteAt = (): number | undefined => {
        const bytes = new Uint8Array(1);
        tracer.native.readMemory(process.space, at, bytes);
        return bytes[0];
      };
      const original = byteAt();
      repeater.learnSite(asciiBytes('Z'), process.space, at, true);
      repeater.learnSite(asciiBytes('z'), process.space, at, false);
      assert.equal(serve(framed('Z')).answered, 0, 'it has never been there');
      attachment.insertBreakpoint(at);
      const taken = serve(framed('z'));
      assert.deepEqual([taken.answered, taken.heard], [1, framed('z')]);
      assert.equal(await told(), framed('OK'));
      assert.equal(byteAt(), original);
      attachment.removeBreakpoint(at);
      const put = serve(framed('Z'));
      assert.deepEqual([put.answered, put.heard], [1, framed('Z')]);
      assert.equal(byteAt(), original, 'the session is to put it in');
      attachment.insertBreakpoint(at);
      assert.equal(byteAt(), 0xcc);
      attachment.insertBreakpoint(at, { conditions: [Uint8Array.of(0x22, 1, 0x27)] });
      assert.equal(serve(framed('z')).answered, 0, 'it has a condition');
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
});
