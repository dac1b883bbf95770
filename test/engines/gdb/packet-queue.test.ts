/** Large packets share the decoder's memory while they are handed out, and only then. */
import assert from 'node:assert/strict';
import { encodePacket, escapeBinary } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { NativeCodec } from '../../../src/cli/native-codec.js';
import { DebugLog } from '../../../src/engines/gdb/debug-log.js';
import { PacketWriter } from '../../../src/engines/gdb/output.js';
import { PacketQueue } from '../../../src/engines/gdb/packet-queue.js';

const lengthBytes = 3000;

/** Data of which every byte says which packet it is of, with escapes. */
function dataOf(packet: number): Uint8Array {
  return new Uint8Array(lengthBytes).fill(0x23 + packet);
}

describe('gdb packet queue', () => {
  it('keeps large packets that have to wait, and hands them out as they were', () => {
    const codec = new NativeCodec();
    const writer = new PacketWriter(
      { write: () => undefined, close: () => undefined, codec },
      new DebugLog(() => undefined),
    );
    writer.stopAcknowledging();
    const handled: Uint8Array[] = [];
    let isReady = true;
    const receiver = {
      get isReady() {
        return isReady;
      },
      onPacket: (data: Uint8Array) => {
        handled.push(data.slice());
        isReady = false;
      },
      onOverflow: () => assert.fail(),
      onStall: () => undefined,
      onInterrupt: () => assert.fail(),
    };
    const queue = new PacketQueue(writer, receiver, codec, undefined);
    const frames = [0, 1, 2, 3].map((packet) => encodePacket(escapeBinary(dataOf(packet))));
    queue.receive(new Uint8Array(frames.slice(0, 3).flatMap((frame) => [...frame])));
    queue.receive(frames[3] ?? assert.fail());
    assert.equal(handled.length, 1);
    assert.equal(queue.isEmpty, false);
    for (let round = 0; round < 3; round++) {
      isReady = true;
      queue.pump();
    }
    assert.deepEqual(handled, [0, 1, 2, 3].map(dataOf));
    assert.equal(queue.isEmpty, true);
  });
});
