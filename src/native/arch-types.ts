/** What native code is told of an architecture. */

/** What native code must know of an architecture: byte offsets in the general regset. */
export interface NativeArch {
  readonly generalNote: number;
  readonly generalSizeBytes: number;
  /** Size of one register in it, 4 or 8: of addresses, and of what a push stores. */
  readonly registerBytes: number;
  readonly pcOffset: number;
  /** In the user area; -1: it is not there. */
  readonly pcUserOffset: number;
  readonly spOffset: number;
  readonly flagsOffset: number;
  /** The registers that hold the next address and the flags after `syscall`; -1 where there are none. */
  readonly syscallNextOffset: number;
  readonly syscallFlagsOffset: number;
  /** The register that holds the number during a call; -1: unknown. */
  readonly syscallNumberOffset: number;
  /** The register that holds the result; -1: unknown. */
  readonly syscallResultOffset: number;
  /** Every instruction that makes a system call, at most 4 bytes each. */
  readonly syscallInstructions: readonly Uint8Array[];
  /** Note type of the regset that has the thread pointer; 0: the user area has it. */
  readonly threadPointerNote: number;
  readonly threadPointerOffset: number;
  /** Bit of the flags register that makes the CPU trap after each instruction. */
  readonly trapFlag: bigint;
  /** Bit of the flags register that makes the CPU check the alignment of what is accessed. */
  readonly alignmentFlag: bigint;
  /** Bits of the flags register, next to each other, that say what kind of instruction may come next. */
  readonly branchTargetFlags: bigint;
  /** The register that calls leave their return address in; -1: they push it. */
  readonly linkOffset: number;
  /** Instructions of 4 bytes that a thread must not stop behind. */
  readonly sequenceStarts: readonly { readonly bytes: Uint8Array; readonly mask: Uint8Array }[];
  readonly breakpointBytes: Uint8Array;
  /** Bytes between the trap instruction and the pc reported for it. */
  readonly breakpointPcOffset: number;
  /** Instructions of the program that trap alike. */
  readonly breakpointLookalikes: readonly Uint8Array[];
  /** Forms of what the kernel puts on the stack for a signal handler; distances from the stack pointer. */
  readonly signalFrames: readonly { readonly pcOffset: number; readonly flagsOffset: number }[];
  /** si_code values of the breakpoint trap. */
  readonly breakpointTrapCodes: readonly number[];
  /** Offset of the debug status register in the user area and the bits that name points; -1: none. */
  readonly debugStatusOffset: number;
  readonly debugStatusMask: bigint;
  /** By number of the `p` packet; `sizeBytes` 0: not in the general regset. */
  readonly registers: readonly { readonly offset: number; readonly sizeBytes: number }[];
}

/** A system call to be made by the program; offsets are into the general regset. */
export interface SystemCall {
  readonly instruction: bigint;
  readonly number: number;
  readonly args: readonly bigint[];
  readonly numberOffset: number;
  readonly argumentOffsets: readonly number[];
  readonly resultOffset: number;
  readonly restartOffset: number;
}
