/**
 * What one architecture is to the rest of the project: tables of data and pure functions over bytes. No process,
 * no I/O, no addon here, so that every architecture can be tested on any machine.
 */
import type { MachineFacts } from '../src/base/machine-facts.js';
import type { DebugRegisters } from './debug-registers.js';
import type { LastingSteps, OrphanHandler } from './end-of-tracer.js';
import type { Flow } from './flow.js';
import type { Plan, Sequence, Surroundings } from './plan.js';
import type { RegisterFile } from './register-sets.js';

export type { MachineFacts, XsaveFacts } from '../src/base/machine-facts.js';
export type {
  DebugHits,
  DebugImage,
  DebugRegisters,
  DebugSet,
  DebugStore,
  HardwarePoint,
} from './debug-registers.js';
export type { LastingSteps, OrphanHandler } from './end-of-tracer.js';
export type {
  Register,
  RegisterFile,
  RegisterRole,
  RegsetAccess,
  RegsetRow,
  RegsetSpan,
} from './register-sets.js';

/** Where the thread pointer is found: the register of that role, or a word of the user area (PTRACE_PEEKUSER). */
export type ThreadPointerPlace =
  | { readonly kind: 'register' }
  | { readonly kind: 'user-area'; readonly offset: number };

/** Memory whose granules have tags that pointers to it must match. */
export interface TaggedMemory {
  readonly granuleBytes: number;
  /** Bits of a tag. */
  readonly tagMask: number;
  /** What the protocol calls these tags, GDB manual "Memory Tagging". */
  readonly tagType: number;
}

/** Where the number of the system call that a thread is in is kept: in the general regset, or as the whole of another one. */
export type CurrentNumber =
  | { readonly kind: 'register'; readonly offset: number }
  | { readonly kind: 'regset'; readonly noteType: number };

/** siginfo_t in the program's layout and in the tracer's own, 128 bytes each. */
export interface SiginfoLayout {
  toProgram(own: Uint8Array): Uint8Array;
  fromProgram(program: Uint8Array): Uint8Array;
}

