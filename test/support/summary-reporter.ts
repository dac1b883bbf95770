/** Mocha's spec report with a closing line for scripts: `N passed, N failed, N skipped`, and why tests were skipped. */
import { writeSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END } = Mocha.Runner.constants;

export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once(EVENT_RUN_END, () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      const lines = skipped.map((title) => `skipped: ${title}`);
      lines.push(`${passes} passed, ${failures} failed, ${pending} skipped`);
      writeSync(1, `${lines.join('\n')}\n`);
    });
  }
}
