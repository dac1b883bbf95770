import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, it } from 'mocha';
import { type Address, address } from '../../../src/base/ids.js';
import {
  loadedObjects,
  type ProgramMemory,
  ProgramReader,
  ReadAhead,
} from '../../../src/core/program/index.js';
import { compileFixture } from '../../support/fixture.js';
import { withProgram } from './running-program.js';

class CountedMemory implements ProgramMemory {
  reads = 0;
  readonly #memory: ProgramMemory;

  constructor(memory: ProgramMemory) {
    this.#memory = memory;
  }

  read(at: Address, lengthBytes: number): Uint8Array {
    this.reads += 1;
    return this.#memory.read(at, lengthBytes);
  }
}

/** Three pages at 0x10000, of which byte n is n, and nothing else. */
const three: ProgramMemory = {
  read: (at, lengthBytes) => {
    const from = Number(at) - 0x10000;
    const count = from < 0 ? 0 : Math.max(0, Math.min(lengthBytes, 3 * 4096 - from));
    return Uint8Array.from({ length: count }, (_, index) => from + index);
  },
};

describe('reading ahead', () => {
  it('reads what is there, and no more', () => {
    const rows = [
      [0x10000, 10],
      [0x10fff, 1],
      [0x10ffe, 4],
      [0x10001, 3 * 4096],
      [0x12fff, 100],
      [0x12f00, 0],
      [0x13000, 8],
      [0xf000, 8],
      [0xffff, 8],
      [0, 4],
    ] as const;
    const ahead = new ReadAhead(three);
    for (const [at, lengthBytes] of rows) {
      const expected = three.read(address(BigInt(at)), lengthBytes);
      assert.deepEqual(ahead.read(address(BigInt(at)), lengthBytes), expected, at.toString(16));
    }
    assert.equal(new ReadAhead(three).read(address(2n ** 64n - 1n), 1).length, 0);
  });

  it('lists hundreds of libraries with few reads', async () => {
    const count = 200;
    const library = await compileFixture('opened-library', {
      flags: ['-shared', '-fPIC'],
      output: 'opened-library.so',
    });
    const folder = await mkdtemp(`${tmpdir()}/many-libraries-`);
    try {
      for (let i = 0; i < count; i += 1) await copyFile(library, `${folder}/${i}.so`);
      await withProgram('many-libraries', { args: [folder, String(count)] }, (program) => {
        assert.equal(program.value('opened'), BigInt(count));
        const direct = loadedObjects(program.reader, program.auxiliaryVector);
        const counted = new CountedMemory(program.reader.memory);
        const reader = new ProgramReader(new ReadAhead(counted), 8);
        assert.deepEqual(loadedObjects(reader, program.auxiliaryVector), direct);
        assert.ok(direct.objects.length > count);
        assert.ok(counted.reads < count / 5, `${counted.reads} reads`);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