/** Instructions that are the same in some bits. `mask` is as long as `bytes`, which are 0 where it is. */
export interface CodePattern {
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

export interface SequenceFinder {
  /** The instructions that may begin one, of 4 bytes each. */
  readonly starts: readonly CodePattern[];
  /** How much text `find` needs. */
  readonly reachBytes: number;
  /** The sequence at the start of a text, with the places outside to which control goes from there. */
  find(text: Uint8Array, start: bigint): Sequence & { readonly flow: Flow };
}

/** A stack of return addresses only that returns are compared with, and the register set that tells of it. */
export interface GuardedStack {
  /** NT_*, <linux/elf.h>. */
  readonly noteType: number;
  /** Of a word whose lowest bit says that the thread uses it, and of the stack's pointer. */
  readonly enabledOffset: number;
  readonly pointerOffset: number;
}

export interface GuardedMemory {
  /** As smaps has it. */
  readonly flag: string;
  /** Bit of AT_HWCAP2 (getauxval(3)). */
  readonly capability: bigint;
}

/** Code by which a signal handler returns to the kernel, and where the registers of what was interrupted are then. */
export interface SignalTrampoline {
  readonly code: Uint8Array;
  /** By DWARF number: distances from the stack pointer. */
  readonly registers: readonly (readonly [dwarf: number, offset: number])[];
}

/** How frames follow each other. Registers by their DWARF numbers (psABI). */
export interface FrameFacts {
  readonly stackPointer: number;
  /** Holds the address of the caller's frame pointer, with the return address behind it, in code that has frame pointers. */
  readonly framePointer: number;
  readonly programCounter: number;
  /** Calls leave their return address here; undefined: they push it. */
  readonly linkRegister: number | undefined;
  /** Below the stack pointer there may be data of functions that call no others. */
  readonly redZoneBytes: number;
  /** Bits of a return address that are the address; the others may be its signature. */
  readonly returnAddressMask: bigint;
  /** Those that may come without call frame information. */
  readonly signalTrampolines: readonly SignalTrampoline[];
}

/** What a core file of a thread has, core(5). */
export interface CoreFileFacts {
  /** uid and gid in `struct elf_prpsinfo`. */
  readonly userIdBytes: 2 | 4;
  /** Register sets beside the general one, in the kernel's order; where a thread has none of a kind it is left out. */
  notes(machine: MachineFacts): readonly RegsetNote[];
  /** Behind the notes of all threads: note type and contents. */
  machineNotes(machine: MachineFacts): readonly (readonly [noteType: number, contents: Uint8Array])[];
}

export interface RegsetNote {
  /** NT_*, <linux/elf.h>. */
  readonly noteType: number;
  /** The most that it can have. */
  readonly sizeBytes: number;
  /** Its first word says how many bytes of it are in use: what is behind them is no part of the note. */
  readonly startsWithSize?: boolean;
}

export interface ArchModule {
  readonly name: string;
  /** Machine and vendor of its programs, as compilers for them are called by LLVM: `MACHINE-VENDOR`. */
  readonly target: string;
  /** A client that asks for the description reads it, whether it has announced that or not. */
  readonly isDescribedUnasked: boolean;
  /** e_machine of its programs, <elf.h>. */
  readonly elfMachine: number;
  /** ELFCLASS64 or ELFCLASS32. */
  readonly elfClass: 1 | 2;
  /** Size of a pointer in bytes. */
  readonly pointerBytes: 4 | 8;
  /** Software breakpoint. `pcOffset`: bytes by which the pc lies behind the trap's own address when it is reported. */
  readonly breakpoint: {
    readonly bytes: Uint8Array;
    readonly pcOffset: number;
    /** Other instructions that trap in the same way; where there is a `pcOffset` the pc is reported behind them. */
    readonly lookalikes: readonly CodePattern[];
  };
  /** si_code values that the kernel gives with SIGTRAP. */
  readonly trapCodes: {
    /** Of breakpoint instructions, and nothing else. */
    readonly breakpoint: number;
    /** Of breakpoint instructions, and maybe others. */
    readonly breakpoints: readonly number[];
    /** Of a step over a system call, told on its way out. */
    readonly callStep: number;
  };
  /** Every instruction begins at a multiple of so many bytes. */
  readonly instructionAlignment: 1 | 4;
  /** Bits that say where in memory an address of a program is; the others may be anything. */
  readonly addressMask: bigint;
  /** Text that another processor has written is executed without more ado. */
  readonly hasCoherentText: boolean;
  /** Undefined: a step ends with its tracer. */
  readonly lastingSteps: LastingSteps | undefined;
  registerFile(machine: MachineFacts): RegisterFile;
  debugRegisters(machine: MachineFacts): DebugRegisters;
  /** How much text a plan needs: from the instruction on, and in front of it. */
  readonly planReach: { readonly fromBytes: number; readonly beforeBytes: number };
  /** Room for the code in a slot, in bytes. */
  readonly slotBytes: number;
  /**
   * Plans the step past a site at `address` whose original bytes (as much text as `planReach` says) are given. Without
   * surroundings there is nothing in front of it, and it is not guarded.
   */
  plan(bytes: Uint8Array, address: bigint, surroundings?: Surroundings): Plan;
  /**
   * Where there are instructions between which a thread must not stop (`Sequence`): how they are found. undefined: there are
   * none.
   */
  readonly sequences: SequenceFinder | undefined;
  /** The flag of VmFlags in smaps (proc(5)) of memory into which indirect branches are checked, and where the CPU says that it can. */
  readonly guardedMemory: GuardedMemory | undefined;
  /**
   * The flow of control through the code at `start`, which is read from its first byte to its last; undefined when there
   * is something in it that is not understood, or that must not be run freely.
   */
  flow(text: Uint8Array, start: bigint): Flow | undefined;
  /**
   * The stretch of code at the start of `text`, as far as the first instruction that always transfers control or of which the rest is
   * missing: one of `transferKinds` for each of its bytes. Of what is not known one byte that always does.
   */
  transfers(text: Uint8Array): Uint8Array;
  /** Undefined: the machine has none. */
  guardedStack(machine: MachineFacts): GuardedStack | undefined;
  /** Undefined: the machine has none. */
  taggedMemory(machine: MachineFacts): TaggedMemory | undefined;
  /**
   * Bit of the flags register that is changed in what a signal handler returns with, to know that it has returned: it
   * traps, or makes no difference to results. 0n: there is no such bit.
   */
  returnMark(machine: MachineFacts): bigint;
  /** How the program is made to do a system call: the instruction, and where number, arguments and result live. */
  readonly syscall: {
    readonly instruction: Uint8Array;
    /** The same, and behind it a jump to itself; 8 bytes at most. */
    readonly parkingCode: Uint8Array;
    /** Every instruction that makes a system call, at most 4 bytes each. */
    readonly instructions: readonly Uint8Array[];
    /** Byte offsets in the general regset. */
    readonly numberOffset: number;
    /** Where the number is found from the way in to the way out of a call; -1 is stored there to skip the call. */
    readonly currentNumber: CurrentNumber;
    readonly argumentOffsets: readonly number[];
    readonly resultOffset: number;
    /** Where the kernel notes that a system call may be restarted; -1 is stored there to cancel that. Undefined: nowhere. */
    readonly restartOffset: number | undefined;
    /** A stop that breaks off a call shows the pc at its instruction already, if the call is to be made again. */
    readonly isRewoundEarly: boolean;
    /** A register that shows, while the thread is stopped at an end of a call, which end it is; undefined: none. */
    readonly endMarkOffset: number | undefined;
    /** Registers that the instruction itself fills with the next address and the flags; undefined: there are none. */
    readonly nextAddressOffset: number | undefined;
    readonly savedFlagsOffset: number | undefined;
    readonly numbers: {
      readonly mmap: number;
      readonly munmap: number;
      readonly close: number;
      readonly seccomp: number;
      readonly prctl: number;
      readonly rtSigaction: number;
    };
  };
  /** Byte offsets in the general regset (NT_PRSTATUS). */
  readonly general: {
    readonly noteType: number;
    readonly sizeBytes: number;
    /** Size of one register in it: of addresses, and of what a push stores. */
    readonly registerBytes: 4 | 8;
    readonly pcOffset: number;
    /** Of the pc in the user area (PTRACE_POKEUSER); undefined: it is not there. */
    readonly pcUserOffset: number | undefined;
    readonly spOffset: number;
    readonly flagsOffset: number;
    /** Bit of the flags register that makes the CPU trap after each instruction; 0n: no such bit. */
    readonly trapFlag: bigint;
    /** Bit of the flags register that makes the CPU check the alignment of what is accessed; 0n: no such bit. */
    readonly alignmentFlag: bigint;
    /** Bits of the flags register that say what kind of instruction may come next; 0n: no such bits. */
    readonly branchTargetFlags: bigint;
    /** The register that calls leave their return address in; undefined: they push it. */
    readonly linkOffset: number | undefined;
  };
  /** How functions are called that take and return integers and pointers. Byte offsets in the general regset. */
  readonly functionCall: {
    /** Of the first arguments; the others lie on the stack, one behind the other, as wide as a register. */
    readonly argumentOffsets: readonly number[];
    readonly resultOffset: number;
    /** What the stack pointer is a multiple of where a function is called. */
    readonly stackAlignmentBytes: number;
    /** Of what lies below the stack pointer and must not be changed. */
    readonly redZoneBytes: number;
  };
  /** What the kernel puts on the stack for a signal handler, in each of its forms; distances from the stack pointer. */
  readonly signalFrames: readonly { readonly pcOffset: number; readonly flagsOffset: number }[];
  /** glibc's thread control block: how the dynamic thread vector is found from the thread pointer. TLS variant I or II. */
  readonly threadLocal: {
    readonly pointer: ThreadPointerPlace;
    readonly dtvOffset: number;
    readonly variant: 1 | 2;
  };
  readonly frames: FrameFacts;
  /** Undefined: a thread that runs into a breakpoint whose tracer was just killed dies of it. */
  readonly orphanHandler: OrphanHandler | undefined;
  readonly coreFile: CoreFileFacts;
  /** How the program sees signal information that the kernel shows the tracer in another layout; undefined: the same. */
  readonly siginfo: SiginfoLayout | undefined;
}
