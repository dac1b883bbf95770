/**
 * Drives stock lldb in its batch mode: one command after the other, each of which returns at the stop that it leads to.
 * A command that fails ends the run.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestProcess } from './test-process.js';

/** Which lldb, and what it needs around it. */
export interface LldbProgram {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const newestLldb: LldbProgram = { command: ['lldb-19'] };

const runTimeoutMs = 60_000;

/** A run that is under way. */
export class LldbRun implements AsyncDisposable {
  readonly process: TestProcess;
  readonly #folder: string;
  readonly #commands: readonly string[];

  private constructor(process: TestProcess, folder: string, commands: readonly string[]) {
    this.process = process;
    this.#folder = folder;
    this.#commands = commands;
  }

  static async start(
    commands: readonly string[],
    { command, env = {} }: LldbProgram = newestLldb,
  ): Promise<LldbRun> {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-lldb-'));
    const script = join(folder, 'commands');
    const settings = ['settings set use-color false', 'settings set symbols.enable-external-lookup false'];
    await writeFile(script, [...settings, ...commands, 'quit'].map((line) => `${line}\n`).join(''));
    const process = await TestProcess.start('lldb', [...command, '-x', '-b', '-s', script], {
      env: { ...env, HOME: folder },
    });
    return new LldbRun(process, folder, commands);
  }

  /** What each command has printed, in order; every one was carried out. */
  async outputs(): Promise<readonly string[]> {
    await this.process.waitForEnd(runTimeoutMs);
    const text = this.process.output.text;
    const parts = this.#split(text);
    assert.equal(parts.length, this.#commands.length, `a command failed:\n${text}`);
    return parts;
  }

  /** lldb shows each command behind its prompt. */
  #split(text: string): readonly string[] {
    const parts: string[] = [];
    let at = 0;
    for (const command of this.#commands) {
      const shown = `(lldb) ${command}\n`;
      const start = text.indexOf(shown, at);
      if (start < 0) break;
      if (parts.length > 0) parts[parts.length - 1] = text.slice(at, start);
      at = start + shown.length;
      parts.push('');
    }
    if (parts.length > 0) parts[parts.length - 1] = text.slice(at);
    // The next prompt shows that the last one did not fail.
    return text.slice(at).includes('(lldb) quit') ? parts : parts.slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A whole run: what each command has printed. */
export async function runLldb(
  commands: readonly string[],
  program?: LldbProgram,
): Promise<readonly string[]> {
  await using run = await LldbRun.start(commands, program);
  return await run.outputs();
}
