import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { pid } from '../../src/base/ids.js';
import { mappings } from '../../src/core/index.js';
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
    const all = mappings(pid(program.pid));
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
});
