import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asciiBytes, FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

const reader = (text: string, offset?: number) => new FieldReader(asciiBytes(text), offset);

describe('field reader: numbers', () => {
  it('reads hex up to the largest safe integer', () => {
    assert.equal(reader('1fG').number(), 0x1f);
    assert.equal(reader('DEADbeef').number(), 0xdeadbeef);
    assert.equal(reader('00000000000000000000001').number(), 1);
    assert.equal(reader('1fffffffffffff').number(), Number.MAX_SAFE_INTEGER);
    for (const text of ['', ',', '-1', '+1', 'g', '20000000000000', 'ffffffffffffffff']) {
      assert.throws(() => reader(text).number(), ProtocolError, text);
    }
  });

  it('reads hex of 64 bits as bigint', () => {
    assert.equal(reader('ffffffffffffffff').bigint(), 2n ** 64n - 1n);
    assert.equal(reader('0000ffffffffffffffff').bigint(), 2n ** 64n - 1n);
    assert.equal(reader('0').bigint(), 0n);
    for (const text of ['', ';', '-1', '10000000000000000']) {
      assert.throws(() => reader(text).bigint(), ProtocolError, text);
    }
  });

  it('reads signs only where they may be', () => {
    assert.equal(reader('-1').signedNumber(), -1);
    assert.equal(reader('1f').signedNumber(), 0x1f);
    assert.ok(Object.is(reader('-0').signedNumber(), 0));
    for (const text of ['', '-', '--1', '-g']) {
      assert.throws(() => reader(text).signedNumber(), ProtocolError, text);
    }
  });

  it('reads decimal and stops at a hex digit', () => {
    const fields = reader('19a');
    assert.equal(fields.decimal(), 19);
    assert.equal(fields.peek(), 'a');
    assert.throws(() => reader('9007199254740992').decimal(), ProtocolError);
    assert.throws(() => reader('a').decimal(), ProtocolError);
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (small, large) => {
        const fields = reader(`${small.toString(16)};${large.toString(16)};${small}`);
        assert.equal(fields.number(), small);
        fields.expect(';');
        assert.equal(fields.bigint(), large);
        fields.expect(';');
        assert.equal(fields.decimal(), small);
        fields.expectEnd();
      }),
    );
  });
});

describe('field reader: text and bytes', () => {
  it('takes single characters', () => {
    const fields = reader('xab', 1);
    assert.equal(fields.peek(), 'a');
    assert.equal(fields.accept('b'), false);
    assert.equal(fields.accept('a'), true);
    assert.throws(() => fields.expect('c'), ProtocolError);
    assert.throws(() => fields.expectEnd(), ProtocolError);
    fields.expect('b');
    assert.equal(fields.peek(), '');
    assert.equal(fields.accept(''), false);
    assert.equal(fields.isAtEnd, true);
    fields.expectEnd();
    assert.throws(() => fields.expect('b'), ProtocolError);
  });

  it('says what was expected, and where', () => {
    assert.throws(() => reader('m0;4').fail('an address'), {
      code: 'RSP_MALFORMED',
      message: 'expected an address, found "m" at offset 0',
    });
    assert.throws(() => reader('m0', 2).expect(','), { message: "expected ',', found the end at offset 2" });
  });

  it('takes text up to a separator, and the rest', () => {
    const fields = reader('name:a;b');
    assert.equal(fields.textUntil(';', ':'), 'name');
    assert.equal(fields.textUntil(':'), '');
    fields.expect(':');
    assert.equal(fields.textUntil(';'), 'a');
    assert.equal(fields.restText(), ';b');
    assert.equal(fields.restText(), '');
    assert.equal(fields.textUntil(';'), '');
    assert.deepEqual(reader('a\x00\xff', 1).restBytes(), Uint8Array.of(0, 0xff));
    assert.deepEqual(reader('a', 5).restBytes(), new Uint8Array(0));
  });

  it('takes hex pairs up to something else', () => {
    const fields = reader('0aFf;636f6cc3a9');
    assert.deepEqual(fields.hexBytes(), Uint8Array.of(0x0a, 0xff));
    fields.expect(';');
    assert.equal(fields.hexText(), 'colé');
    assert.equal(fields.hexText(), '');
    assert.throws(() => reader('0a1;').hexBytes(), ProtocolError);
    assert.equal(reader('0aff').hexByte(), 0x0a);
    assert.throws(() => reader('0').hexByte(), ProtocolError);
    assert.throws(() => reader('0;').hexByte(), ProtocolError);
  });
});

/** Every way to take something. */
const operations: readonly ((fields: FieldReader) => unknown)[] = [
  (fields) => fields.isAtEnd,
  (fields) => fields.peek(),
  (fields) => fields.accept(','),
  (fields) => fields.expect(';'),
  (fields) => fields.expectEnd(),
  (fields) => fields.number(),
  (fields) => fields.bigint(),
  (fields) => fields.signedNumber(),
  (fields) => fields.decimal(),
  (fields) => fields.textUntil(':', ';'),
  (fields) => fields.hexByte(),
  (fields) => fields.hexBytes(),
  (fields) => fields.hexText(),
  (fields) => fields.threadSelector(),
  (fields) => fields.restText(),
  (fields) => fields.restBytes(),
];

const packetBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF,;:-p.x'), maxLength: 60 }).map(asciiBytes),
);

describe('field reader: any bytes', () => {
  it('throws nothing but ProtocolError', () => {
    const names = fc.array(fc.nat(operations.length - 1), { maxLength: 20 });
    fc.assert(
      fc.property(packetBytes, fc.nat(70), names, (bytes, offset, steps) => {
        const fields = new FieldReader(bytes, offset);
        for (const step of steps) {
          try {
            operations[step]?.(fields);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
