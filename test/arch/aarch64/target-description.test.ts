import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { aarch64 } from '../../../arch/aarch64/index.js';
import { withoutParts } from '../../../arch/target-description.js';
import { projectRoot } from '../../support/project-paths.js';
import { type MachineName, machines } from './machines.js';

const run = promisify(execFile);

const goldens: readonly { readonly file: string; readonly machine: MachineName }[] = [
  { file: 'plain.xml', machine: 'plain' },
  { file: 'sve-pauth-mte.xml', machine: 'SVE, PAuth, MTE' },
  { file: 'sve-sme2.xml', machine: 'SVE, SME2' },
  { file: 'everything.xml', machine: 'everything' },
];

function attribute(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}

function describedRegisters(
  document: string,
): { name: string; bits: number; type: string; number: number }[] {
  return [...document.matchAll(/<reg [^>]*>/g)].map(([tag]) => ({
    name: attribute(tag, 'name'),
    bits: Number(attribute(tag, 'bitsize')),
    type: attribute(tag, 'type'),
    number: Number(attribute(tag, 'regnum')),
  }));
}

/** gdb on a program that does not run, with the description put in its hands. */
async function gdb(descriptionPath: string, ...commands: readonly string[]): Promise<string> {
  const settings = ['set architecture aarch64', `set tdesc filename ${descriptionPath}`];
  const all = [...settings, ...commands].flatMap((command) => ['-ex', command]);
  const { stdout, stderr } = await run('gdb-multiarch', ['-batch', '-nx', ...all]);
  return stdout + stderr;
}

describe('target description of aarch64', () => {
  for (const { file, machine } of goldens) {
    const registers = aarch64.registerFile(machines[machine]);
    const document = withoutParts(registers.targetDescription);
    const path = resolve(projectRoot, 'test/arch/aarch64/golden', file);

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
        const printed = await gdb(path, 'maint print xml-tdesc');
        assert.deepEqual(describedRegisters(printed), describedRegisters(document));
        assert.doesNotMatch(printed, /warning|rejected|error/i);
      });

      it('is accepted by gdb for the architecture', async () => {
        const listed = await gdb(path, 'maint print raw-registers');
        assert.doesNotMatch(listed, /warning|rejected|error/i);
        const accepted = new Set(listed.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? ''));
        for (const { name } of registers.registers)
          assert.ok(accepted.has(name), `${name} is not among gdb's registers`);
      });

      it('has vectors as wide as the thread', async () => {
        const { vectorBytes } = machines[machine];
        const widest = vectorBytes === 0 ? 'v31' : 'z31';
        const shown = await gdb(path, `ptype $${widest}`, `print sizeof($${widest})`, 'ptype $v0');
        assert.match(shown, new RegExp(`= ${vectorBytes === 0 ? 16 : vectorBytes}$`, 'm'));
      });
    });
  }

  it('has the lowest parts of scalable vectors for LLDB, with numbers that no register has', () => {
    for (const { machine } of goldens) {
      const { registers, targetDescription } = aarch64.registerFile(machines[machine]);
      const parts = [...targetDescription.matchAll(/<reg [^>]* value_regnums="(\d+)"[^>]*>/g)];
      const isScalable = registers.some(({ name }) => name === 'z0');
      assert.deepEqual(
        parts.map(([tag, of]) => [
          attribute(tag, 'name'),
          registers[Number(of)]?.name,
          attribute(tag, 'bitsize'),
        ]),
        [
          ['v', '128'],
          ['d', '64'],
          ['s', '32'],
        ].flatMap(([prefix, bits]) =>
          Array.from({ length: isScalable ? 32 : 0 }, (_, index) => [`${prefix}${index}`, `z${index}`, bits]),
        ),
      );
      assert.ok(parts.every(([tag]) => Number(attribute(tag, 'regnum')) >= registers.length));
    }
  });

  it('is that of the thread whose vectors are of another length', () => {
    const file = aarch64.registerFile(machines['SVE, PAuth, MTE']);
    const header = new Uint8Array(16 + 528);
    const view = new DataView(header.buffer);
    view.setUint32(0, header.length, true);
    view.setUint16(8, 32, true);
    const access = {
      read: (name: string) => (name === 'scalable' ? header : undefined),
      write: () => false,
    };
    const fitted = file.fitTo(access);
    assert.equal(fitted.byName('z0')?.bits, 256);
    assert.equal(fitted.byName('p0')?.bits, 32);
    assert.equal(fitted.fitTo(access), fitted);
    assert.deepEqual(
      fitted.registers.map(({ name, number }) => [name, number]),
      file.registers.map(({ name, number }) => [name, number]),
    );
    assert.notEqual(fitted.targetDescription, file.targetDescription);
  });

  it('leaves to clients without one what they know', () => {
    for (const machine of ['plain', 'SVE, SME2'] as const) {
      const { undescribed } = aarch64.registerFile(machines[machine]);
      assert.deepEqual(
        undescribed.slice(31).map(({ name, bits }) => `${name}:${bits}`),
        [
          ...['sp:64', 'pc:64', 'cpsr:32'],
          ...Array.from({ length: 32 }, (_, index) => `v${index}:128`),
          ...['fpsr:32', 'fpcr:32'],
        ],
      );
    }
  });

  it('has the largest register behind those that are read all at once', () => {
    const { registers, bulkCount } = aarch64.registerFile(machines['SVE, SME2']);
    assert.equal(registers[bulkCount]?.name, 'za');
    const plain = aarch64.registerFile(machines.plain);
    assert.equal(plain.bulkCount, plain.registers.length);
  });
});
