import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { Random } from '../support/random.js';
import { compare, compareForm, type Tally } from './out-of-line-compare.js';
import { OutOfLineHarness, setRegister } from './out-of-line-harness.js';
import { fromHex } from './out-of-line-machine.js';
import { harnessMachines } from './out-of-line-machines.js';

for (const machine of harnessMachines()) {
  describe(`out-of-line execution against execution in place: ${machine.name}`, () => {
    let harness: OutOfLineHarness;

    before(async () => {
      harness = new OutOfLineHarness(
        machine,
        await compileFixture('out-of-line-harness', { machine: machine.fixture }),
      );
    });

    after(() => harness[Symbol.dispose]());

    it('random instructions leave the same registers, memory and signals', () => {
      const random = new Random(21);
      const tally: Tally = { counts: new Map(), failures: [] };
      for (let attempt = 0; attempt < 12_000; attempt++) {
        compareForm(machine, harness, machine.randomInstruction(random), random, tally);
      }
      assert.deepEqual(tally.failures.slice(0, 30), []);
      for (const key of ['emulate executed', 'slot executed', 'slot faulted']) {
        assert.ok((tally.counts.get(key) ?? 0) > 200, JSON.stringify([...tally.counts]));
      }
    });

    for (const { name, text, registers, stack } of machine.chosen) {
      const settings = Object.entries(registers).map(([name, value]) => ` ${name}=${value.toString(16)}`);
      const words = stack.map((word) => ` [${word.toString(16)}]`);
      it(`${name}${settings.join('')}${words.join('')}`, () => {
        const random = new Random(22);
        const tally: Tally = { counts: new Map(), failures: [] };
        for (let round = 0; round < 8; round++) {
          const state = machine.randomState(harness, random);
          for (const [name, value] of Object.entries(registers))
            setRegister(machine, state.general, name, value);
          harness.setStack(state, stack);
          for (const slot of machine.slotAddresses)
            compare(machine, harness, fromHex(text), state, slot, tally);
        }
        assert.deepEqual(tally.failures, []);
        assert.notEqual(tally.counts.size, 0);
      });
    }

    /** The stack pointer far from any stack, and in memory that programs cannot write but tracers can. */
    const stacks = [
      ['unmapped', 0x1000n],
      ['read-only', machine.codeAddress + 0xc00n],
      ['at the lowest address', 0n],
    ] as const;
    for (const [name, sp] of stacks) {
      for (const text of machine.stackUsers) {
        it(`${text} faults as in place where its stack is ${name}`, () => {
          const state = machine.randomState(harness, new Random(23));
          setRegister(machine, state.general, machine.sp, sp);
          const tally: Tally = { counts: new Map(), failures: [] };
          for (const slot of machine.slotAddresses)
            compare(machine, harness, fromHex(text), state, slot, tally);
          assert.deepEqual(tally.failures, []);
          assert.notEqual(tally.counts.size, 0);
        });
      }
    }
  });
}
