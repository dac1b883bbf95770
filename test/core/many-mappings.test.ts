import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'mocha';
import { pid } from '../../src/base/ids.js';
import { type Mapping, mappingPieces, mappings } from '../../src/core/index.js';
import { compileFixture } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';

/** Below vm.max_map_count, which is 65,530 unless somebody has changed it. */
const count = 60_000;
const pageBytes = 4096n;

describe('mappings', () => {
  it(`are records with every field right, ${count} of them`, async () => {
    await using program = await TestProcess.start('program', [
      await compileFixture('many-mappings'),
      String(count),
    ]);
    const [, start = ''] = await program.output.match(/^(0x[0-9a-f]+)$/m, 30_000);
    const id = pid(program.pid);
    const all = mappings(id);
    const pieces = [...mappingPieces(id)];
    assert.deepEqual(pieces.flat(), all);
    assert.ok(pieces.length > 50 && pieces.every((piece) => piece.length < 2000), `${pieces.length} pieces`);
    const first = all.findIndex((mapping) => mapping.start === BigInt(start));
    const found = all.slice(first, first + count);
    assert.equal(found.length, count);
    for (const [index, mapping] of found.entries()) {
      const at = BigInt(start) + BigInt(index) * pageBytes;
      assert.deepEqual(mapping, {
        start: at,
        end: at + pageBytes,
        permissions: index % 2 === 0 ? 'r--p' : '---p',
        fileOffset: 0n,
        inode: 0n,
        name: '',
      });
    }
    assert.ok(
      all.some(
        ({ name, inode, fileOffset }) => name.endsWith('/many-mappings') && inode > 0n && fileOffset > 0n,
      ),
    );
  });

  it('are told piece by piece while they change, no address twice, and to nobody who has heard enough', async () => {
    await using program = await TestProcess.start('program', [await compileFixture('many-mappings'), '5000']);
    const [, start = ''] = await program.output.match(/^(0x[0-9a-f]+)$/m, 30_000);
    const told: Mapping[] = [];
    for (const piece of mappingPieces(pid(program.pid))) {
      // Unmaps half of what was told of already, or is to be told of.
      if (told.length === 0) {
        program.write('\n');
        await program.output.match(/^unmapped$/m);
      }
      told.push(...piece);
    }
    for (const [index, { start: at, end }] of told.entries()) {
      assert.ok(end > at);
      assert.ok(at >= (told[index - 1]?.end ?? 0n), `0x${at.toString(16)} twice`);
    }
    const middle = BigInt(start) + 2500n * pageBytes;
    assert.equal(told.filter(({ start: at }) => at >= middle && at < middle + 2500n * pageBytes).length, 0);
    const before = readdirSync('/proc/self/fd').length;
    for (const piece of mappingPieces(pid(program.pid))) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
    assert.deepEqual([...mappingPieces(pid(0x3fffffff))], []);
  });
});
