/**
 * The machine that the tests run on. What tests need of it they declare themselves; suites that need another one are
 * left out, and the report says which.
 */
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { describe, it } from 'mocha';

/** Kinds of programs; `i386` are 32-bit programs on x86_64. */
export type Machine = 'x86_64' | 'i386' | 'aarch64';

const machines: Readonly<Record<string, Machine>> = { x64: 'x86_64', arm64: 'aarch64' };

function findMachine(): Machine {
  const machine = machines[arch()];
  if (machine === undefined) throw new Error(`the tests know nothing of ${arch()} machines`);
  return machine;
}

/** Of 64-bit programs. */
export const thisMachine = findMachine();

/** Kinds of programs that this machine runs. */
export const programKinds: readonly Machine[] = thisMachine === 'x86_64' ? ['x86_64', 'i386'] : [thisMachine];

/** What stands in the place of tests of another machine: the report names their suites, and counts none of them. */
export const machineOfOthers = 'of another machine';

function leaveOut(title: string): void {
  describe(title, () => {
    it(machineOfOthers);
  });
}

/** Of the first processor, as /proc/cpuinfo names what it can do. */
const cpuFeatures = /^(?:flags|Features)\s*:\s*(.*)$/m
  .exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1]
  ?.split(' ');

/** A test about what only some processors of this machine's kind have; elsewhere it is not there. */
export function itOnCpuWith(
  feature: string,
  title: string,
  body: (this: Mocha.Context) => Promise<void>,
): void {
  if (cpuFeatures?.includes(feature) === true) it(title, body);
  else leaveOut(title);
}

/** A suite about one machine: its registers, its instructions, its 32-bit programs. */
export function describeOn(machine: Machine, title: string, body: () => void): void {
  if (machine === thisMachine || (machine === 'i386' && thisMachine === 'x86_64')) describe(title, body);
  else leaveOut(title);
}

/** A single test about one machine, as `describeOn`. */
export function itOn(machine: Machine, title: string, body: (this: Mocha.Context) => Promise<void>): void {
  if (machine === thisMachine) it(title, body);
  else leaveOut(title);
}
