/**
 * Plans for stepping past a breakpoint site out of line. A plan is made once, when the site is inserted, from the
 * original bytes and the address; at a hit nothing is decoded. Plans are data: the same native code carries them out
 * for every architecture. Registers are named by their byte offset in the general regset (NT_PRSTATUS).
 */

import type { Effect, Fixup } from '../src/base/effect.js';

export type { Effect, Fixup, FlagCondition } from '../src/base/effect.js';

export type Plan =
  | { readonly kind: 'emulate'; readonly lengthBytes: number; readonly effect: Effect }
  | {
      readonly kind: 'slot';
      readonly lengthBytes: number;
      /**
       * The instruction as it must stand at `slot` to have the same effect: displacements relative to the pc are
       * rewritten. `undefined` when a displacement cannot reach from there.
       */
      readonly relocate: (slot: bigint) => Uint8Array | undefined;
      /**
       * The address that a pc-relative operand names, so that a slot within reach of it can be chosen. The operand may
       * hold the bytes of a breakpoint, which the instruction must not see: then the plan cannot be used.
       */
      readonly operandAddress: bigint | undefined;
      /** Repairs after the step; where there are none the slot may end in a jump back and needs no step. */
      readonly fixups: readonly Fixup[];
    }
  /** Must be stepped in place with every other thread held. */
  | { readonly kind: 'refuse'; readonly reason: string };
