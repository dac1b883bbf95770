/** Every row of the call frame information of real files, against what binutils' readelf makes of them. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import {
  type ByteSource,
  ElfFile,
  FrameIndex,
  type FrameRules,
  frameRulesAt,
  SymbolTable,
} from '../../src/debug-info/index.js';
import { type CompileOptions, compileFixture } from '../support/fixture.js';

function openElf(path: string): ElfFile {
  const bytes = new Uint8Array(readFileSync(path));
  const source: ByteSource = {
    name: path,
    lengthBytes: bytes.length,
    read: (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  };
  return new ElfFile(source);
}

/** DWARF numbers of x86-64's registers, as readelf calls them; others' are mostly in their names. */
const x86Names = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'];
const firstVector = 64;
/** Of aarch64, DWARF for the Arm 64-bit Architecture, 4.1. */
const armNames: Readonly<Record<string, number>> = { sp: 31, vg: 46 };

function numberOfRegister(name: string, returnColumn: number): number {
  if (name === 'ra') return returnColumn;
  const armNumber = armNames[name];
  if (armNumber !== undefined) return armNumber;
  if (x86Names.includes(name)) return x86Names.indexOf(name);
  return Number(name.slice(1)) + (name.startsWith('v') ? firstVector : 0);
}

interface ExpectedRow {
  readonly address: number;
  /** `rsp+8`, or `exp`. */
  readonly frameAddress: string;
  /** By readelf's name: `u`, `s`, `c-8`, `v+0`, `exp`, `vexp`, or a register. */
  readonly registers: ReadonlyMap<string, string>;
}

function expectedRows(path: string): readonly ExpectedRow[] {
  const options = { encoding: 'latin1', maxBuffer: 1 << 28 } as const;
  // Its status says that a separate file with debug information was looked for and not found.
  const { stdout: text } = spawnSync('readelf', ['--debug-dump=frames-interp', '-W', path], options);
  let columns: readonly string[] = [];
  let isFunction = false;
  const rows: ExpectedRow[] = [];
  for (const line of text.split('\n')) {
    if (/^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ (FDE|CIE)/.test(line)) isFunction = line.includes(' FDE ');
    const words = line.trim().split(/\s+/);
    if (words[0] === 'LOC') columns = words.slice(2);
    const [address = '', frameAddress = '', ...values] = words;
    if (!isFunction || !/^[0-9a-f]{16}$/.test(address) || words.length !== columns.length + 2) continue;
    const registers = new Map(columns.map((name, index) => [name, values[index] ?? '']));
    rows.push({ address: Number.parseInt(address, 16), frameAddress, registers });
  }
  return rows;
}

function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

/** As readelf writes it. */
function ruleText(rules: FrameRules, register: number): string {
  const rule = rules.registers.get(register);
  switch (rule?.kind) {
    case undefined:
      return 'u';
    case 'undefined':
      return 'u';
    case 'same':
      return 's';
    case 'offset':
      return `c${signed(rule.offset)}`;
    case 'value-offset':
      return `v${signed(rule.offset)}`;
    case 'expression':
      return 'exp';
    case 'value-expression':
      return 'vexp';
    case 'register':
      return `r${rule.register}`;
  }
}

function checkAll(path: string): number {
  const index = new FrameIndex([openElf(path)]);
  const rows = expectedRows(path);
  for (const { address, frameAddress, registers } of rows) {
    const where = `${path} at 0x${address.toString(16)}`;
    const description = index.find(address);
    assert.ok(description, where);
    const rules = frameRulesAt(description, address);
    if (rules.frameAddress.kind === 'expression') assert.equal(frameAddress, 'exp', where);
    else {
      const [, name = '', offset = ''] = /^(\w+)([+-]\d+)$/.exec(frameAddress) ?? [];
      const { register, offset: ours } = rules.frameAddress;
      assert.deepEqual([register, signed(ours)], [numberOfRegister(name, rules.returnColumn), offset], where);
    }
    for (const [name, value] of registers)
      assert.equal(ruleText(rules, numberOfRegister(name, rules.returnColumn)), value, `${where}, ${name}`);
  }
  return rows.length;
}

const libc = / (\/\S*libc\.so\.6)$/m;

describe('debug-info: call frame information', () => {
  const compilations: Readonly<Record<string, CompileOptions>> = {
    '.eh_frame': { flags: ['-O2'], output: 'stacks-eh' },
    '.debug_frame': {
      flags: ['-O2', '-g', '-fno-asynchronous-unwind-tables', '-fno-exceptions', '-fno-unwind-tables'],
      output: 'stacks-debug',
    },
    '.eh_frame without its table': { flags: ['-O2', '-Wl,--no-eh-frame-hdr'], output: 'stacks-no-table' },
  };
  for (const [name, options] of Object.entries(compilations))
    it(`of ${name} says what readelf makes of it`, async () => {
      assert.ok(checkAll(await compileFixture('stacks', options)) > 20);
    });

  it('of the C library says what readelf makes of it', () => {
    // Node uses it itself.
    const [, path] = libc.exec(readFileSync('/proc/self/maps', 'utf8')) ?? [];
    assert.ok(path);
    assert.ok(checkAll(path) > 10_000);
  });
});

describe('debug-info: symbols', () => {
  it('are found by every address of their functions', async () => {
    const path = await compileFixture('stacks', { flags: ['-O2'], output: 'stacks-eh' });
    const table = new SymbolTable([openElf(path)]);
    const lines = execFileSync('nm', ['-S', path], { encoding: 'latin1' }).split('\n');
    let count = 0;
    for (const line of lines) {
      const [, address, size, name] = /^([0-9a-f]+) ([0-9a-f]+) [tT] (\w+)$/.exec(line) ?? [];
      if (address === undefined || size === undefined) continue;
      const [start, lengthBytes] = [Number.parseInt(address, 16), Number.parseInt(size, 16)];
      for (const at of [start, start + lengthBytes - 1])
        assert.deepEqual(table.functionAt(at), { name, address: start, lengthBytes });
      count += 1;
    }
    assert.ok(count > 5);
    assert.equal(table.functionAt(0), undefined);
  });
});
