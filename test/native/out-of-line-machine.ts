/** What differs between machines when single instructions are run from given states. */
import type { ArchModule } from '../../arch/module.js';
import type { Surroundings } from '../../arch/plan.js';
import type { Machine } from '../support/fixture.js';
import type { Random } from '../support/random.js';
import type { OutOfLineHarness, State } from './out-of-line-harness.js';

/** An instruction that is hard to carry out elsewhere, with the registers that decide. */
export interface Chosen {
  readonly name: string;
  /** Its bytes. */
  readonly text: string;
  readonly registers: Readonly<Record<string, bigint>>;
  /** Words at the stack pointer, as wide as a register. */
  readonly stack: readonly bigint[];
}

export interface HarnessMachine {
  readonly name: string;
  /** What the fixture is compiled for. */
  readonly fixture: Machine;
  readonly module: ArchModule;
  readonly codeAddress: bigint;
  /** PROT_* of the code, <sys/mman.h>. */
  readonly codeProtection: number;
  /** In reach of the code, at both ends of what a displacement spans, and out of reach. */
  readonly slotAddresses: readonly [bigint, ...bigint[]];
  /** Byte offsets in the general regset. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly pc: string;
  readonly sp: string;
  /** The regset that has the vectors. */
  vectors(): { readonly noteType: number; readonly sizeBytes: number };
  readonly surroundings: Surroundings;
  /** si_code of a breakpoint instruction's trap. */
  readonly trapCode: number;
  /** Makes a state that was read one to start from. */
  begin(general: Uint8Array): void;
  /** Takes out what is no part of what an instruction does. */
  settle(general: Uint8Array, vectors: Uint8Array): void;
  /** As `settle`, after a step: what the kernel shows only then. */
  settleStep(general: Uint8Array): void;
  /** Makes equal what an instruction may leave one way or another wherever it is. */
  settleChance(bytes: Uint8Array, general: Uint8Array): void;
  randomState(harness: OutOfLineHarness, random: Random): State;
  /** Whether a breakpoint instruction of the program's own. */
  raisesTrap(bytes: Uint8Array): boolean;
  /** Whether a step may be less than the whole instruction. */
  isRepeated(bytes: Uint8Array): boolean;
  /** An instruction whose outcome is the same each time, and which ends; undefined: `bytes` is none. */
  comparable(harness: OutOfLineHarness, bytes: Uint8Array, random: Random): Uint8Array | undefined;
  randomInstruction(random: Random): Uint8Array;
  /** `rounds` times each opcode with each kind of operand. */
  everyForm(random: Random, rounds: number): Iterable<Uint8Array>;
  /** So many forms are compared in a round at least. */
  readonly formsPerRound: number;
  readonly chosen: readonly Chosen[];
  /** Instructions that use the stack, whatever it is. */
  readonly stackUsers: readonly string[];
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}
