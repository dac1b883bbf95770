/** Mocha's spec report with a closing line for scripts: `N passed, N failed, N skipped`, what was skipped or is of another machine. */
import { writeSync } from 'node:fs';
import Mocha from 'mocha';
import { leftOutSuites } from './machine.js';

const { EVENT_RUN_END } = Mocha.Runner.constants;

export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const lines = [
        ...skipped.map((title) => `skipped: ${title}`),
        ...leftOutSuites().map((title) => `of another machine: ${title}`),
      ];
      lines.push(`${passes} passed, ${failures} failed, ${pending} skipped`);
      writeSync(1, `${lines.join('\n')}\n`);
    });
  }
}
