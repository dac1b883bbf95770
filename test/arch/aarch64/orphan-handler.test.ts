import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { handlerOffset, listing } from '../../../arch/aarch64/orphan-handler.js';
import { disassemble } from './decode-reference.js';

describe('the orphan handler of aarch64', () => {
  it('is the instructions that it is said to be', () => {
    const lines = [...listing.matchAll(/^ *([0-9a-f]+): ([0-9a-f]{8}) {2}([^;\n]*)/gm)].map(
      ([, address = '', word = '', text = '']) => ({ address, word, text: text.trim() }),
    );
    const words = lines.map(({ word }) => Number.parseInt(word, 16));
    assert.equal(lines.length, listing.trim().split('\n').length);
    assert.deepEqual(
      disassemble(words, BigInt(handlerOffset)).map((one) => ({
        address: one?.address.toString(16),
        word: one?.word.toString(16).padStart(8, '0'),
        text: `${one?.mnemonic} ${one?.operands}`.trim(),
      })),
      lines,
    );
  });
});
