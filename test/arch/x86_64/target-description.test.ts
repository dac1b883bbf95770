import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { x86_64 } from '../../../arch/x86_64/index.js';
import { projectRoot } from '../../support/project-paths.js';
import { type MachineName, machines } from './machines.js';

const run = promisify(execFile);

const goldens: readonly { readonly file: string; readonly machine: MachineName }[] = [
  { file: 'sse.xml', machine: 'SSE' },
  { file: 'avx.xml', machine: 'AVX' },
  { file: 'avx512-pkru.xml', machine: 'AVX-512, PKRU (AMD)' },
];

function goldenPath(file: string): string {
  return resolve(projectRoot, 'test/arch/x86_64/golden', file);
}

interface DescribedRegister {
  readonly name: string;
  readonly bits: number;
  readonly type: string;
  readonly number: number;
}

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}

function describedRegisters(document: string): DescribedRegister[] {
  return [...document.matchAll(/<reg [^>]*>/g)].map(([tag]) => ({
    name: attribute(tag, 'name'),
    bits: Number(attribute(tag, 'bitsize')),
    type: attribute(tag, 'type'),
    number: Number(attribute(tag, 'regnum')),
  }));
}

/** gdb on a program that does not run, with the description put in its hands. */
async function gdb(descriptionPath: string, ...commands: readonly string[]): Promise<string> {
  const all = [`set tdesc filename ${descriptionPath}`, ...commands].flatMap((command) => ['-ex', command]);
  const { stdout, stderr } = await run('gdb', [
    '-batch',
    '-nx',
    '-ex',
    'set architecture i386:x86-64',
    ...all,
  ]);
  return stdout + stderr;
}

describe('target description of x86_64', () => {
  for (const { file, machine } of goldens) {
    const registers = x86_64.registerFile(machines[machine]);
    const document = registers.targetDescription;

    describe(machine, () => {
      it('is the stored one', () => {
        assert.equal(document, readFileSync(goldenPath(file), 'utf8'));
      });

      it('lists the registers of the table', () => {
        assert.deepEqual(
          describedRegisters(document),
          registers.registers.map(({ name, bits, type, number }) => ({ name, bits, type, number })),
        );
      });

      it('is read by gdb without loss', async () => {
        const printed = await gdb(goldenPath(file), 'maint print xml-tdesc');
        assert.deepEqual(describedRegisters(printed), describedRegisters(document));
        assert.doesNotMatch(printed, /warning|rejected|error/i);
      });

      it('is accepted by gdb for the architecture', async () => {
        const listed = await gdb(goldenPath(file), 'maint print raw-registers');
        assert.doesNotMatch(listed, /warning|rejected|error/i);
        const accepted = new Set(listed.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? ''));
        // Halves of vector registers have no name of their own in gdb; they make up ymm and zmm.
        const named = registers.registers.filter(({ name }) => !/^[yz]mm\d+h$/.test(name));
        for (const { name } of named) assert.ok(accepted.has(name), `${name} is not among gdb's registers`);
      });

      it('lets gdb put vector registers together', async () => {
        const widest = machine === 'SSE' ? 'xmm15' : machine === 'AVX' ? 'ymm15' : 'zmm31';
        const sizes = { xmm15: 16, ymm15: 32, zmm31: 64 };
        const shown = await gdb(goldenPath(file), `ptype $${widest}`, `print sizeof($${widest})`);
        assert.match(shown, /v4_float|v8_float|v16_float/);
        assert.match(shown, new RegExp(`= ${sizes[widest]}$`, 'm'));
      });
    });
  }
});
