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
  /** The regset that is nothing but the number during a call; 0: it is in a register of the general one. */
  readonly syscallNumberNote: number;
  /** That register; of the other kind, the one that holds the number when the call begins. */
  readonly syscallNumberOffset: number;
  /** The register that holds the result. */
  readonly syscallResultOffset: number;
  /** The registers that hold the six arguments. */
  readonly syscallArgumentOffsets: readonly number[];
  /** A register that shows something else while the thread is stopped at an end of a call; -1: none. */
  readonly syscallEndMarkOffset: number;
  /** A stop that breaks off a call which is to be made again shows the pc at its instruction. */
  readonly rewindsCallsEarly: boolean;
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
  /** Bit of the flags register that a signal handler's return is known by; 0n: there is none. */
  readonly returnMark: bigint;
  /** Instructions of 4 bytes that a thread must not stop behind. */
  readonly sequenceStarts: readonly { readonly bytes: Uint8Array; readonly mask: Uint8Array }[];
  /** Bits that say where in memory an address of the program is. */
  readonly addressMask: bigint;
  /** Text may be written in any way; otherwise only by /proc/PID/mem. */
  readonly hasCoherentText: boolean;
  /** The kernel goes on stepping a thread whose tracer ends: `lastingSteps` of ArchModule. */
  readonly keepsStepping: boolean;
  readonly breakpointBytes: Uint8Array;
  /** Bytes between the trap instruction and the pc reported for it. */
  readonly breakpointPcOffset: number;
  /** Instructions of the program that trap alike: the same under the mask. */
  readonly breakpointLookalikes: readonly { readonly bytes: Uint8Array; readonly mask: Uint8Array }[];
  /** Forms of what the kernel puts on the stack for a signal handler; distances from the stack pointer. */
  readonly signalFrames: readonly { readonly pcOffset: number; readonly flagsOffset: number }[];
  /** si_code of the breakpoint trap and nothing else, and every one that it may have. */
  readonly breakpointTrapCode: number;
  readonly breakpointTrapCodes: readonly number[];
  /** si_code of a step over a system call. */
  readonly callStepTrapCode: number;
  /** Regset of the stack of return addresses, and places in it; 0: there is no such stack. */
  readonly guardedStackNote: number;
  readonly guardedStackEnabledOffset: number;
  readonly guardedStackPointerOffset: number;
  /** Offset of the debug status register in the user area and the bits that name points; -1: none, hits have an address. */
  readonly debugStatusOffset: number;
  readonly debugStatusMask: bigint;
  /** The regsets of the debug registers, where hits have an address. */
  readonly debugSets: readonly {
    readonly noteType: number;
    readonly isExecuted: boolean;
    readonly controlOffset: number;
    readonly strideBytes: number;
  }[];
  /** No point lets a thread past the instruction that it has trapped at. */
  readonly trapsBeforeAccess: boolean;
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
  /** -1: none. */
  readonly restartOffset: number;
  /** Where `parkingCode` may be written for the time of the call; 0n: nowhere. */
  readonly parking: bigint;
  readonly parkingCode: Uint8Array;
}
