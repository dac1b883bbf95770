/** What stands inside replies and is no text: file status, compressed replies. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  type CompressedReply,
  type FileStatus,
  ProtocolError,
  parseCompressedReply,
  parseFileStatus,
  printCompressedReply,
  printFileStatus,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

const word = fc.bigInt(0n, 2n ** 32n - 1n);
const long = fc.bigInt(0n, 2n ** 64n - 1n);
const statuses: fc.Arbitrary<FileStatus> = fc.record({
  device: word,
  inode: word,
  mode: word,
  links: word,
  user: word,
  group: word,
  rawDevice: word,
  sizeBytes: long,
  blockBytes: long,
  blocks: long,
  accessedS: word,
  modifiedS: word,
  changedS: word,
});

describe('file status', () => {
  it('is read as it was written, in 64 bytes', () => {
    fc.assert(
      fc.property(statuses, (status) => {
        const bytes = printFileStatus(status);
        assert.equal(bytes.length, 64);
        assert.deepEqual(parseFileStatus(bytes), structuredClone(status));
      }),
    );
  });

  it('has values that do not fit clamped', () => {
    const [status] = fc.sample(statuses, 1);
    assert.ok(status);
    const bytes = printFileStatus({ ...status, inode: 1n << 40n, sizeBytes: 1n << 40n, accessedS: -5n });
    const { inode, sizeBytes, accessedS } = parseFileStatus(bytes);
    assert.deepEqual([inode, sizeBytes, accessedS], [0xffffffffn, 1n << 40n, 0n]);
  });

  it('that is too short is a ProtocolError', () => {
    assert.throws(() => parseFileStatus(new Uint8Array(63)), ProtocolError);
  });
});

describe('compressed replies', () => {
  it('are read as they were written', () => {
    const bytes = fc.uint8Array();
    const replies = fc.oneof(
      fc.record({ kind: fc.constant('plain'), bytes }),
      fc.record({ kind: fc.constant('compressed'), replyBytes: fc.nat(), bytes }),
    );
    fc.assert(
      fc.property(replies, (reply) => {
        const read = parseCompressedReply(printCompressedReply(reply as CompressedReply));
        assert.deepEqual(read, structuredClone(reply));
      }),
    );
  });

  it('look as the manual has them', () => {
    assert.equal(asciiText(printCompressedReply({ kind: 'plain', bytes: asciiBytes('OK') })), 'NOK');
    const compressed = { kind: 'compressed', replyBytes: 512, bytes: asciiBytes('xyz') } as const;
    assert.equal(asciiText(printCompressedReply(compressed)), 'C512:xyz');
  });

  it('that are neither are a ProtocolError', () => {
    for (const text of ['', 'OK', 'C', 'C1', 'Cx:', 'C-1:a'])
      assert.throws(() => parseCompressedReply(asciiBytes(text)), ProtocolError, text);
  });
});
