/**
 * Plans for stepping past a breakpoint site out of line. A plan is made once, when the site is inserted, from the
 * original bytes and the address; at a hit nothing is decoded. Plans are data: the same native code carries them out
 * for every architecture. Registers are named by their byte offset in the general regset (NT_PRSTATUS).
 */

import type { Effect, Fixup } from '../src/base/effect.js';

export type { Effect, Fixup, FlagCondition, MemoryOperand } from '../src/base/effect.js';

/**
 * A part of a slot's code that stands for another place than the rest: from `offset` to the next such part a thread is,
 * for everybody who looks, at `address`.
 */
export interface SlotPart {
  readonly offset: number;
  readonly address: bigint;
}

/**
 * What stands in a slot: the instruction, whatever repairs its results, and a jump to the instruction behind the site. A
 * thread in its first part stands at the site, one behind that at the next instruction.
 */
export interface SlotCode {
  readonly bytes: Uint8Array;
  /** Length of the first part, the relocated instruction. */
  readonly instructionBytes: number;
  /** Where threads enter. */
  readonly entryOffset: number;
  /** By ascending offset. */
  readonly parts: readonly SlotPart[];
}

/** How an instruction is executed in a slot. */
export interface SlotForm {
  /** The code at address `slot`; `undefined` when something cannot be reached from there. */
  readonly codeAt: (slot: bigint) => SlotCode | undefined;
  /**
   * Repairs after a step in the slot. Only `return-address` and `link` are needed also where the thread runs through the
   * slot.
   */
  readonly fixups: readonly Fixup[];
  /** While any of these bits is 1 in the word at the stack pointer (its first two bytes), the slot cannot be used. */
  readonly barredStackBits: bigint;
  /** It may block, and where a signal interrupts it the kernel may go back to the site to make it again. */
  readonly makesSystemCall: boolean;
}

interface Executable {
  readonly lengthBytes: number;
  /**
   * The address that a pc-relative memory operand names, so that a slot within reach of it can be chosen. The operand
   * may hold the bytes of a breakpoint, which the instruction must not see: then the plan cannot be used.
   */
  readonly operandAddress: bigint | undefined;
  /** How far from there it may reach. */
  readonly operandBytes: number;
  /**
   * A thread that was reached by a branch of one of these types (a set of bits, by what `general.branchTargetFlags` leaves of
   * the flags) would fault here.
   */
  readonly barredBranchTypes: number;
  /** The instructions that a thread must run through without a stop, when this is one of them. */
  readonly sequence: Sequence | undefined;
}

/** Instructions that make no headway when a thread stops between them. */
export interface Sequence {
  readonly start: bigint;
  readonly end: bigint;
}

/** What a plan depends on besides the instruction and what is behind it. */
export interface Surroundings {
  /** The text right in front of the instruction. */
  readonly before: Uint8Array;
  /** Indirect branches into this memory are checked. */
  readonly isGuarded: boolean;
}

export type Plan =
  /** `slot`: for threads in whose stead the effect cannot be carried out; undefined: these are stepped in place. */
  | (Executable & { readonly kind: 'emulate'; readonly effect: Effect; readonly slot: SlotForm | undefined })
  | (Executable & { readonly kind: 'slot'; readonly slot: SlotForm })
  /** Must be stepped in place with every other thread held. */
  | { readonly kind: 'refuse'; readonly reason: string };
