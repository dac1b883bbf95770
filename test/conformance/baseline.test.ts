import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { boardsThatCover, readBaseline, readBaselines } from './baseline.js';
import { formatBaselineTable } from './baseline-table.js';
import { baselineTable } from './conformance-paths.js';
import { readLists, selectFiles } from './exp-lists.js';

describe('conformance: baselines', () => {
  it('have times and passes for what they hold', () => {
    for (const { version, board, files } of readBaselines()) {
      assert.ok(files.size > 0, `${version} ${board} is empty`);
      for (const { file, seconds } of files.values()) {
        assert.ok(seconds !== undefined, `${version} ${board} has no time for ${file}`);
      }
    }
  });

  it('are found by the files that they have', () => {
    const boards = ['native-extended-gdbserver', 'native-gdbserver'];
    assert.deepEqual(boardsThatCover('host', '13.1', ['gdb.base/break.exp']), boards);
    assert.deepEqual(boardsThatCover('host', '13.1', ['gdb.server/wrapper.exp']), [...boards, 'unix']);
    assert.deepEqual(boardsThatCover('host', '13.1', ['gdb.base/break.exp', 'gdb.base/none.exp']), []);
    assert.equal(readBaseline('0.0', 'native-gdbserver').files.size, 0);
  });

  it('are the ones that table.md counts: --table writes it', () => {
    assert.equal(readFileSync(baselineTable, 'utf8'), formatBaselineTable(readBaselines(), readLists()));
  });
});

describe('conformance: lists', () => {
  it('name files of the suite, each once', () => {
    for (const { name, files } of readLists()) {
      assert.equal(new Set(files).size, files.length, `${name} has a file twice`);
      for (const file of files) assert.match(file, /^gdb\.[a-z+]+\/[\w+-]+\.exp$/, name);
    }
  });

  it('take all of quick into the guest, except for what the list itself names', () => {
    const inGuest = selectFiles(['aarch64']);
    const leftOut = selectFiles(['quick']).filter((file) => !inGuest.includes(file));
    const reasons = /^gdb\.(arch\/(amd64|i386)-|base\/step-over-syscall\.)/;
    for (const file of leftOut) assert.match(file, reasons, 'lists/aarch64.txt has no reason for it');
    const boards = ['aarch64-extended-gdbserver', 'aarch64-gdbserver'];
    assert.deepEqual(boardsThatCover('aarch64', '13.1', inGuest), boards);
  });

  it('mix with single files, and are asked for by name', () => {
    const files = selectFiles(['gdb.base/break.exp', 'quick', 'gdb.base/nonesuch.exp']);
    assert.deepEqual([files[0], files.at(-1)], ['gdb.base/break.exp', 'gdb.base/nonesuch.exp']);
    assert.equal(files.filter((file) => file === 'gdb.base/break.exp').length, 1);
    assert.throws(() => selectFiles(['nonesuch']), /"nonesuch" is no list \(.*quick.*\)/);
  });
});
