import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  encodeNotification,
  encodePacket,
  encodeText,
  escapeBinary,
  FrameDecoder,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

function roundTrip(data: Uint8Array, role: 'stub' | 'client', runLength: boolean): Uint8Array {
  const wire = encodePacket(escapeBinary(data), { runLength });
  const frames = new FrameDecoder({ role, maxPacketBytes: 2 * data.length }).push(wire);
  const [frame] = frames;
  assert.ok(frames.length === 1 && frame?.kind === 'packet' && frame.checksumOk);
  return frame.data;
}

describe('frame encoder', () => {
  it('writes two digits of checksum', () => {
    assert.equal(asciiText(encodePacket(asciiBytes('OK'))), '$OK#9a');
    assert.equal(asciiText(encodePacket(new Uint8Array(0))), '$#00');
    assert.equal(asciiText(encodeNotification(asciiBytes('Stop:W00'))), '%Stop:W00#97');
  });

  it('writes text as it writes its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        assert.deepEqual(encodeText(asciiText(data)), encodePacket(data));
      }),
    );
  });

  it('carries every byte value, alone and next to every other', () => {
    const pairs = new Uint8Array(2 * 65536);
    for (let i = 0; i < 65536; i += 1) pairs.set([i >> 8, i & 0xff], 2 * i);
    assert.deepEqual(roundTrip(pairs, 'stub', false), pairs);
    assert.deepEqual(roundTrip(pairs, 'client', true), pairs);
    for (let value = 0; value < 256; value += 1) {
      assert.deepEqual(roundTrip(Uint8Array.of(value), 'stub', false), Uint8Array.of(value));
      assert.deepEqual(roundTrip(Uint8Array.of(value), 'client', false), Uint8Array.of(value));
    }
  });

  it('carries any data in either direction', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        assert.deepEqual(roundTrip(data, 'stub', false), data);
        assert.deepEqual(roundTrip(data, 'client', true), data);
      }),
    );
  });

  it('carries runs of any byte and length', () => {
    const run = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 6 }), (runs) => {
        const data = Uint8Array.from(runs.flatMap(([byte, length]) => Array<number>(length).fill(byte)));
        assert.deepEqual(roundTrip(data, 'client', true), data);
      }),
    );
  });

  it('puts no raw framing byte into data', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const body = encodePacket(escapeBinary(data), { runLength: true }).subarray(1, -3);
        assert.ok(!body.includes(0x23) && !body.includes(0x24));
      }),
    );
  });
});
