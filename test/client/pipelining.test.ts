/** How many round trips requests take: the stub answers all that has come, once for each turn. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { asciiBytes, asciiText, encodePacket, FrameDecoder } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { type ConnectOptions, RspClient } from '../../src/client/index.js';

/** A server at the other end of a slow line: what arrives during one turn is answered together. */
class SlowServer {
  roundTrips = 0;
  readonly received: string[] = [];
  readonly #toClient = new PassThrough();
  readonly #fromClient = new PassThrough();
  #waiting: string[] = [];

  constructor(readonly packetSize: string) {
    const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: 1 << 20 });
    this.#fromClient.on('data', (chunk: Uint8Array) => {
      for (const frame of decoder.push(chunk)) {
        if (frame.kind === 'packet') this.#waiting.push(asciiText(frame.data));
      }
      if (this.#waiting.length > 0) setImmediate(() => this.#answer());
    });
  }

  connect(options: ConnectOptions = {}): Promise<RspClient> {
    return RspClient.connect({ readable: this.#toClient, writable: this.#fromClient }, options);
  }

  #answer(): void {
    if (this.#waiting.length === 0) return;
    this.roundTrips += 1;
    for (const packet of this.#waiting.splice(0)) {
      this.received.push(packet);
      this.#toClient.write(encodePacket(asciiBytes(this.#replyTo(packet))));
    }
  }

  #replyTo(packet: string): string {
    if (packet.startsWith('qSupported')) return `PacketSize=${this.packetSize};QStartNoAckMode+`;
    if (packet === 'QStartNoAckMode' || packet.startsWith('H')) return 'OK';
    if (packet === '?') return 'T05thread:1;';
    const [, address = ''] = /^m([0-9a-f]+),1$/.exec(packet) ?? [];
    return Number.parseInt(address, 16) === 0xbad ? 'E0e' : address.slice(-2).padStart(2, '0');
  }
}

function readAll(client: RspClient, count: number): Promise<Uint8Array[]> {
  return Promise.all(
    Array.from({ length: count }, (_unused, index) => client.memory.read(0x1000 + index, 1)),
  );
}

describe('client: pipelining', () => {
  it('takes a few round trips for a thousand reads', async () => {
    const server = new SlowServer('4000');
    await using client = await server.connect();
    const before = server.roundTrips;
    const bytes = await readAll(client, 1000);
    assert.ok(server.roundTrips - before <= 3, `${server.roundTrips - before} round trips`);
    for (const [index, [byte]] of bytes.entries()) assert.equal(byte, index & 0xff);
  });

  it('never has more on its way than the server has room for', async () => {
    const server = new SlowServer('40');
    await using client = await server.connect();
    const before = server.roundTrips;
    await readAll(client, 100);
    // A frame has 11 bytes, so five of them fit.
    assert.equal(server.roundTrips - before, 20);
  });

  it('sends one by one where packets are acknowledged', async () => {
    const server = new SlowServer('4000');
    await using client = await server.connect({ acknowledge: true });
    const before = server.roundTrips;
    await readAll(client, 10);
    assert.equal(server.roundTrips - before, 10);
  });

  it('gives each its own reply when some fail', async () => {
    const server = new SlowServer('4000');
    await using client = await server.connect();
    const [good, bad, more] = await Promise.allSettled(
      [0x1001, 0xbad, 0x1002].map((address) => client.memory.read(address, 1)),
    );
    assert.deepEqual([good?.status, bad?.status, more?.status], ['fulfilled', 'rejected', 'fulfilled']);
  });

  it('selects a thread in the same round trip, and only when another one is selected', async () => {
    const server = new SlowServer('4000');
    await using client = await server.connect();
    const before = server.roundTrips;
    const { memory } = client.thread({ tid: 2 });
    await Promise.all([memory.read(0x1000, 1), memory.read(0x1001, 1), client.memory.read(0x1002, 1)]);
    assert.equal(server.roundTrips - before, 1);
    assert.deepEqual(server.received.slice(-5), ['Hg2', 'm1000,1', 'm1001,1', 'Hg1', 'm1002,1']);
  });

  it('drops the reply to what nobody waits for any more, and keeps the others in place', async () => {
    const server = new SlowServer('4000');
    await using client = await server.connect();
    const abort = new AbortController();
    const dropped = client.memory.read(0x1001, 1, { signal: abort.signal });
    const kept = client.memory.read(0x1002, 1);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    abort.abort(new Error('no more'));
    await assert.rejects(dropped, /no more/);
    assert.deepEqual(await kept, Uint8Array.of(2));
  });
});
