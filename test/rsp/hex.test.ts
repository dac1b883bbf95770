import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  bytesOfHex,
  escapeBinary,
  hexOf,
  hexOfText,
  ProtocolError,
  textOfHex,
  unescapeBinary,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

describe('hex', () => {
  it('writes lower case and reads both', () => {
    assert.equal(hexOf(Uint8Array.of(0, 9, 0xab, 0xff)), '0009abff');
    assert.deepEqual(bytesOfHex('0009ABff'), Uint8Array.of(0, 9, 0xab, 0xff));
  });

  it('refuses odd lengths and other characters', () => {
    for (const text of [
      '0',
      'abc',
      '0g',
      'g0',
      ' 0',
      '0x',
      '-1',
      '1\u0130',
      '\u01301',
      '/0',
      ':0',
      '@0',
      '`0',
    ]) {
      assert.throws(() => bytesOfHex(text), ProtocolError, JSON.stringify(text));
    }
  });

  it('carries any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        assert.deepEqual(bytesOfHex(hexOf(bytes)), bytes);
        assert.deepEqual(asciiBytes(asciiText(bytes)), bytes);
        assert.deepEqual(unescapeBinary(escapeBinary(bytes)), bytes);
      }),
    );
  });

  it('carries text as UTF-8, a byte order mark included', () => {
    assert.equal(hexOfText('ä€'), 'c3a4e282ac');
    assert.equal(textOfHex('efbbbf41'), '\ufeffA');
    assert.equal(textOfHex('ff'), '\ufffd');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(textOfHex(hexOfText(text)), text)),
    );
  });

  it('takes long text', () => {
    const bytes = new Uint8Array(300_000).fill(0xe4);
    assert.equal(asciiText(bytes), 'ä'.repeat(300_000));
    assert.equal(hexOf(bytes), 'e4'.repeat(300_000));
  });
});
