import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handlerOffset, listing, orphanHandler } from '../../../arch/i386/orphan-handler.js';
import { describeOn } from '../../support/machine.js';

describeOn('i386', 'the orphan handler of 32-bit programs', () => {
  it('is the instructions that it is said to be', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
    try {
      const file = join(folder, 'code');
      writeFileSync(file, orphanHandler.code);
      const args = ['-D', '-w', '-b', 'binary', '-m', 'i386', `--start-address=${handlerOffset}`, file];
      const output = execFileSync('objdump', args, { encoding: 'latin1' });
      assert.deepEqual(linesOf(output), linesOf(listing));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Address, bytes and instruction of each line, one space between words. */
function linesOf(text: string): readonly string[] {
  return [...text.matchAll(/^ +([0-9a-f]+:\s[^;\n]*)/gm)].map(([, line = '']) =>
    line.trim().replaceAll(/\s+/g, ' '),
  );
}
