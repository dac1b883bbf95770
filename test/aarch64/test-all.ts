/**
 * `npm run test:aarch64`: the suite in a guest of its own, and debuggers of this machine on the server in it. One summary
 * in the end. Words select groups by name; `outside` and `suite` are those that run on this machine, `all` are these, the
 * short and the long groups, and `everything` the slow ones as well.
 */
import { writeSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.js';
import { hostProcess } from '../../src/base/host-process.js';
import { Guest } from './guest.js';
import { addCounts, type Counts, formatCounts, runGroup, runOutside, runSuiteFiles } from './guest-tests.js';
import { copyProject } from './project-copy.js';
import { groups, type Length } from './selection.js';
import { withServices } from './services.js';

const outside = 'outside';
const suite = 'suite';
/** Groups at a time: the guest has two processors, and a test and its server seldom work at the same time. */
const lanes = 2;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1000)} s`;
}

async function runAll(guest: Guest, words: readonly string[]): Promise<number> {
  const isWanted = (name: string, length: Length = 'short'): boolean =>
    words.includes(name) ||
    words.includes('everything') ||
    (words.includes('all') && length !== 'slow') ||
    (words.length === 0 && length === 'short');
  const results: Counts[] = [];
  const lines: string[] = [];
  const run = async (name: string, work: () => Promise<Counts>): Promise<void> => {
    const start = performance.now();
    const counts = await work();
    results.push(counts);
    lines.push(`${name}: ${formatCounts(counts)} (${seconds(start)})`);
  };
  await withServices(async (env) => {
    const waiting = groups.filter(({ name, length }) => isWanted(name, length));
    const runOneByOne = async (): Promise<void> => {
      for (;;) {
        const group = waiting.shift();
        if (group === undefined) return;
        await run(group.name, () => runGroup(guest, group, env));
      }
    };
    await Promise.all(Array.from({ length: lanes }, runOneByOne));
  });
  if (isWanted(outside)) await run(outside, () => runOutside(guest));
  if (isWanted(suite)) await run(suite, () => runSuiteFiles(guest));
  const total = addCounts(results);
  say([...lines, formatCounts(total)].join('\n'));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

try {
  const start = performance.now();
  const guest = await Guest.boot(`tests-${hostProcess.pid}`);
  const stop = (): void => guest.stop();
  hostProcess.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) hostProcess.once(signal, () => hostProcess.exit(1));
  await copyProject(guest);
  say(`booted in ${seconds(start)}`);
  hostProcess.exitCode = await runAll(guest, hostProcess.argv.slice(2));
} catch (error) {
  say(`test:aarch64: ${messageOf(error)}`);
  hostProcess.exitCode = 1;
}
