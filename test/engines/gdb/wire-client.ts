/** A client of a session without a socket: packets go in as text, replies come out as text. */

import assert from 'node:assert/strict';
import { asciiBytes, asciiText, encodePacket, escapeBinary, FrameDecoder } from 'gdb-js-rsp-parser';
import type { PacketRepeater } from '../../../src/core/index.js';
import type { GdbServer } from '../../../src/engines/gdb/server.js';
import type { GdbSession } from '../../../src/engines/gdb/session.js';
import { bounded } from '../../support/bounded.js';
import { breakpointKind } from '../../support/machine-registers.js';

const replyTimeoutMs = 20_000;
const ack = 0x2b;

/** What a script announces that uses all that a server can tell it. */
export const scriptTokens =
  'multiprocess+;swbreak+;hwbreak+;exec-events+;vContSupported+;no-resumed+;xmlRegisters=i386';
/** What GDB 13 announces, as far as it changes what it is sent. */
export const gdbTokens = `${scriptTokens};qRelocInsn+`;
export const lldbTokens = 'xmlRegisters=i386,arm,mips,arc;multiprocess+';

export class WireClient {
  readonly session: GdbSession;
  /** Every write of the session, one array for each. */
  readonly writes: Uint8Array[] = [];
  isClosed = false;
  readonly #decoder = new FrameDecoder({ role: 'client', maxPacketBytes: 1 << 24 });
  readonly #replies: string[] = [];
  readonly #notifications: string[] = [];
  readonly #history: string[] = [];
  #acknowledges = true;
  #wake: (() => void) | undefined;

  constructor(server: GdbServer, repeater?: PacketRepeater) {
    this.session = server.accept({
      ...(repeater === undefined ? {} : { repeater }),
      write: (bytes) => this.#take(bytes.slice()),
      close: () => {
        this.isClosed = true;
        this.#wake?.();
      },
    });
  }

  /** Announces itself, then switches acknowledgements off. */
  async greet(tokens: string = scriptTokens): Promise<string> {
    const features = await this.request(`qSupported:${tokens}`);
    assert.equal(await this.request('QStartNoAckMode'), 'OK');
    this.#acknowledges = false;
    return features;
  }

  sendRaw(bytes: Uint8Array | string): void {
    this.session.receive(typeof bytes === 'string' ? asciiBytes(bytes) : bytes);
  }

  /** Escapes and frames. */
  send(packet: Uint8Array | string): void {
    const bytes = typeof packet === 'string' ? asciiBytes(packet) : packet;
    this.#history.push(`-> ${asciiText(bytes).slice(0, 120)}`);
    this.sendRaw(encodePacket(escapeBinary(bytes)));
  }

  /** The next reply, unescaped. */
  reply(): Promise<string> {
    return this.#next(this.#replies, 'a reply');
  }

  /** The stop reply in the next notification. */
  async stopNotification(): Promise<string> {
    const notification = await this.#next(this.#notifications, 'a notification');
    assert.match(notification, /^Stop:/);
    return notification.slice('Stop:'.length);
  }

  /** The next notification's stop and all that wait behind it, acknowledged. */
  async stops(): Promise<readonly string[]> {
    const stops = [await this.stopNotification()];
    for (;;) {
      const next = await this.request('vStopped');
      if (next === 'OK') return stops;
      stops.push(next);
    }
  }

  async #next(queue: string[], what: string): Promise<string> {
    while (queue.length === 0) {
      assert.ok(!this.isClosed, `the session closed the connection\n${this.#tail()}`);
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await bounded(news, replyTimeoutMs, () => `${what}\n${this.#tail()}`);
    }
    return queue.shift() ?? '';
  }

  request(packet: Uint8Array | string): Promise<string> {
    this.send(packet);
    return this.reply();
  }

  /** Runs to an address (hex) by a breakpoint that is taken out again. */
  async runTo(address: string): Promise<void> {
    assert.equal(await this.request(`Z0,${address},${breakpointKind}`), 'OK');
    assert.match(await this.request('vCont;c'), /^T05/);
    assert.equal(await this.request(`z0,${address},${breakpointKind}`), 'OK');
  }

  interrupt(): void {
    this.#history.push('-> interrupt');
    this.sendRaw(Uint8Array.of(3));
  }

  /** The client is gone, without a word. */
  disconnect(): void {
    this.session.closed();
  }

  get unread(): readonly string[] {
    return this.#replies;
  }

  get unreadNotifications(): readonly string[] {
    return this.#notifications;
  }

  #take(bytes: Uint8Array): void {
    this.writes.push(bytes);
    for (const frame of this.#decoder.push(bytes)) {
      if (frame.kind === 'notification') {
        const text = asciiText(frame.data);
        this.#history.push(`<- %${text.slice(0, 120)}`);
        this.#notifications.push(text);
      }
      if (frame.kind !== 'packet') continue;
      assert.ok(frame.checksumOk, 'bad checksum from the session');
      const reply = asciiText(frame.data);
      this.#history.push(`<- ${reply.slice(0, 120)}`);
      this.#replies.push(reply);
      if (this.#acknowledges) queueMicrotask(() => this.session.receive(Uint8Array.of(ack)));
    }
    this.#wake?.();
  }

  #tail(): string {
    return this.#history.slice(-20).join('\n');
  }
}
