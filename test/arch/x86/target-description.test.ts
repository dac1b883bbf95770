import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { i386 } from '../../../arch/i386/index.js';
import type { ArchModule } from '../../../arch/module.js';
import { forGdb } from '../../../arch/target-description.js';
import { x86_64 } from '../../../arch/x86_64/index.js';
import { projectRoot } from '../../support/project-paths.js';
import { type MachineName, machines } from './machines.js';

const run = promisify(execFile);

const goldens: readonly { readonly file: string; readonly machine: MachineName }[] = [
  { file: 'sse.xml', machine: 'SSE' },
  { file: 'avx.xml', machine: 'AVX' },
  { file: 'avx512-pkru.xml', machine: 'AVX-512, PKRU (AMD)' },
];

interface Described {
  readonly module: ArchModule;
  /** What gdb calls it. */
  readonly gdbName: string;
  readonly lastVector: number;
  readonly lastWideVector: number;
}

const described: readonly Described[] = [
  { module: x86_64, gdbName: 'i386:x86-64', lastVector: 15, lastWideVector: 31 },
  { module: i386, gdbName: 'i386', lastVector: 7, lastWideVector: 7 },
];

function goldenPath(module: ArchModule, file: string): string {
  return resolve(projectRoot, 'test/arch', module.name, 'golden', file);
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
async function gdb(
  gdbName: string,
  descriptionPath: string,
  ...commands: readonly string[]
): Promise<string> {
  const settings = [`set architecture ${gdbName}`, `set tdesc filename ${descriptionPath}`];
  const all = [...settings, ...commands].flatMap((command) => ['-ex', command]);
  const { stdout, stderr } = await run('gdb', ['-batch', '-nx', ...all]);
  return stdout + stderr;
}

for (const { module, gdbName, lastVector, lastWideVector } of described) {
  describe(`target description of ${module.name}`, () => {
    for (const { file, machine } of goldens) {
      const registers = module.registerFile(machines[machine]);
      const document = registers.targetDescription;
      const path = goldenPath(module, file);

      describe(machine, () => {
        it('is the stored one', () => {
          assert.equal(document, readFileSync(path, 'utf8'));
        });

        it('lists the registers of the table', () => {
          assert.deepEqual(
            describedRegisters(document),
            registers.registers.map(({ name, bits, type, number }) => ({ name, bits, type, number })),
          );
        });

        it('is read by gdb without loss', async () => {
          const printed = await gdb(gdbName, path, 'maint print xml-tdesc');
          assert.deepEqual(describedRegisters(printed), describedRegisters(document));
          assert.doesNotMatch(printed, /warning|rejected|error/i);
        });

        it('is the same for gdb in its short form', async () => {
          const folder = mkdtempSync(join(tmpdir(), 'outstep-description-'));
          try {
            const shortPath = join(folder, file);
            writeFileSync(shortPath, forGdb(document));
            const [long, short] = [path, shortPath].map((one) => gdb(gdbName, one, 'maint print xml-tdesc'));
            assert.equal(await short, await long);
          } finally {
            rmSync(folder, { recursive: true });
          }
          assert.doesNotMatch(forGdb(document), /^.{1001}|\n |dwarf|generic|format|altname/m);
        });

        it('is accepted by gdb for the architecture', async () => {
          const listed = await gdb(gdbName, path, 'maint print raw-registers');
          assert.doesNotMatch(listed, /warning|rejected|error/i);
          const accepted = new Set(listed.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? ''));
          // Halves of vector registers have no name of their own in gdb; they make up ymm and zmm.
          const named = registers.registers.filter(({ name }) => !/^[yz]mm\d+h$/.test(name));
          for (const { name } of named) assert.ok(accepted.has(name), `${name} is not among gdb's registers`);
        });

        it('lets gdb put vector registers together', async () => {
          const kind = machine === 'SSE' ? 'xmm' : machine === 'AVX' ? 'ymm' : 'zmm';
          const widest = `${kind}${kind === 'zmm' ? lastWideVector : lastVector}`;
          const sizes = { xmm: 16, ymm: 32, zmm: 64 };
          const shown = await gdb(gdbName, path, `ptype $${widest}`, `print sizeof($${widest})`);
          assert.match(shown, /v4_float|v8_float|v16_float/);
          assert.match(shown, new RegExp(`= ${sizes[kind]}$`, 'm'));
        });
      });
    }
  });
}
