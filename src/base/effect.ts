/**
 * What an instruction does, in terms that hold for every machine: architectures describe their instructions so, and native
 * code carries them out on the general regset (NT_PRSTATUS), in which registers are named by their byte offset. What is
 * pushed has the width of a register; results are cut to it.
 */

/** When a conditional branch is taken, computed from one flags register. All masks are over 64 bits; a narrower register is extended with zeros. */
export interface FlagCondition {
  /** Byte offset of the flags register in the general regset. */
  readonly flagsOffset: number;
  /** True when any of these bits is 1 ... */
  readonly anySet: bigint;
  /** ... or any of these bits is 0 ... */
  readonly anyClear: bigint;
  /** ... or these two bits (masks of one bit each) differ. */
  readonly differ: readonly [bigint, bigint] | undefined;
  /** The result of the above is inverted. */
  readonly negate: boolean;
}

/** An operand in memory: base + index * scale + displacement, cut to `bits`, and the segment's base added to that. */
export interface MemoryOperand {
  /** Byte offsets in the general regset. */
  readonly baseOffset: number | undefined;
  readonly indexOffset: number | undefined;
  readonly segmentBaseOffset: number | undefined;
  readonly scale: 1 | 2 | 4 | 8;
  readonly displacement: bigint;
  readonly bits: 32 | 64;
}

/**
 * What an emulated instruction does, apart from moving the pc to the next instruction when it does nothing else, and
 * from clearing the bits of the flags register that tell of an indirect branch, where there are such bits.
 * Only the calls, the pushes and the loads touch memory. Where that access is not known to do what the program's own
 * would (it fails, or a watchpoint or a shadow stack has to see it), the program must execute the instruction itself.
 */
export type Effect =
  /** Nothing: pc moves past the instruction. */
  | { readonly op: 'next' }
  | { readonly op: 'jump'; readonly target: bigint }
  | { readonly op: 'branch'; readonly target: bigint; readonly condition: FlagCondition }
  /** Jumps when the bits of `mask` in a register are all zero, or when they are not. */
  | {
      readonly op: 'test-branch';
      readonly target: bigint;
      readonly offset: number;
      readonly mask: bigint;
      readonly jumpWhen: 'zero' | 'non-zero';
    }
  /** Leaves the address of the next instruction in a register, then jumps. */
  | { readonly op: 'link'; readonly target: bigint; readonly linkOffset: number }
  /**
   * To the address in a register, of which `ignoredTargetBits` do not count; where any of `barredTargetBits` is 1 in it,
   * the program must execute the instruction itself. `branchType` are the bits of the flags register that tell of it.
   */
  | {
      readonly op: 'jump-register';
      readonly offset: number;
      readonly ignoredTargetBits: bigint;
      readonly barredTargetBits: bigint;
      /** Gets the address of the next instruction, after the target has been read. */
      readonly linkOffset: number | undefined;
      readonly branchType: bigint;
    }
  | { readonly op: 'set-register'; readonly offset: number; readonly value: bigint }
  /** Loads a register, which is extended to its full width. */
  | {
      readonly op: 'load';
      readonly offset: number;
      readonly address: bigint;
      readonly lengthBytes: 4 | 8;
      readonly isSigned: boolean;
    }
  /** Pushes the address of the next instruction, then jumps. */
  | { readonly op: 'call'; readonly target: bigint }
  /**
   * As `call`, to the address in a register or in memory, both read before the push. Where any of `barredTargetBits` is
   * 1 in that address, the program must execute the instruction itself.
   */
  | {
      readonly op: 'call-register';
      readonly offset: number;
      readonly barredTargetBits: bigint;
    }
  | {
      readonly op: 'call-memory';
      readonly operand: MemoryOperand;
      readonly barredTargetBits: bigint;
    }
  /** Pushes a register, as it was before the push. */
  | { readonly op: 'push-register'; readonly offset: number }
  | { readonly op: 'push-value'; readonly value: bigint }
  /**
   * Counter branches (loop, loope, loopne, jrcxz): optionally decrement, then jump when the counter is
   * non-zero (`jumpWhen: 'non-zero'`) or zero. With counterBits 32 the upper half of the register becomes zero when
   * it is decremented, with 16 the rest of the register stays. `zeroFlag` must also hold.
   */
  | {
      readonly op: 'count-branch';
      readonly target: bigint;
      readonly counterOffset: number;
      readonly counterBits: 16 | 32 | 64;
      readonly decrement: boolean;
      readonly jumpWhen: 'zero' | 'non-zero';
      readonly flagsOffset: number;
      readonly zeroFlagMask: bigint;
      readonly zeroFlag: 'any' | 'set' | 'clear';
    };

/** What must be repaired after an instruction was stepped in a slot. */
export type Fixup =
  /**
   * The word at the stack pointer, as wide as an address, is the slot's return address: make it the original one.
   * With a shadow stack the slot cannot be used.
   */
  | 'return-address'
  /** The register that calls leave their return address in holds the slot's: make it the original one. */
  | 'link'
  /** `syscall`: rcx holds the slot's next address, r11 the flags with the trap flag. */
  | 'syscall-registers'
  /** `pushf`: the pushed flags show the tracer's trap flag. */
  | 'pushed-flags';
