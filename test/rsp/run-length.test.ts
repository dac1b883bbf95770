import assert from 'node:assert/strict';
import { asciiBytes, asciiText, encodeRunLength, escapeBinary, expandRunLength } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

const encode = (text: string) => asciiText(encodeRunLength(asciiBytes(text)));
const expand = (text: string) => asciiText(expandRunLength(asciiBytes(text)));

describe('run-length encoding', () => {
  it('leaves short runs as they are', () => {
    for (const text of ['', '0', '00', '000', '112233']) assert.equal(encode(text), text);
  });

  it('writes the count of repeats as one character', () => {
    assert.equal(encode('0000'), '0* ');
    assert.equal(encode('00000'), '0*!');
    assert.equal(encode('000000'), '0*"');
    assert.equal(encode('0'.repeat(98)), '0*~');
  });

  it('avoids the counts # and $', () => {
    assert.equal(encode('0'.repeat(7)), '0*"0');
    assert.equal(encode('0'.repeat(8)), '0*"00');
    assert.equal(encode('0'.repeat(9)), '0*%');
    // What is left behind the longest run may need it, too.
    assert.equal(encode('0'.repeat(98 + 7)), '0*~0*"0');
    assert.equal(encode('0'.repeat(98 + 8)), '0*~0*"00');
  });

  it('splits runs of more than 97 repeats', () => {
    assert.equal(encode('0'.repeat(99)), '0*~0');
    assert.equal(encode('0'.repeat(102)), '0*~0* ');
    assert.equal(encode('0'.repeat(196)), '0*~0*~');
  });

  it('undoes runs of every length', () => {
    for (let length = 0; length <= 400; length += 1) {
      const text = `a${'0'.repeat(length)}b`;
      assert.equal(expand(encode(text)), text, `${length}`);
    }
  });

  it('begins no run at an escape byte or at the byte behind it', () => {
    const escaped = escapeBinary(asciiBytes('#\x03\x03\x03'));
    assert.equal(asciiText(escaped), '}\x03\x03\x03\x03');
    assert.equal(asciiText(encodeRunLength(escaped)), '}\x03\x03\x03\x03');
    const longer = escapeBinary(asciiBytes('#\x03\x03\x03\x03'));
    assert.equal(asciiText(encodeRunLength(longer)), '}\x03\x03* ');
    assert.equal(asciiText(encodeRunLength(asciiBytes('a}'))), 'a}');
  });

  it('expands runs that begin at the second byte of an escape pair, or directly behind a run', () => {
    assert.equal(expand('}\x03* '), '}\x03\x03\x03\x03');
    assert.equal(expand('0* * 1'), '00000001');
  });

  it('expands a count that is a star or an escape byte', () => {
    assert.equal(expand('0**'), '0'.repeat(14));
    assert.equal(expand('0*}x'), `${'0'.repeat(97)}x`);
    assert.equal(expand(encode('0'.repeat(14))), '0'.repeat(14));
  });

  it('takes a star without a run for itself', () => {
    for (const text of ['*', '*a', 'a*', 'a*\x1f', 'a*\x7f', '**']) assert.equal(expand(text), text);
  });
});
