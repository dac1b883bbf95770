/** Which words select a subcommand, and which are gdbserver's. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'mocha';
import { findSubcommand, subcommands } from '../../src/cli/commands/index.js';
import { usage } from '../../src/cli/usage.js';
import { commandScript, projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

const [{ name = '' } = {}] = subcommands;

describe('cli: subcommands', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-subcommands-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are selected by a first word that is the whole name', () => {
    const found = findSubcommand('/bin/outstep', [name, '-x', name]);
    assert.equal(found?.subcommand.name, name);
    assert.deepEqual(found?.words, ['-x', name]);
    for (const words of [[], [`./${name}`], [`/bin/${name}`], [`${name}s`], ['--once', name], [':0', name]])
      assert.equal(findSubcommand('/bin/outstep', words), undefined, words.join(' '));
  });

  it('are selected by the name of a link', () => {
    assert.deepEqual(findSubcommand(`/usr/bin/${name}`, ['x'])?.words, ['x']);
    assert.equal(findSubcommand('/opt/tools/outstep-gdbserver', ['x']), undefined);
    assert.equal(findSubcommand(`/${name}/outstep`, ['x']), undefined);
  });

  it('are listed, what each does below the others', () => {
    const lines = usage.split('\n');
    for (const { name: wanted, summary } of subcommands) {
      const line = lines.find((one) => one.endsWith(summary));
      assert.equal(line?.indexOf(summary), 24, `${wanted}: ${line}`);
      assert.equal(line?.[23], ' ', line);
    }
  });

  it('leave alone a program of their name', async () => {
    const program = join(folder, name);
    writeFileSync(program, '#!/bin/sh\nexit 7\n');
    chmodSync(program, 0o755);
    const command = [process.execPath, commandScript, '--once', 'localhost:0', name];
    await using server = await TestProcess.start('server', command, { cwd: folder });
    await server.output.match(/^Listening on port /m, 15_000);
    assert.match(server.output.text, new RegExp(`^Process ${name} created; pid = \\d+\n`));
  });

  it('show their own usage', async () => {
    const link = join(folder, 'link');
    rmSync(link, { force: true });
    symlinkSync(commandScript, link);
    for (const one of subcommands) {
      const module = await one.load();
      assert.match(module.usage, new RegExp(`^Usage: +outstep ${one.name}`));
      assert.ok(
        module.usage.split('\n').every((line) => line.length <= 100),
        one.name,
      );
      await using help = await TestProcess.start('help', [process.execPath, link, one.name, '--help']);
      help.endInput();
      assert.deepEqual(await help.waitForExit(), { kind: 'exited', code: 0 });
      await help[Symbol.asyncDispose]();
      assert.equal(help.output.text, module.usage);
    }
  });

  it('show it behind a mistake, with status 1', async () => {
    await using failed = await TestProcess.start('failed', [
      process.execPath,
      commandScript,
      name,
      '--bogus',
    ]);
    failed.endInput();
    assert.deepEqual(await failed.waitForExit(), { kind: 'exited', code: 1 });
    await failed[Symbol.asyncDispose]();
    assert.match(failed.output.text, new RegExp(`--bogus[\\s\\S]*\nUsage: +outstep ${name}`));
  });

  it('share the package with commands that all name one file', () => {
    const description: { bin: Record<string, string> } = JSON.parse(
      readFileSync(resolve(projectRoot, 'package.json'), 'utf8'),
    );
    assert.deepEqual(description.bin, {
      outstep: 'dist/outstep.cjs',
      'outstep-gdbserver': 'dist/outstep.cjs',
    });
  });
});
