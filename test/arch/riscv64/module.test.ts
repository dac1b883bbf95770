/** What another machine costs: a module of tables, which gdb understands, and nothing anywhere else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../../support/project-paths.js';
import { bytesOf, MemoryRegsets, numberOf } from '../memory-regsets.js';
import { riscv64 } from './module.js';

const source = readFileSync(resolve(projectRoot, 'test/arch/riscv64/module.ts'), 'utf8');
const machine = {
  machine: 'riscv64',
  hwcap: 0n,
  hwcap2: 0n,
  xsave: undefined,
  vectorBytes: 0,
  streamingVectorBytes: 0,
  breakpointSlots: 0,
  watchpointSlots: 0,
} as const;
const file = riscv64.registerFile(machine);

describe('arch: a third machine', () => {
  it('is some two hundred lines of tables, without a request to the kernel', () => {
    const lines = source.split('\n').filter((line) => line.trim() !== '').length;
    assert.ok(lines < 260, `${lines} lines`);
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from);
    assert.deepEqual(imported, ['../../../arch/module.js', '../../../arch/target-description.js']);
    assert.doesNotMatch(source, /\b(?:async|await|native|class|readFile\w*)\b|ptrace\(/);
  });

  it('has the registers that gdb knows, by their numbers and sizes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outstep-riscv64-'));
    try {
      const path = join(folder, 'target.xml');
      writeFileSync(path, file.targetDescription);
      const commands = [`set tdesc filename ${path}`, 'maint print registers'];
      const output = execFileSync(
        'gdb-multiarch',
        ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])],
        { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] },
      );
      const known = new Map(
        [...output.matchAll(/^ *(\S+) +(\d+) +-?\d+ +\d+ +(\d+) /gm)].map(([, name = '', , size]) => [
          name,
          Number(size),
        ]),
      );
      for (const { name, bits } of file.registers) assert.equal(known.get(name), bits / 8, name);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads and writes each register where the kernel has it', () => {
    const words = Array.from({ length: 32 }, (_, index) => BigInt(index + 1) * 0x0101_0101_0101_0101n);
    const regsets = new MemoryRegsets(file);
    regsets.set('general').set(words.flatMap((word) => [...bytesOf(word, 8)]));
    const value = (name: string): bigint | undefined => {
      const register = file.byName(name);
      assert.ok(register);
      return numberOf(file.read(register, regsets));
    };
    assert.equal(value('zero'), 0n);
    assert.equal(value('pc'), words[0]);
    assert.equal(value('ra'), words[1]);
    assert.equal(value('a7'), words[17]);
    assert.equal(value('t6'), words[31]);
    assert.equal(file.byRole('pc').name, 'pc');
    for (const register of file.registers) {
      const bytes = Uint8Array.from({ length: register.bits / 8 }, (_, index) => register.number + index + 1);
      assert.equal(file.write(register, bytes, regsets), register.name !== 'zero');
      if (register.name !== 'zero') assert.deepEqual(file.read(register, regsets), bytes, register.name);
    }
  });
});
