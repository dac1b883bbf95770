/** Every opcode that the CPU has, out of line and in place. OUTSTEP_SWEEP_ROUNDS=100 takes about an hour. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'mocha';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { Random } from '../support/random.js';
import { compareForm, type Tally } from './out-of-line-compare.js';
import { OutOfLineHarness } from './out-of-line-harness.js';
import { harnessMachines } from './out-of-line-machines.js';

/** A slow machine makes a part of one. */
const rounds = Number(process.env.OUTSTEP_SWEEP_ROUNDS ?? 1 / timeFactor);
const minutePerRound = 60_000;

for (const machine of harnessMachines()) {
  describe(`every opcode of ${machine.name}`, () => {
    it('leaves the same registers, memory and signals with every kind of operand', async function () {
      this.timeout((rounds + 1) * minutePerRound);
      const program = await compileFixture('out-of-line-harness', { machine: machine.fixture });
      using harness = new OutOfLineHarness(machine, program);
      const random = new Random(Number(process.env.OUTSTEP_SWEEP_SEED ?? 24));
      const tally: Tally = { counts: new Map(), failures: [] };
      for (const bytes of machine.everyForm(random, rounds))
        compareForm(machine, harness, bytes, random, tally);
      assert.deepEqual(tally.failures.slice(0, 30), []);
      const compared = [...tally.counts.values()].reduce((sum, count) => sum + count, 0);
      assert.ok(compared > machine.formsPerRound * rounds, JSON.stringify([...tally.counts]));
    });
  });
}
