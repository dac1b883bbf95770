/**
 * The flow of control through a stretch of code, as far as its bytes tell: where it is left, and where it can be known
 * no more. A thread that runs freely inside stops where that matters, when a breakpoint is at each of these places.
 */

export type FlowExit =
  /**
   * A place outside to which control goes from inside: the end, or the target of a conditional branch. `branch` is the
   * address of that branch, which may be watched in its stead.
   */
  | { readonly kind: 'target'; readonly address: bigint; readonly branch: bigint | undefined }
  /** An instruction inside that always leaves, or behind which control may be anywhere: returns, indirect branches. */
  | { readonly kind: 'instruction'; readonly address: bigint };

/** What an instruction may do to the flow of control; `inside` is no instruction's first byte. */
export const transferKinds = {
  inside: 0,
  /** It goes on with the next instruction, or is repeated. */
  never: 1,
  /** A conditional branch, or nothing is known of it. */
  maybe: 2,
  always: 3,
} as const;

export interface Flow {
  /** Addresses of the instructions, ascending. */
  readonly instructions: readonly bigint[];
  /** No address twice. */
  readonly exits: readonly FlowExit[];
}
