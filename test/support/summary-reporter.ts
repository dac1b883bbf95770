/**
 * Mocha's spec report with what scripts and people look for at its end: which files took longest, what was skipped or is
 * of another machine, and a closing line, `N passed, N failed, N skipped`. It works with `--parallel`, too.
 */
import { writeSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import Mocha from 'mocha';
import { machineOfOthers } from './machine.js';
import { projectRoot } from './project-paths.js';

const { EVENT_RUN_END, EVENT_TEST_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;
const slowestShown = 25;
const testFolder = resolve(projectRoot, 'dist/test');

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    const leftOut: string[] = [];
    const spentMs = new Map<string, number>();
    runner.on(EVENT_TEST_PENDING, (test) => {
      if (test.title === machineOfOthers) leftOut.push(test.titlePath().slice(0, -1).join(' '));
      else skipped.push(test.fullTitle());
    });
    runner.on(EVENT_TEST_END, ({ file, duration = 0 }) => {
      if (file !== undefined) spentMs.set(file, (spentMs.get(file) ?? 0) + duration);
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      const slowest = [...spentMs].sort(([, one], [, other]) => other - one).slice(0, slowestShown);
      const lines = [
        ...slowest.map(([file, ms]) => `${secondsText(ms)}: ${relative(testFolder, file)}`),
        ...skipped.map((title) => `skipped: ${title}`),
        ...leftOut.map((title) => `of another machine: ${title}`),
      ];
      lines.push(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
      writeSync(1, `${lines.join('\n')}\n`);
    });
  }
}
