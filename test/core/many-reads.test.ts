import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { address } from '../../src/base/ids.js';
import type { ReadRange } from '../../src/core/index.js';
import { Random } from '../support/random.js';
import { launchFixture } from './traced-program.js';

describe('reading many ranges', () => {
  it('gives what reading each of them gives, breakpoints, unreadable and unmapped memory included', async () => {
    await using program = await launchFixture('stepping', [], { flags: ['-no-pie'] });
    const { attachment } = program;
    const { memory } = attachment.process;
    const text = program.symbol('main');
    for (const name of ['main', 'twice', 'factorial']) attachment.insertBreakpoint(program.symbol(name));
    const random = new Random(7);
    const ranges: ReadRange[] = Array.from({ length: 5000 }, () => {
      const lengthBytes = random.below(40);
      const kind = random.below(20);
      // Below the program there is nothing, and around its end something ends.
      const base = kind === 0 ? 16n : kind === 1 ? (text | 0xfffn) - 8n : text - 64n;
      return { address: address(base + BigInt(random.below(256))), lengthBytes };
    });
    assert.deepEqual(
      memory.readMany(ranges),
      ranges.map((range) => memory.read(range.address, range.lengthBytes)),
    );
    assert.deepEqual(memory.readMany([]), []);
  });
});
