import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  asciiBytes,
  asciiText,
  BulkEncoder,
  encodePacket,
  escapeBinary,
  FrameDecoder,
  hexOf,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

const encoder = new BulkEncoder();

function inSeveralPasses(data: Uint8Array): Uint8Array {
  return encodePacket(data, { runLength: true });
}

function decoded(frame: Uint8Array): Uint8Array {
  const frames = new FrameDecoder({ role: 'client', maxPacketBytes: 1 << 20 }).push(frame);
  const [packet] = frames;
  assert.ok(frames.length === 1 && packet?.kind === 'packet' && packet.checksumOk);
  return packet.data;
}

/** Bytes with runs of all lengths up to 300, of bytes that matter, and noise between them. */
function samples(): Uint8Array[] {
  const runs = [0x00, 0xff, 0x11, 0x10, 0x23, 0x2a, 0x7d, 0x03].flatMap((byte) =>
    Array.from({ length: 300 }, (_, length) => new Uint8Array(length).fill(byte)),
  );
  const mixed = Array.from({ length: 50 }, () =>
    Uint8Array.from(randomBytes(2000), (byte) => (byte < 200 ? byte >> 5 : byte)),
  );
  const marked = runs.map((run) => Uint8Array.of(0x42, ...run, 0x24, 0x42));
  return [...runs, ...marked, ...mixed, Uint8Array.from({ length: 256 }, (_, byte) => byte)];
}

describe('bulk encoder', () => {
  it('writes hex that decodes to what it was', () => {
    for (const bytes of samples()) {
      const data = decoded(encoder.hexPacket(bytes));
      assert.equal(asciiText(data), hexOf(bytes));
    }
  });

  it('writes binary data that decodes to what it was, behind its prefix', () => {
    for (const bytes of samples()) {
      const data = decoded(encoder.binaryPacket('F12;', bytes));
      assert.deepEqual(data, Uint8Array.of(...asciiBytes('F12;'), ...bytes));
    }
  });

  it('is no longer than the encoding in several passes, but for runs that begin within a byte', () => {
    for (const bytes of samples()) {
      const binary = inSeveralPasses(escapeBinary(bytes));
      assert.ok(encoder.binaryPacket('', bytes).length <= binary.length + 2, hexOf(bytes));
    }
    const zeros = new Uint8Array(4096);
    assert.deepEqual(encoder.hexPacket(zeros), inSeveralPasses(asciiBytes(hexOf(zeros))));
    assert.equal(asciiText(encoder.hexPacket(Uint8Array.of(0x12, 0x34))), '$1234#ca');
  });

  it('hands out packets of their own', () => {
    const first = encoder.hexPacket(Uint8Array.of(1, 2));
    const before = asciiText(first);
    encoder.hexPacket(Uint8Array.of(3, 4));
    assert.equal(asciiText(first), before);
  });
});
