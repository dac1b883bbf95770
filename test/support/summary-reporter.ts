/**
 * Mocha's spec report with what scripts and people look for at its end: which suites took longest, what was skipped or is
 * of another machine, and a closing line, `N passed, N failed, N skipped`.
 */
import { writeSync } from 'node:fs';
import Mocha from 'mocha';
import { leftOutSuites } from './machine.js';

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END } = Mocha.Runner.constants;
const slowestShown = 25;

export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    const startsMs = new Map<Mocha.Suite, number>();
    const spans: { readonly title: string; readonly ms: number }[] = [];
    runner.on(EVENT_SUITE_BEGIN, (suite) => startsMs.set(suite, performance.now()));
    runner.on(EVENT_SUITE_END, (suite) => {
      const startMs = startsMs.get(suite);
      if (startMs === undefined || suite.parent?.root !== true) return;
      spans.push({ title: suite.title, ms: performance.now() - startMs });
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const slowest = spans.sort((one, other) => other.ms - one.ms).slice(0, slowestShown);
      const lines = [
        ...slowest.map(({ title, ms }) => `${(ms / 1000).toFixed(1)} s: ${title}`),
        ...skipped.map((title) => `skipped: ${title}`),
        ...leftOutSuites().map((title) => `of another machine: ${title}`),
      ];
      lines.push(`${passes} passed, ${failures} failed, ${pending} skipped`);
      writeSync(1, `${lines.join('\n')}\n`);
    });
  }
}
