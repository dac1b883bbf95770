/** Breakpoints and watchpoints as native code takes them: plans, slots, and the programs that decide hits. */
import type { Effect, Fixup } from '../base/effect.js';

/** A slot in the program's memory: the relocated instruction of a site, whatever repairs its results, and a jump back. */
export interface NativeSlot {
  readonly address: bigint;
  /** Of all that is in it. */
  readonly lengthBytes: number;
  /** Bytes of the relocated instruction alone. */
  readonly instructionBytes: number;
  /** Where threads enter. */
  readonly entryOffset: number;
  /** Parts that stand for other places than the site and the next instruction; see SlotPart of arch/plan.ts. */
  readonly parts: readonly { readonly offset: number; readonly address: bigint }[];
  readonly fixups: readonly Fixup[];
  readonly barredStackBits: bigint;
  readonly makesSystemCall: boolean;
}

/** A site's plan in the form native code carries out; see arch/plan.ts. Offsets are into the general regset. */
export interface NativePlan {
  readonly kind: 'emulate' | 'slot' | 'refuse';
  readonly lengthBytes: number;
  readonly effect?: Effect;
  readonly slot?: NativeSlot;
  /** Set of bits: by which kinds of branch (`branchTargetFlags` of the flags) it must not be reached. 0: any will do. */
  readonly barredBranchTypes?: number;
  /** A thread must not stop behind it, nor be stepped over it; see Sequence of arch/plan.ts. */
  readonly isInSequence?: boolean;
  /** The program's bytes where the trap is. */
  readonly original: Uint8Array;
  /**
   * The whole instruction, where the program may change it behind the trap: the plan refuses when it is no longer so.
   */
  readonly checkedText?: Uint8Array;
  /** The whole instruction; left out where its length is not known. */
  readonly text?: Uint8Array;
}

/** What the owners of a breakpoint want evaluated when it is hit, as agent expressions. */
export interface NativeBreakpointPrograms {
  readonly owners: readonly {
    readonly owner: number;
    /** The hit is the owner's when there is none, or one is true or fails. */
    readonly conditions: readonly Uint8Array[];
    /** Evaluated when the hit is the owner's, who then does not hear of it. */
    readonly commands: readonly Uint8Array[];
  }[];
}

export interface NativeHardwarePrograms extends NativeBreakpointPrograms {
  readonly address: bigint;
  /** What a hit sets in the debug status. */
  readonly statusBits: bigint;
}

/** What a hardware breakpoint or watchpoint covers. */
export interface NativeHardwareRange {
  readonly address: bigint;
  readonly lengthBytes: number;
  readonly isExecuted: boolean;
  /** What a hit sets in the debug status. */
  readonly statusBits: bigint;
}

/** A write watchpoint of which only changes are to be told. */
export interface NativeWatchedValue {
  readonly address: bigint;
  readonly lengthBytes: number;
  /** What a hit sets in the debug status. */
  readonly statusBits: bigint;
}

/** What a trace operation of an agent expression asked to be recorded. */
export type RecordedSubject =
  | { readonly kind: 'memory'; readonly address: bigint; readonly lengthBytes: number }
  /** A trace state variable. */
  | { readonly kind: 'variable'; readonly number: number };

/** How the evaluation of an agent expression ended. */
export interface EvaluationOutcome {
  /** Why it failed. */
  readonly error?: string;
  /** Top of the stack at the end; left out when it was empty. */
  readonly value?: bigint;
  readonly recorded: readonly RecordedSubject[];
  /** What it printed. */
  readonly text: Uint8Array;
}
