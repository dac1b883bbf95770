/** Runs an instruction in place and past a site, and tells what differs. */
import { isDeepStrictEqual } from 'node:util';
import { numberOf } from '../../src/base/byte-order.js';
import type { Random } from '../support/random.js';
import {
  type Outcome,
  type OutOfLineHarness,
  registerOf,
  type State,
  setRegister,
} from './out-of-line-harness.js';
import { type HarnessMachine, hex } from './out-of-line-machine.js';

function differences(expected: Outcome, actual: Outcome): string[] {
  const texts = expected.stop === actual.stop ? [] : [`${actual.stop} instead of ${expected.stop}`];
  for (const part of ['general', 'vectors', 'data'] as const) {
    if (isDeepStrictEqual(expected[part], actual[part])) continue;
    const offset = expected[part].findIndex((byte, index) => byte !== actual[part][index]);
    const words = [actual, expected].map((outcome) =>
      hex(outcome[part].subarray(offset & ~7, (offset & ~7) + 8)),
    );
    texts.push(`${part} differs at ${offset}: ${words.join(' instead of ')}`);
  }
  return texts;
}

export interface Tally {
  /** How many instructions were compared, by the way they were carried out and whether they faulted. */
  readonly counts: Map<string, number>;
  readonly failures: string[];
}

/** The state before the trap that ended a run: after one step. Undefined: the run ended otherwise. */
function beforeTrap(machine: HarnessMachine, bytes: Uint8Array, outcome: Outcome): Outcome | undefined {
  const isTrap = outcome.stop.startsWith(`signal 5 code ${machine.trapCode} `);
  if (!isTrap || machine.raisesTrap(bytes)) return undefined;
  const before = outcome.general.slice();
  const trapBytes = BigInt(machine.module.breakpoint.pcOffset);
  setRegister(machine, before, machine.pc, registerOf(machine, before, machine.pc) - trapBytes);
  return { ...outcome, general: before, stop: 'step' };
}

/**
 * Some CPUs store the return address of a call before they find that its target is none: below the stack pointer, which
 * stays where it was. What the slot has left there is as good as what the site would have.
 */
function settleFailedPush(
  machine: HarnessMachine,
  harness: OutOfLineHarness,
  lengthBytes: number,
  slot: bigint,
  expected: Outcome,
  actual: Outcome,
): void {
  const { general } = machine.module;
  if (general.linkOffset !== undefined) return;
  const width = general.registerBytes;
  const sp = numberOf(expected.general.subarray(general.spOffset, general.spOffset + width));
  const at = Number(sp - harness.dataAddress) - width;
  if (at < 0 || at + width > expected.data.length) return;
  const inPlace = expected.data.subarray(at, at + width);
  const inSlot = actual.data.subarray(at, at + width);
  const isPush =
    numberOf(inPlace) === harness.siteAddress + BigInt(lengthBytes) &&
    numberOf(inSlot) === slot + BigInt(lengthBytes);
  if (isPush) inSlot.set(inPlace);
}

export function compare(
  machine: HarnessMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  state: State,
  slot: bigint,
  tally: Tally,
): void {
  const made = machine.module.plan(bytes, harness.siteAddress, machine.surroundings);
  const actual = harness.runPastSite(bytes, made, slot, state, 'continue');
  if (actual === undefined) return;
  const expected = harness.runInPlace(bytes, state);
  for (const outcome of [actual, expected]) machine.settleChance(bytes, outcome.general);
  const stepped = beforeTrap(machine, bytes, expected);
  const key = `${made.kind} ${stepped ? 'executed' : 'faulted'}`;
  tally.counts.set(key, (tally.counts.get(key) ?? 0) + 1);
  if (stepped === undefined) settleFailedPush(machine, harness, bytes.length, slot, expected, actual);
  const found = differences(expected, actual);
  if (stepped !== undefined && !machine.isRepeated(bytes)) {
    const actualStep = harness.runPastSite(bytes, made, slot, state, 'step');
    if (actualStep) machine.settleStep(actualStep.general);
    const stepDifferences = actualStep ? differences(stepped, actualStep) : ['was refused'];
    found.push(...stepDifferences.map((text) => `after a step: ${text}`));
  }
  if (found.length > 0) tally.failures.push(`${hex(bytes)} (slot ${slot.toString(16)}): ${found.join('; ')}`);
}

/** Compares one form from a random state in a random slot; `bytes` may be longer than the instruction. */
export function compareForm(
  machine: HarnessMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  random: Random,
  tally: Tally,
): void {
  const exact = machine.comparable(harness, bytes, random);
  if (exact === undefined) return;
  const state = machine.randomState(harness, random);
  compare(machine, harness, exact, state, random.pick(machine.slotAddresses), tally);
}
