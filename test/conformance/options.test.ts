import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type ConformanceOptions, parseCommand } from './options.js';

function parseRun(...args: readonly string[]): ConformanceOptions {
  const command = parseCommand(args);
  assert.ok(command.kind === 'run');
  return command.options;
}

describe('conformance: options', () => {
  it('without any mean the quick list with Outstep', () => {
    const { words, boards, server, gdb, jobs } = parseRun();
    assert.deepEqual([words, boards, server, gdb, jobs], [['quick'], [], undefined, 'system', 1]);
  });

  it('choose another list and gdb for another machine', () => {
    const { words, machine, gdb } = parseRun('--machine', 'aarch64');
    assert.deepEqual([words, machine, gdb], [['aarch64'], 'aarch64', 'gdb-multiarch']);
    assert.deepEqual(parseRun('--machine', 'aarch64', 'gdb.base/break.exp').words, ['gdb.base/break.exp']);
    assert.throws(() => parseCommand(['--machine', 'vax']), /--machine is one of host, aarch64/);
  });

  it('may be repeated where they name several things', () => {
    const { words, boards, variables } = parseRun(
      ...['server', '--board', 'unix', '--board', 'x', 'gdb.base/break.exp', '--var', 'A=1', '--packets'],
    );
    assert.deepEqual(
      [words, boards],
      [
        ['server', 'gdb.base/break.exp'],
        ['unix', 'x'],
      ],
    );
    assert.deepEqual(variables, ['A=1', 'GDBFLAGS=-iex "set debug remote 1"']);
  });

  it('make a baseline with GNU gdbserver only', () => {
    assert.equal(parseRun('--baseline').server, 'gdbserver');
    assert.throws(() => parseCommand(['--baseline', '--server', 'x']), /made with GNU gdbserver/);
  });

  it('refuse what is no count', () => {
    for (const jobs of ['0', 'two', '']) {
      assert.throws(() => parseCommand(['--jobs', jobs]), /--jobs needs a positive whole number/);
    }
  });
});
