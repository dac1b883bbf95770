/** A subcommand as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { bounded } from '../support/bounded.js';
import { commandScript } from '../support/project-paths.js';

export const commandLine: readonly string[] = [process.execPath, commandScript];

export interface Outcome {
  readonly output: string;
  readonly errors: string;
  readonly status: number;
}

/** Runs it to its end. */
export async function runCommand(
  words: readonly string[],
  options: { readonly cwd?: string; readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Outcome> {
  const [node = '', ...script] = commandLine;
  const child = spawn(node, [...script, ...words], { cwd: options.cwd, stdio: 'pipe' });
  child.stdin.end(options.input ?? '');
  const all = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  const [[status], output, errors] = await bounded(
    all,
    options.timeoutMs ?? 30_000,
    () => `end of outstep ${words.join(' ')}`,
  ).finally(() => child.kill('SIGKILL'));
  return { output, errors, status: Number(status ?? -1) };
}
