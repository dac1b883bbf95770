/** Large packets in native code, held against the codec. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  type BulkCodec,
  BulkEncoder,
  escapeBinary,
  FrameDecoder,
  hexOf,
  portableDecoding,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { NativeCodec } from '../../src/cli/native-codec.js';
import { nativeBinding } from '../../src/native/binding.js';

const codec: BulkCodec = new NativeCodec();

/** Runs of any length, of bytes that matter and others, with noise between them. */
const bytesWithRuns = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.constantFrom(0, 0xff, 0x11, 0x10, 0x23, 0x24, 0x2a, 0x7d, 0x03), fc.nat(700))
        .map(([byte, length]) => new Uint8Array(length).fill(byte)),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece])));

function decoded(frame: Uint8Array): Uint8Array {
  const frames = new FrameDecoder({ role: 'client', maxPacketBytes: 1 << 20 }).push(frame);
  const [packet] = frames;
  assert.ok(frames.length === 1 && packet?.kind === 'packet' && packet.checksumOk);
  return packet.data;
}

describe('frames in native code', () => {
  it('carry hex that decodes to what it was', () => {
    fc.assert(
      fc.property(bytesWithRuns, (bytes) => {
        assert.equal(asciiText(decoded(codec.hexPacket(bytes))), hexOf(bytes));
      }),
    );
  });

  it('carry binary data behind a prefix', () => {
    fc.assert(
      fc.property(bytesWithRuns, (bytes) => {
        const data = decoded(codec.binaryPacket('F12;', bytes));
        assert.deepEqual(data, Uint8Array.of(...asciiBytes('F12;'), ...bytes));
      }),
    );
  });

  it('are as short as those of the codec where whole pages are equal', () => {
    const pages = new Uint8Array(0x10000);
    assert.deepEqual(codec.hexPacket(pages).slice(), new BulkEncoder().hexPacket(pages));
    assert.deepEqual(codec.binaryPacket('b', pages).slice(), new BulkEncoder().binaryPacket('b', pages));
  });

  it('lose their escapes and are summed up as the codec does it, up to their end', () => {
    fc.assert(
      fc.property(bytesWithRuns, fc.boolean(), fc.nat(40), (bytes, isEscaped, at) => {
        for (const stream of [bytes, escapeBinary(bytes)]) {
          const [own, portable] = [new Uint8Array(at + stream.length), new Uint8Array(at + stream.length)];
          const taken = codec.takeData(stream, own, at, isEscaped);
          assert.deepEqual(taken, portableDecoding.takeData(stream, portable, at, isEscaped));
          const end = at + taken.plainBytes;
          assert.deepEqual(own.subarray(0, end), portable.subarray(0, end));
        }
      }),
    );
  });

  it('are refused where there is no room', () => {
    const { encodeHexFrame, encodeBinaryFrame, takeData } = nativeBinding();
    const bytes = new Uint8Array(10);
    assert.throws(() => encodeHexFrame(bytes, new Uint8Array(23)), RangeError);
    assert.throws(() => encodeBinaryFrame('ab', bytes, new Uint8Array(27)), RangeError);
    assert.throws(() => takeData(bytes, new Uint8Array(19), 10, false), RangeError);
  });

  it('come out of a decoder the same with and without native code, however they are cut', () => {
    fc.assert(
      fc.property(bytesWithRuns, fc.integer({ min: 1, max: 5000 }), (bytes, pieceBytes) => {
        const stream = Uint8Array.of(
          ...codec.binaryPacket('X', bytes),
          0x24,
          0x61,
          ...codec.hexPacket(bytes),
        );
        const options = { role: 'stub', maxPacketBytes: 1 << 20 } as const;
        const [plain, native] = [new FrameDecoder(options), new FrameDecoder({ ...options, bulk: codec })];
        for (let at = 0; at < stream.length; at += pieceBytes) {
          const piece = stream.subarray(at, at + pieceBytes);
          assert.deepEqual(native.push(piece), plain.push(piece));
        }
      }),
    );
  });
});
