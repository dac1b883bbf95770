/**
 * `npm run test:aarch64`: the suite in a guest of its own, and debuggers of this machine on the server in it. One summary
 * in the end. Words select groups by name; `outside`, the group of this machine, only runs when it is named.
 */
import { writeSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.js';
import { hostProcess } from '../../src/base/host-process.js';
import { Guest } from './guest.js';
import { addCounts, type Counts, formatCounts, runGroup, runOutside } from './guest-tests.js';
import { groups } from './selection.js';
import { withServices } from './services.js';

const outside = 'outside';

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1000)} s`;
}

async function runAll(guest: Guest, words: readonly string[]): Promise<number> {
  const isWanted = (name: string): boolean => words.length === 0 || words.includes(name);
  const results: Counts[] = [];
  const lines: string[] = [];
  const run = async (name: string, work: () => Promise<Counts>): Promise<void> => {
    const start = performance.now();
    const counts = await work();
    results.push(counts);
    lines.push(`${name}: ${formatCounts(counts)} (${seconds(start)})`);
  };
  await withServices(async (env) => {
    for (const group of groups.filter(({ name }) => isWanted(name)))
      await run(group.name, () => runGroup(guest, group, env));
  });
  if (words.includes(outside)) await run(outside, () => runOutside(guest));
  const total = addCounts(results);
  say([...lines, formatCounts(total)].join('\n'));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

try {
  const start = performance.now();
  const guest = await Guest.boot(`tests-${hostProcess.pid}`);
  say(`booted in ${seconds(start)}`);
  const stop = (): void => guest.stop();
  hostProcess.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) hostProcess.once(signal, () => hostProcess.exit(1));
  hostProcess.exitCode = await runAll(guest, hostProcess.argv.slice(2));
} catch (error) {
  say(`test:aarch64: ${messageOf(error)}`);
  hostProcess.exitCode = 1;
}
