/** Runs tests in the guest, or on it, and reads their summary; a guest that dies or falls silent is a failure, shown by its console. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { hostProcess } from '../../src/base/host-process.js';
import { projectRoot } from '../support/project-paths.js';
import type { Guest } from './guest.js';
import { outsideFiles, suiteFiles, type TestGroup } from './selection.js';
import { timeFactor } from './services.js';

/** No test is silent for longer, however slow the machine. */
const silenceLimitMs = 600_000;

/** The last of its kind: mocha's, or that of gdb's suite. */
const summaryLine = /^(?:Files of the suite: )?(\d+) passed, (\d+) failed, (\d+) (?:skipped|known to fail)$/m;

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum = (field: keyof Counts): number => all.reduce((total, counts) => total + counts[field], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const mocha: readonly string[] = [
  ...['node_modules/mocha/bin/mocha.js', '--no-config', '--exit', '--no-color'],
  ...['--require', './dist/test/support/time-limits.js'],
  ...['--reporter', './dist/test/support/summary-reporter.js'],
];

/** Its lines are printed behind its name: others run meanwhile. @param env what the tests are told of their surroundings */
export function runGroup(
  guest: Guest,
  { name, files }: TestGroup,
  env: Readonly<Record<string, string>>,
): Promise<Counts> {
  return runTests(guest, guest.shellCommand(['node', ...mocha, ...files], { env }), { title: name });
}

/** Debuggers of this machine, on the server in the guest. */
export function runOutside(guest: Guest): Promise<Counts> {
  const env = { ...hostProcess.env, OUTSTEP_GUEST: guest.name, OUTSTEP_TEST_TIME_FACTOR: `${timeFactor}` };
  return runTests(guest, [hostProcess.execPath, ...mocha, ...outsideFiles], { title: 'outside', env });
}

/** A few files of gdb's own suite, against the server in the guest. */
export function runSuiteFiles(guest: Guest): Promise<Counts> {
  const runner = 'dist/test/conformance/main.js';
  const options = ['--machine', 'aarch64', '--board', 'aarch64-extended-gdbserver', '--confirm'];
  const env = { ...hostProcess.env, OUTSTEP_GUEST: guest.name };
  return runTests(guest, [hostProcess.execPath, runner, ...options, ...suiteFiles], { title: 'suite', env });
}

interface RunOptions {
  /** What its lines begin with. */
  readonly title: string;
  readonly env?: NodeJS.ProcessEnv;
}

async function runTests(
  guest: Guest,
  [program = '', ...args]: readonly string[],
  { title, env = hostProcess.env }: RunOptions,
): Promise<Counts> {
  const say = (line: string): void => void writeSync(1, `${title}: ${line}\n`);
  const child = spawn(program, args, { env, cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let shownUpTo = 0;
  const showLines = (): void => {
    const end = printed.lastIndexOf('\n');
    if (end < shownUpTo) return;
    for (const line of printed.slice(shownUpTo, end).split('\n')) say(line);
    shownUpTo = end + 1;
  };
  const giveUp = (): void => {
    say(`Nothing was heard for ${silenceLimitMs / 1000} seconds.`);
    child.kill('SIGKILL');
  };
  let silence = setTimeout(giveUp, silenceLimitMs);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
      showLines();
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceLimitMs);
    });
  }
  const [code] = await once(child, 'close');
  clearTimeout(silence);
  const [, passed, failed, skipped] = (summaryLine.exec(printed) ?? []).map(Number);
  if (passed !== undefined && failed !== undefined && skipped !== undefined)
    return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
  say(
    `The tests did not run to their end; the guest ${guest.isRunning ? 'runs' : 'has ended'}. Its console:\n${guest.consoleTail()}`,
  );
  return { passed: 0, failed: 1, skipped: 0 };
}
