/**
 * What one architecture is to the rest of the project: tables of data and pure functions over bytes. No process,
 * no I/O, no addon here, so that every architecture can be tested on any machine.
 */
import type { MachineFacts } from '../src/base/machine-facts.js';
import type { Flow, FlowExit } from './flow.js';
import type { Plan, Sequence, Surroundings } from './plan.js';

export type { MachineFacts, XsaveFacts } from '../src/base/machine-facts.js';

/** A register set as the kernel hands it over by PTRACE_GETREGSET. Rows are the module's; the generic code walks them. */
export interface RegsetRow {
  readonly name: string;
  /** NT_* note type, <linux/elf.h>. */
  readonly noteType: number;
  /** Size of the set in bytes on this machine, or the most that it can have. */
  readonly sizeBytes: number;
  /** Reading the set again may give something else than was written, and so may reading others. */
  readonly isInterpreted?: boolean;
}

/** What the program counter, stack pointer and so on are called on this architecture. */
export type RegisterRole =
  | 'pc'
  | 'sp'
  | 'fp'
  | 'flags'
  | 'return-address'
  | 'syscall-number'
  | 'thread-pointer';

/** One register as clients see it. Its position in `RegisterFile.registers` is its number on the wire. */
export interface Register {
  readonly name: string;
  readonly number: number;
  readonly bits: number;
  /** Name of the regset row that holds it. */
  readonly regset: string;
  /** Byte offset inside the regset. */
  readonly offset: number;
  /** Feature of the target description, for example `org.gnu.gdb.i386.core`. */
  readonly feature: string;
  /** Type in the target description. */
  readonly type: string;
  readonly group: string | undefined;
  readonly role: RegisterRole | undefined;
  /** Which argument of a function it holds, from 1 on. */
  readonly argument: number | undefined;
  /** DWARF register number, System V psABI. */
  readonly dwarf: number | undefined;
}

/** Access to the regsets of one stopped thread. Values are live: what is written is stored before the thread runs. */
export interface RegsetAccess {
  /** The bytes of the set, or undefined where the kernel has none for this thread. Do not modify: call `write`. */
  read(regset: string): Uint8Array | undefined;
  /** Replaces the set. False: the kernel refuses what is in it. */
  write(regset: string, bytes: Uint8Array): boolean;
}

/** A part of a regset. */
export interface RegsetSpan {
  readonly regset: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** The registers of one machine: which there are, how they are shown, and how they are read and written. */
export interface RegisterFile {
  readonly regsets: readonly RegsetRow[];
  readonly registers: readonly Register[];
  /** Those that clients know without a target description, in the order of the numbers that they have then. */
  readonly undescribed: readonly Register[];
  /** The registers numbered below this are not too large to be read all at once. */
  readonly bulkCount: number;
  /** Numbers of the registers sent along with every stop reply. */
  readonly expedited: readonly number[];
  /** Numbers, below 256, of all general registers, and of those that the widths of others follow from. */
  readonly general: readonly number[];
  /** The target description (XML) that describes exactly `registers`. */
  readonly targetDescription: string;
  /** The same registers, as wide as they are in a thread now. */
  fitTo(regsets: RegsetAccess): RegisterFile;
  /** There is one for each role. */
  byRole(role: RegisterRole): Register;
  /** Undefined: there is none of that name. */
  byName(name: string): Register | undefined;
  /** All that decides the value of a register, so that it is the same while these bytes are. undefined: more than that. */
  decidedBy(register: Register): readonly RegsetSpan[] | undefined;
  /** Value in target byte order, exactly bits/8 bytes; undefined = known register, value not available. */
  read(register: Register, regsets: RegsetAccess): Uint8Array | undefined;
  /** @throws RangeError when `value` is not bits/8 bytes long. @returns false when it cannot take the value. */
  write(register: Register, value: Uint8Array, regsets: RegsetAccess): boolean;
}

/** A hardware breakpoint or watchpoint as a client asks for it. */
export interface HardwarePoint {
  readonly kind: 'execute' | 'write' | 'read' | 'access';
  readonly address: bigint;
  /** Bytes watched; 1 for 'execute'. */
  readonly lengthBytes: number;
}

/** One store into a thread's debug registers: a word of the user area (PTRACE_POKEUSER) or a whole regset. */
export type DebugStore =
  | { readonly kind: 'user'; readonly offset: number; readonly value: bigint }
  | { readonly kind: 'regset'; readonly noteType: number; readonly bytes: Uint8Array };

/** What the debug registers of every thread of a process must hold. */
export interface DebugImage {
  /** For each hardware slot the point that it serves, or undefined when it is free. */
  readonly slots: readonly (HardwarePoint | undefined)[];
}

/** How a hit is known: one bit for each slot in the end, the lowest for the first. */
export type DebugHits =
  /** By a register of the user area that has these bits, and that is to be cleared with 0 afterwards. */
  | { readonly kind: 'status'; readonly offset: number }
  /** By the address in the signal's information, which may lie outside of what is watched: the nearest point was hit. */
  | { readonly kind: 'address'; readonly sets: readonly DebugSet[] };

/** A regset with debug registers: each has a control word, of which 0 switches it off. */
export interface DebugSet {
  readonly noteType: number;
  /** Of breakpoints; else of watchpoints. */
  readonly isExecuted: boolean;
  /** Of the first one's control word, and from each to the next. */
  readonly controlOffset: number;
  readonly strideBytes: number;
}

export interface DebugRegisters {
  /** The image of no points at all: everything off. */
  readonly none: DebugImage;
  /**
   * Whether a write is done when its trap comes. If not, no point lets the thread past the instruction that it has trapped
   * at while it is there.
   */
  readonly trapsAfterWrite: boolean;
  /** Slots that watchpoints may have. */
  readonly watchpointSlots: number;
  /** Whether the machine knows this kind of point at all (x86 has no read-only watchpoint). */
  supports(kind: HardwarePoint['kind']): boolean;
  /** The image that serves all points, or undefined when they do not fit into the slots. Equal points share slots. */
  allocate(points: readonly HardwarePoint[]): DebugImage | undefined;
  /** What turns one image of these debug registers into another, in the order in which it must be stored. */
  stores(from: DebugImage, to: DebugImage): readonly DebugStore[];
  readonly hits: DebugHits;
}

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

/**
 * A handler of SIGTRAP that an attached program gets for the time when its tracer was killed and its breakpoints are not
 * taken out yet. A thread that runs into one waits there until it is gone; whatever else comes ends the program, as it does
 * by default. One page from its start on there are the addresses of all breakpoints, as wide as a pointer.
 */
export interface OrphanHandler {
  /** At most a page; begins with bytes that nothing else begins with. Runs at any address, and is never written by itself. */
  readonly code: Uint8Array;
  /** Of a word with the number of the addresses. */
  readonly countOffset: number;
  /** Of the struct sigaction, as the kernel takes it, that stands for SIG_DFL. */
  readonly defaultActionOffset: number;
  readonly actionBytes: number;
  /** The struct sigaction for the code at `base`; a pointer to the handler is its first word. */
  action(base: bigint): Uint8Array;
}

/**
 * The kernel goes on stepping a thread whose tracer ends between its step and the next request, until it dies of a trap.
 * What is to survive its tracer runs one instruction between breakpoints instead.
 */
export interface LastingSteps {
  /** Of each instruction. */
  readonly instructionBytes: number;
  /**
   * Where control may go from the one instruction that `text` is, at `at`, with these general registers; undefined: the
   * code does not tell, or the thread may stay there.
   */
  exits(text: Uint8Array, at: bigint, general: Uint8Array): readonly FlowExit[] | undefined;
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
