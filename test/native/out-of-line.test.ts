import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { randomInstruction } from '../arch/x86/decode-reference.js';
import { compileFixture } from '../support/fixture.js';
import { Random } from '../support/random.js';
import { chosen } from './out-of-line-chosen.js';
import { compare, compareForm, fromHex, type Tally } from './out-of-line-compare.js';
import { OutOfLineHarness, setRegister } from './out-of-line-harness.js';
import { codeMachines } from './out-of-line-machines.js';
import { randomState } from './out-of-line-states.js';

for (const machine of codeMachines) {
  describe(`out-of-line execution against execution in place: ${machine.name}`, () => {
    let harness: OutOfLineHarness;

    before(async () => {
      harness = new OutOfLineHarness(
        machine,
        await compileFixture('out-of-line-harness', { machine: machine.name }),
      );
    });

    after(() => harness[Symbol.dispose]());

    it('random instructions leave the same registers, memory and signals', () => {
      const random = new Random(21);
      const tally: Tally = { counts: new Map(), failures: [] };
      for (let attempt = 0; attempt < 12_000; attempt++) {
        const modRm = random.below(3) === 0 ? (random.below(8) << 3) | 5 : undefined;
        compareForm(machine, harness, randomInstruction(random, modRm), random, tally);
      }
      assert.deepEqual(tally.failures.slice(0, 30), []);
      for (const key of ['emulate executed', 'slot executed', 'slot faulted']) {
        assert.ok((tally.counts.get(key) ?? 0) > 200, JSON.stringify([...tally.counts]));
      }
    });

    for (const [text, registers, stack = []] of chosen[machine.bits]) {
      const settings = Object.entries(registers).map(([name, value]) => ` ${name}=${value.toString(16)}`);
      const words = stack.map((word) => ` [${word.toString(16)}]`);
      it(`${text}${settings.join('')}${words.join('')}`, () => {
        const random = new Random(22);
        const tally: Tally = { counts: new Map(), failures: [] };
        for (let round = 0; round < 8; round++) {
          const state = randomState(machine, harness, random);
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
      for (const text of ['e8 00 00 00 00', '50', '6a 01', 'ff d0', '9c']) {
        it(`${text} faults as in place where its stack is ${name}`, () => {
          const state = randomState(machine, harness, new Random(23));
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
