/** Files that are cut, or not what they seem: an error with a name, or less knowledge; never another kind of failure. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../src/base/errors.js';
import {
  type ByteSource,
  ElfFile,
  FrameIndex,
  frameRulesAt,
  SymbolTable,
} from '../../src/debug-info/index.js';
import { compileFixture } from '../support/fixture.js';
import { Random } from '../support/random.js';

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    name: 'test',
    lengthBytes: bytes.length,
    read: (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  };
}

/** Everything that a stack would ask of the file. */
function useAll(bytes: Uint8Array): void {
  try {
    const file = new ElfFile(sourceOf(bytes));
    const symbols = new SymbolTable([file]);
    const index = new FrameIndex([file]);
    for (let address = 0x1000; address < 0x1800; address += 0x10) {
      symbols.functionAt(address);
      const description = index.find(address);
      if (description !== undefined) frameRulesAt(description, address);
    }
  } catch (error) {
    if (isOutstepError(error)) assert.equal(error.code, errorCodes.UNSUPPORTED);
    else assert.ok(error instanceof RangeError, String(error));
  }
}

describe('debug-info: damaged files', () => {
  it('that are cut anywhere', async () => {
    const bytes = new Uint8Array(
      readFileSync(await compileFixture('stacks', { flags: ['-O2'], output: 'stacks-eh' })),
    );
    for (let end = 0; end < bytes.length; end += 61) useAll(bytes.subarray(0, end));
  });

  it('that have wrong bytes in them', async () => {
    const bytes = new Uint8Array(
      readFileSync(await compileFixture('stacks', { flags: ['-O2'], output: 'stacks-eh' })),
    );
    const random = new Random(7);
    for (let round = 0; round < 50; round++) {
      const damaged = bytes.slice();
      for (let count = 0; count < 10; count++) damaged[random.below(damaged.length)] = random.below(256);
      useAll(damaged);
    }
  });

  it('that are no ELF files', () => {
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('#!/bin/sh\nexit 0\n')])
      assert.throws(
        () => new ElfFile(sourceOf(bytes)),
        (error) =>
          isOutstepError(error) && /^cannot read test: no little-endian ELF file$/.test(error.message),
      );
  });
});
