/** An instruction at a breakpoint that a signal interrupts, and that goes on when the handler returns, is hit once. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { kernelSignal } from '../../src/base/ids.js';
import type { Machine } from '../support/fixture.js';
import { continueAll, launchFixture } from './traced-program.js';

const segv = kernelSignal(11);
const alarm = kernelSignal(14);
const virtualAlarm = kernelSignal(26);

interface Row {
  readonly mode: string;
  readonly symbol: string;
  readonly hitsEach: number;
}

const rows: readonly Row[] = [
  { mode: 'repaired', symbol: 'at_load', hitsEach: 1 },
  { mode: 'skipped', symbol: 'at_load', hitsEach: 1 },
  { mode: 'left', symbol: 'at_load', hitsEach: 1 },
  { mode: 'nested', symbol: 'at_load', hitsEach: 2 },
  { mode: 'restarted', symbol: 'at_read', hitsEach: 1 },
  { mode: 'string', symbol: 'at_copy', hitsEach: 1 },
];
const machines: readonly Machine[] = ['x86_64', 'i386'];

for (const machine of machines) {
  for (const passes of [true, false]) {
    describe(`${machine}: an interrupted instruction, its signals ${passes ? 'passed' : 'told of'}`, () => {
      for (const { mode, symbol, hitsEach } of rows) {
        it(`${mode}: ${hitsEach} of it for each execution`, async () => {
          const count = 12;
          await using program = await launchFixture('interrupted-instructions', [mode, String(count)], {
            machine,
            flags: ['-O1'],
          });
          const { attachment, engine } = program;
          if (passes) attachment.setPassSignals(new Set([segv, alarm, virtualAlarm]));
          attachment.insertBreakpoint(program.symbol(symbol));
          continueAll(attachment);
          assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
          assert.equal(engine.count('breakpoint'), count * hitsEach);
          assert.equal(engine.count('program-trap'), 0);
          assert.equal(engine.count('signal') === 0, passes);
        });
      }
    });
  }
}
