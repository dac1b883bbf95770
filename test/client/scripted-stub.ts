/** The far end of a connection in memory: answers from a script, and keeps what it was asked. */
import { PassThrough } from 'node:stream';
import { asciiBytes, asciiText, encodePacket, escapeBinary, FrameDecoder } from 'gdb-js-rsp-parser';
import type { ByteStreams } from '../../src/client/index.js';

/** What comes back for a packet, one after the other: data to be framed, or bytes to be sent as they are. */
export type Answers = readonly (string | Uint8Array)[];

export class ScriptedStub {
  /** Every packet, acknowledgement and interrupt that came. */
  readonly received: string[] = [];
  readonly #fromClient = new PassThrough();
  readonly #toClient = new PassThrough();

  /** `script` says what to send for a packet, or undefined for no answer at all. */
  constructor(script: (packet: string) => Answers | undefined) {
    const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: 1 << 20 });
    this.#fromClient.on('data', (chunk: Uint8Array) => {
      for (const frame of decoder.push(chunk)) {
        if (frame.kind !== 'packet') {
          this.received.push(frame.kind);
          continue;
        }
        const packet = asciiText(frame.data);
        this.received.push(packet);
        for (const answer of script(packet) ?? []) this.send(answer);
      }
    });
  }

  get streams(): ByteStreams {
    return { readable: this.#toClient, writable: this.#fromClient };
  }

  send(answer: string | Uint8Array): void {
    const isText = typeof answer === 'string';
    this.#toClient.write(isText ? encodePacket(escapeBinary(asciiBytes(answer))) : answer);
  }

  hangUp(): void {
    this.#toClient.end();
  }
}

/** A script that agrees on features and no acknowledgements, says that thread 1 is stopped, and leaves the rest to `more`. */
export function withHandshake(
  more: Readonly<Record<string, Answers>>,
  features = 'PacketSize=400;QStartNoAckMode+;multiprocess+',
): (packet: string) => Answers | undefined {
  return (packet) => {
    if (packet.startsWith('qSupported')) return [features];
    if (packet === 'QStartNoAckMode') return ['OK'];
    if (packet === '?') return ['T05thread:p1.1;'];
    return more[packet];
  };
}
