/** Runs an instruction in place and past a site, and tells what differs. */
import { isDeepStrictEqual } from 'node:util';
import { Mnemonic } from 'iced-x86';
import type { Plan } from '../../arch/plan.js';
import { decode } from '../../arch/x86/decode.js';
import { ReferenceDecoder } from '../arch/x86/decode-reference.js';
import type { Random } from '../support/random.js';
import {
  type Outcome,
  type OutOfLineHarness,
  registerOf,
  type State,
  setRegister,
} from './out-of-line-harness.js';
import type { CodeMachine } from './out-of-line-machines.js';
import { aim, randomState } from './out-of-line-states.js';

const reference = new ReferenceDecoder();

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

/** Results that differ from run to run, waits, system calls, hypercalls; and x87 stores of the instruction's address. */
const excluded = new RegExp(
  [
    '^(Rdtscp?|Rdrand|Rdseed|Rdpmc|Rdpru|Rdpid|Cpuid|Xgetbv|Lsl|Mwaitx?|Umwait|Tpause|Getsec|Syscall|Sysenter|Vm.*)$',
    '^(S[gil]dt|Smsw|Str|Fn?stenv|Fn?save|Fxsave.*|Xsave.*)$',
  ].join('|'),
);

function isComparable(
  { bits }: CodeMachine,
  siteAddress: bigint,
  bytes: Uint8Array,
  made: Plan,
  random: Random,
): boolean {
  if (made.kind === 'refuse') return false;
  const isKernelCall = made.kind === 'slot' && bytes.at(-2) === 0xcd && bytes.at(-1) === 0x80;
  const target = made.kind === 'emulate' && 'target' in made.effect ? made.effect.target - siteAddress : -1n;
  const isEndless = target >= 0n && target < bytes.length;
  if (isKernelCall || isEndless) return false;
  const mnemonic = reference.decode(bytes, siteAddress, bits)?.instruction.mnemonic ?? Mnemonic.INVALID;
  // Of those that always fault a few are enough.
  if (mnemonic === Mnemonic.INVALID && random.below(10) > 0) return false;
  return !excluded.test(Mnemonic[mnemonic]);
}

function differences(expected: Outcome, actual: Outcome): string[] {
  const texts = expected.stop === actual.stop ? [] : [`${actual.stop} instead of ${expected.stop}`];
  for (const part of ['general', 'xstate', 'data'] as const) {
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

const pcBehindTrap = /^signal 5 code 128 /;

/** int3, int 3: their own trap is no other one's. */
function raisesTrap(bytes: Uint8Array): boolean {
  return bytes.at(-1) === 0xcc || (bytes.at(-2) === 0xcd && bytes.at(-1) === 3);
}

/** The state before the trap that ended a run: after one step. Undefined: the run ended otherwise. */
function beforeTrap(machine: CodeMachine, bytes: Uint8Array, outcome: Outcome): Outcome | undefined {
  if (!pcBehindTrap.test(outcome.stop) || raisesTrap(bytes)) return undefined;
  const before = outcome.general.slice();
  setRegister(machine, before, machine.pc, registerOf(machine, before, machine.pc) - 1n);
  return { ...outcome, general: before, stop: 'step' };
}

export function compare(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  state: State,
  slot: bigint,
  tally: Tally,
): void {
  const made = machine.module.plan(bytes, harness.siteAddress);
  const actual = harness.runPastSite(bytes, made, slot, state, 'continue');
  if (actual === undefined) return;
  const expected = harness.runInPlace(bytes, state);
  const stepped = beforeTrap(machine, bytes, expected);
  const key = `${made.kind} ${stepped ? 'executed' : 'faulted'}`;
  tally.counts.set(key, (tally.counts.get(key) ?? 0) + 1);
  const found = differences(expected, actual);
  // A step of a repeated string instruction is one iteration.
  if (stepped !== undefined && decode(bytes, machine.bits)?.prefixes.repeat === undefined) {
    const actualStep = harness.runPastSite(bytes, made, slot, state, 'step');
    // A step over a system call stops inside the kernel, which shows the call's number there.
    if (actualStep) setRegister(machine, actualStep.general, machine.systemCall, -1n);
    const stepDifferences = actualStep ? differences(stepped, actualStep) : ['was refused'];
    found.push(...stepDifferences.map((text) => `after a step: ${text}`));
  }
  if (found.length > 0) tally.failures.push(`${hex(bytes)} (slot ${slot.toString(16)}): ${found.join('; ')}`);
}

/** Compares one form from a random state in a random slot; `bytes` may be longer than the instruction. */
export function compareForm(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  random: Random,
  tally: Tally,
): void {
  const instruction = decode(bytes, machine.bits);
  if (instruction === undefined) return;
  const exact = bytes.slice(0, instruction.lengthBytes);
  aim(machine, harness, exact, instruction, random);
  const made = machine.module.plan(exact, harness.siteAddress);
  if (!isComparable(machine, harness.siteAddress, exact, made, random)) return;
  compare(
    machine,
    harness,
    exact,
    randomState(machine, harness, random),
    random.pick(machine.slotAddresses),
    tally,
  );
}
