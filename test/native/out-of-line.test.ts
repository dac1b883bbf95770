import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { Random } from '../support/random.js';
import { compare, compareForm, type Tally } from './out-of-line-compare.js';
import { OutOfLineHarness, setRegister } from './out-of-line-harness.js';
import { fromHex, type HarnessMachine } from './out-of-line-machine.js';
import { harnessMachines } from './out-of-line-machines.js';

const attempts = 12_000 / timeFactor;
const mostRounds = 8;
const rounds = Math.ceil(mostRounds / timeFactor);
/** So many at least of each kind. */
const commonOnes = 200 / timeFactor;

/** Where an instruction is tried: everywhere, on a slow machine in one slot after the other. */
function slotsOf({ slotAddresses }: HarnessMachine, turn: number): readonly bigint[] {
  const first = turn % slotAddresses.length;
  return timeFactor > 1 ? slotAddresses.slice(first, first + 1) : slotAddresses;
}

/** Whether it is stepped in place from wherever: there is no slot for it, and nobody may jump in its stead. */
function isRefused(
  { module, surroundings }: HarnessMachine,
  { siteAddress }: OutOfLineHarness,
  bytes: Uint8Array,
  registers: Readonly<Record<string, bigint>>,
): boolean {
  const plan = module.plan(bytes, siteAddress, surroundings);
  if (plan.kind !== 'emulate') return plan.kind === 'refuse';
  const { effect } = plan;
  const barred = 'barredTargetBits' in effect ? effect.barredTargetBits : 0n;
  return plan.slot === undefined && Object.values(registers).some((value) => (value & barred) !== 0n);
}

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
      for (let attempt = 0; attempt < attempts; attempt++) {
        compareForm(machine, harness, machine.randomInstruction(random), random, tally);
      }
      assert.deepEqual(tally.failures.slice(0, 30), []);
      for (const key of ['emulate executed', 'slot executed', 'slot faulted']) {
        assert.ok((tally.counts.get(key) ?? 0) > commonOnes, JSON.stringify([...tally.counts]));
      }
    });

    for (const [index, { name, text, registers, stack }] of machine.chosen.entries()) {
      const settings = Object.entries(registers).map(([name, value]) => ` ${name}=${value.toString(16)}`);
      const words = stack.map((word) => ` [${word.toString(16)}]`);
      it(`${name}${settings.join('')}${words.join('')}`, () => {
        const random = new Random(22);
        const tally: Tally = { counts: new Map(), failures: [] };
        // From some states an instruction is refused.
        for (let round = 0; round < rounds || (tally.counts.size === 0 && round < mostRounds); round++) {
          const state = machine.randomState(harness, random);
          for (const [name, value] of Object.entries(registers))
            setRegister(machine, state.general, name, value);
          harness.setStack(state, stack);
          for (const slot of slotsOf(machine, index + round))
            compare(machine, harness, fromHex(text), state, slot, tally);
        }
        assert.deepEqual(tally.failures, []);
        assert.equal(tally.counts.size === 0, isRefused(machine, harness, fromHex(text), registers));
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
