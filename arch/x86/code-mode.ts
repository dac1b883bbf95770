/** The two kinds of code that an x86 CPU runs for programs, and where they keep their registers. */

/** Width of addresses and of a push: 64-bit mode, or 32-bit segments in compatibility and protected mode. */
export type CodeBits = 32 | 64;

export interface CodeMode {
  readonly bits: CodeBits;
  /** Byte offsets in the general regset by the number that instructions use: ax, cx, dx, bx, sp, bp, si, di, r8... */
  readonly registerOffsets: readonly number[];
  readonly flagsOffset: number;
  /** Where the bases of fs and gs are kept, by prefix; a segment that is missing here has another base than 0. */
  readonly segmentBaseOffsets: ReadonlyMap<number, number>;
}
