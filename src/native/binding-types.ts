/**
 * The typed surface of the addon: mechanisms over ptrace(2), wait(2) and /proc, no policy. Everything is synchronous
 * and must be called on the JavaScript thread that made the Tracer, because the kernel ties ptrace to it.
 *
 * Failures: unless stated otherwise a call throws a `NativeError`. Where a thread may have vanished between two calls
 * (ESRCH), the call returns false or undefined instead: its exit event follows.
 */
import type { Effect, Fixup } from '../base/effect.js';

/** Thrown by the addon. `request` names what was refused, for example 'PTRACE_SEIZE' or 'execve'. */
export interface NativeError extends Error {
  readonly errno: number;
  readonly request: string;
  readonly tid: number;
}

export interface SpawnOptions {
  /** Path of the file to execute; searched in PATH when it has no slash. */
  readonly file: string;
  /** argv, argv[0] included. */
  readonly args: readonly string[];
  /** NAME=VALUE. */
  readonly environment: readonly string[];
  readonly workingDirectory: string | undefined;
  /** personality(2) ADDR_NO_RANDOMIZE. */
  readonly disableRandomization: boolean;
  /** stdin from /dev/null and stdout to stderr, for servers that speak over stdin and stdout. */
  readonly redirectStdio: boolean;
}

/** What waitid(2) and the kernel said about one thread. */
export interface NativeEvent {
  readonly tid: number;
  readonly kind: 'stopped' | 'exited' | 'killed';
  /** Stop signal, exit code or killing signal. */
  readonly code: number;
  /** PTRACE_EVENT_* of an event stop, 0 for a signal-delivery stop, 0x80 in `code` for a syscall stop. */
  readonly event: number;
  /** PTRACE_GETEVENTMSG for clone, fork, vfork, vfork-done and exec stops. */
  readonly message: number;
  /** si_code of a signal-delivery stop. */
  readonly signalCode: number;
  /** pid of the sender, where the signal has one. */
  readonly senderPid: number;
  /**
   * Program counter, with out-of-line slots translated and the thread moved back to a site that it trapped at; 0n where
   * it was not read.
   */
  readonly pc: bigint;
  /** It trapped at a site of this space. */
  readonly atSite: boolean;
  /** A requested step or range step is done. */
  readonly stepped: boolean;
  /** The thread was to go on but stands at a site whose plan refuses; as the 'refused' of `resume`. */
  readonly refused: boolean;
  /** A range step has used up its `stepLimit` and is not over. */
  readonly inLongRange: boolean;
  /** Status of the debug registers after a hardware trap, already cleared; 0n: none. */
  readonly debugStatus: bigint;
  /** The thread goes into a system call or comes back from one: a caught one, or a step has ended there. */
  readonly callEnd?: 'entry' | 'return';
  readonly callNumber?: number;
}

/** Commands of a breakpoint have printed something; the thread has gone on meanwhile. */
export interface NativePrinted {
  readonly tid: number;
  readonly kind: 'printed';
  /** Whose commands. */
  readonly owner: number;
  readonly text: Uint8Array;
}

/** A thread was made, and let run, that nobody had to hear of (`setQuietChildren`). */
export interface NativeBirth {
  readonly tid: number;
  readonly kind: 'born';
  readonly process: number;
}

/** Threads have stopped of which there is no more to say: after an interrupt, or at their birth (PTRACE_EVENT_STOP). */
export interface NativeEventStops {
  readonly kind: 'event-stops';
  readonly tids: Int32Array;
}

export type NativeNews = NativeEvent | NativePrinted | NativeBirth | NativeEventStops;

/** Names and processors of tasks. */
export interface NativeTaskStats {
  /** comm of each, 16 bytes padded with NUL. */
  readonly comms: Uint8Array;
  /** CPU that each last ran on. */
  readonly cpus: Int32Array;
}

/** What stands before each field of a line about a task, and at its end. */
export interface NativeTaskLineFormat {
  readonly beforeId: string;
  readonly beforeCpu: string;
  readonly beforeName: string;
  readonly beforePointer: string;
  readonly end: string;
  /** Of a pointer, in memory order. */
  readonly pointerBytes: number;
}

/** What one look at the threads of a process came to. */
export interface NativeSeizure {
  /** Seized and interrupted; their stops are still to come. */
  readonly seized: Int32Array;
  /** Listed still, and ended. */
  readonly ended: Int32Array;
  /** The kernel refused a thread; those listed behind it were left alone. */
  readonly refusal?: NativeError;
}

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

/**
 * How far a search came: 'found' at, 'absent', 'unreadable' from `at` on, or 'unfinished': to be called again with `at`
 * and what is left of the range.
 */
export interface NativeSearch {
  readonly kind: 'found' | 'absent' | 'unreadable' | 'unfinished';
  readonly at: bigint;
}

/**
 * 'range-step' steps until the pc has left the range. 'range-run' is the same to whoever watches, but the thread runs
 * freely: wherever it may leave the range there must be a site that is nobody's.
 */
export type ResumeMode = 'continue' | 'step' | 'range-step' | 'range-run' | 'listen';

/** For 'range-step' and 'range-run': the thread is in the range while start <= pc < end. */
export interface NativeRange {
  readonly start: bigint;
  readonly end: bigint;
  /** 'range-step': hand the thread up once, with `inLongRange`, after so many steps inside; 0: never. */
  readonly stepLimit?: number;
  /**
   * 'range-run': one bit for each byte of the range, lowest first, set where an instruction begins that the sites were
   * chosen for. Anywhere else the thread is stepped.
   */
  readonly instructions?: Uint8Array;
}

/**
 * How a resume was carried out: 'running'; 'gone' (the thread has vanished); 'refused' (it stands at a site whose plan
 * refuses: the caller must step it in place with every other thread held); 'done' (a step that was emulated without
 * running the thread: it is still stopped, at the next instruction). Only a thread whose last event told of the site
 * that it stands at (`atSite`) goes past it; any other one meets the trap.
 */
export type ResumeResult = 'running' | 'gone' | 'refused' | 'done';

export interface NativeTracer {
  /** Starts a program, traced by PTRACE_SEIZE, not yet past its own execve. Returns its pid. The first event is the exec stop. */
  spawn(options: SpawnOptions): number;
  /** PTRACE_SEIZE with the options this tracer uses; `exitKill` adds PTRACE_O_EXITKILL. False: gone. */
  seize(tid: number, space: number, exitKill: boolean): boolean;
  /** As `seize` and `interrupt`, for each thread of a space's process that is not known yet. */
  seizeThreads(space: number): NativeSeizure;
  /** Whether a space's process has no threads but those that are known; false where the kernel does not count them. */
  knowsEveryThread(space: number): boolean;
  /** Makes a thread known that the kernel attached by itself (clone, fork, vfork). */
  adopt(tid: number, space: number): void;
  /** PTRACE_INTERRUPT. `wait` must follow: until then no listener of `watch` hears of stops. */
  interrupt(tid: number): boolean;
  /** PTRACE_DETACH, delivering `signal` (0: none). */
  detach(tid: number, signal: number): boolean;
  /** Forgets a thread without a word to the kernel (vanished in an exec). */
  forget(tid: number): void;
  /** kill(pid, SIGKILL); the exits of its threads are waited for as if they ran. */
  kill(pid: number): boolean;
  /** tgkill(2). */
  tgkill(pid: number, tid: number, signal: number): boolean;

  /** Lets a stopped thread go on; registers written meanwhile are stored first. */
  resume(tid: number, mode: ResumeMode, signal: number, range?: NativeRange): ResumeResult;
  /**
   * As `resume` for a step, without regard to sites: the in-place step of the slow way.
   */
  stepInPlace(tid: number, signal: number): boolean;
  /**
   * Events so far, waiting up to `timeoutMs` for the first while any thread runs. Empty: none came. A stopped thread
   * has news only when it was killed: `lookAtStopped` asks for that, too.
   */
  wait(timeoutMs: number, lookAtStopped: boolean): NativeNews[];
  /** The last `wait` had stops and nothing to tell of them: no SIGCHLD tells of the next ones, it is to be called again. */
  passesStops(): boolean;
  /** Calls `listener` on the event loop whenever the kernel may have news, and keeps the loop alive until `unwatch`. */
  watch(listener: () => void): void;
  /** From now on `watch` does not keep the event loop alive; `listener` is called as before. Twice is harmless. */
  unwatch(): void;

  /** Copy of a regset of a stopped thread, as long as the kernel's, at most `sizeBytes`; undefined: gone, or the kernel has no such set for it (ENODEV, EINVAL, EIO). */
  getRegset(tid: number, noteType: number, sizeBytes: number): Uint8Array | undefined;
  /** Stores a regset; the general one is kept and stored when the thread is resumed. False: gone. */
  setRegset(tid: number, noteType: number, bytes: Uint8Array): boolean;
  /** PTRACE_POKEUSER. */
  pokeUser(tid: number, offset: number, value: bigint): boolean;
  /** siginfo_t (128 bytes, this process's own layout) of the last signal-delivery stop; undefined: gone, or stopped for another reason. */
  getSiginfo(tid: number): Uint8Array | undefined;
  /** PTRACE_SETSIGINFO. False: gone. */
  setSiginfo(tid: number, bytes: Uint8Array): boolean;

  /** Declares an address space with its breakpoint sites; `memory` is an open /proc/PID/mem. Returns its handle. */
  addSpace(pid: number, arch: NativeArch): number;
  /**
   * A space for a child of the process whose space is given, with its sites, slots and signals; guarded are only the
   * original's sites. Undefined: the child is gone.
   */
  copySpace(space: number, pid: number): number | undefined;
  /** Reopens /proc/PID/mem, after an exec, and drops its sites, guarded ones included; `arch` is the new program's. */
  resetSpace(space: number, pid: number, arch: NativeArch): void;
  /** Closes its memory and drops its tables; an unknown handle is nothing. */
  removeSpace(space: number): void;
  /** Bytes read into `into`, up to the first unreadable one; 0 when the first cannot be read. */
  readMemory(space: number, address: bigint, into: Uint8Array): number;
  /** Bytes written, as in readMemory. Reaches read-only pages. */
  writeMemory(space: number, address: bigint, bytes: Uint8Array): number;
  /**
   * Looks for `pattern`, which is not empty, in [address, address + lengthBytes), with the program's own bytes under
   * sites, for about `timeoutMs`.
   */
  findBytes(
    space: number,
    address: bigint,
    lengthBytes: bigint,
    pattern: Uint8Array,
    timeoutMs: number,
  ): NativeSearch;
  /** Declares a site, or replaces its plan; the trap bytes are the caller's to write. */
  setSite(space: number, address: bigint, plan: NativePlan): void;
  /** Forgets a site; the original bytes are the caller's to write. Its slot stays known: a thread may still be inside. */
  removeSite(space: number, address: bigint): void;
  /** Forgets a slot, which nobody must be inside of. */
  removeSlot(space: number, address: bigint): void;
  /** Whether a thread may be inside the slot at an address: one that ran into it and has not stopped since. */
  isSlotInUse(address: bigint): boolean;
  /**
   * Sets what decides the hits of a site: one that is no owner's is passed without an event. undefined: every hit is
   * every owner's.
   */
  setPrograms(space: number, address: bigint, programs: NativeBreakpointPrograms | undefined): void;
  /** As `setPrograms`, for all hardware breakpoints of a space: the list replaces the one before. */
  setHardwarePrograms(space: number, list: readonly NativeHardwarePrograms[]): void;
  /**
   * As `setHardwarePrograms`, for all watchpoints of which only changes are to be told: their hits are passed without an
   * event while every one of these values is what it was when its watchpoint was new, or when a hit was told last.
   */
  setWatchedValues(space: number, list: readonly NativeWatchedValue[]): void;
  /**
   * The stopped threads of a space that have a signal to take, of their own or, if there is one thread, its process's;
   * SIGKILL, SIGSTOP and SIGCONT do not count.
   */
  awaitingSignal(space: number): Int32Array;
  /** Thread pointers, in the same order; 0n: unknown, or the thread is not stopped. */
  threadPointers(tids: Int32Array): BigUint64Array;
  /** The owners whose hit the breakpoint is that a stopped thread has reached; undefined: every one's. */
  hitOwners(tid: number): readonly number[] | undefined;
  /** Evaluates an agent expression in a stopped thread; undefined: gone. */
  evaluate(tid: number, program: Uint8Array): EvaluationOutcome | undefined;
  /** A trace state variable of agent expressions, which all spaces share; undefined: never set, reads as 0. */
  variable(number: number): bigint | undefined;
  /** 64 bits; undefined: forgets it. */
  setVariable(number: number, value: bigint | undefined): void;
  /**
   * Has the sentinel put `original` back at `address`, where a trap stands, when this process ends without doing so
   * itself: by SIGKILL, or with its Tracer not disposed. To be called before the trap is written, and again when the
   * bytes under it have changed; `original` is as long as the trap. Does nothing for programs that were spawned: they
   * end with this process. A sentinel that cannot be had is told once, by a NativeError with `request` 'sentinel';
   * after that, further spaces go unguarded in silence.
   */
  guard(space: number, address: bigint, original: Uint8Array): void;
  /** Ends what `guard` began, after the original bytes are back; an unknown address is nothing. */
  unguard(space: number, address: bigint): void;
  /** Signals that are delivered at once without an event, for threads that do not step; bit n - 1 is signal n. */
  setPassSignals(space: number, signals: bigint): void;
  /**
   * The system calls whose two ends are told, in threads that are resumed from now on; a step over one tells them, too.
   * No others come to be heard of.
   */
  setCaughtCalls(space: number, calls: 'all' | readonly number[]): void;
  /**
   * Says that a seccomp filter in the program stops its threads on their way into these calls, with `mark` as its data:
   * as long as it covers what is caught, other calls cost nothing. `mark` + 1 says that the program is about to add a
   * filter of its own, which might come first: after that, threads stop at every call again. `mark` 0: there is none.
   */
  setCallFilter(space: number, calls: readonly number[], mark: number): void;
  /**
   * Has the sentinel, which outlives this process, let every system call be made that comes by `listener`, a descriptor
   * of process `pid` (seccomp_unotify(2)). @throws NativeError
   */
  answerCalls(pid: number, listener: number): void;
  /**
   * Which children of its threads nobody need hear of. Threads are let run at once; those that still are at the end of a
   * `wait` come as 'born' in front of its other events, the others never. Processes with a memory of their own are let go
   * without the traps of this space's sites. Both are false at first.
   */
  setQuietChildren(space: number, threads: boolean, processes: boolean): void;
  /** Whether threads of the space have watchpoints: then native code writes no memory in the program's stead. */
  setWatched(space: number, isWatched: boolean): void;
  /**
   * Makes a stopped thread do one system call with all signals blocked, at `instruction`, an address of a system call
   * instruction in the program. The thread is afterwards as it was. Result: the kernel's, negative errno included, as
   * the program's register holds it; undefined: gone.
   */
  callSystem(tid: number, call: SystemCall): bigint | undefined;
  /** Tells that the stopped threads of a process were killed: their exits are waited for as if they ran. */
  expectExits(pid: number): void;
  /** The site that a stopped thread was told of and will pass when it is resumed; 0n: none. */
  hitSite(tid: number): bigint;
  /** When the thread is resumed it meets the trap of the site that it was told of. */
  forgetHit(tid: number): void;
  /** How many threads are known and how many spaces declared. */
  tableSizes(): { readonly threads: number; readonly spaces: number };
  /** Tells that a thread will not stop any more (a leader that exited before its threads). */
  park(tid: number): void;
  /** Lets every traced process go or kills it, as it was spawned or attached, and frees everything. Twice is harmless. */
  dispose(): void;
}

export interface SocketAddress {
  /** Numeric; empty for a Unix domain socket. */
  readonly host: string;
  readonly port: number;
}

/** A socket on the event loop, without the streams of Node. Never throws: a connection that broke off has ended. */
export interface NativeSocket {
  /** What the listener is called for from now on, until a connection breaks off: that has to be said again. */
  watch(readable: boolean, writable: boolean): void;
  /** The next client of a listening socket, if one waits. */
  accept(): (SocketAddress & { readonly fd: number }) | undefined;
  /** Bytes received; 0: none came; -1: the other end is gone. `waits`: a few milliseconds for the first. */
  receive(into: Uint8Array, waits: boolean): number;
  /** How many bytes found room, from the start; -1: the other end is gone. */
  send(bytes: Uint8Array): number;
  /** Tells the other end that nothing more comes. */
  finish(): void;
  /** Closes the descriptor. Twice is harmless. */
  close(): void;
}

/** What a repeater has done: see native/README.md. */
export interface NativeServed {
  /** Bytes for the session, from the start of the buffer; -1: the other end is gone. */
  readonly count: number;
  /** So many packets at their beginning have been answered. */
  readonly answered: number;
  /** Of the last answer, what the socket had no room for. */
  readonly unsent?: Uint8Array;
}

/** How the end of a run is answered. */
export interface NativeStopForm {
  /** The site that was reached; 0: none. Without site and call a step has ended. */
  readonly site: bigint;
  /** The end of a system call that was reached. */
  readonly call: { readonly isEntry: boolean; readonly number: number } | undefined;
  /** The beginning of the reply. */
  readonly head: string;
  /** Numbers (of the `p` packet) of the registers behind it, all in the general regset. */
  readonly registers: readonly number[];
}

/** Carries out packets that come again, and answers them. */
export interface NativeRepeater {
  /** `packet`, without framing, puts in or takes out a site that has no programs; `OK` is the answer. */
  learnSite(packet: Uint8Array, space: number, address: bigint, isInserted: boolean): void;
  /** `packet` lets a thread run, with every other one stopped. */
  learnRun(packet: Uint8Array, tid: number, mode: 'step' | 'continue', form: NativeStopForm): void;
  forget(): void;
  /** Waits a few milliseconds for each packet, and answers them for `timeoutMs` or a little longer. */
  serve(into: Uint8Array, timeoutMs: number): NativeServed;
}

export interface NativeBinding {
  /** Takes over a stream socket. */
  readonly Socket: new (
    fd: number,
    isConnected: boolean,
    listener: () => void,
  ) => NativeSocket;
  readonly Repeater: new (tracer: NativeTracer, socket: NativeSocket) => NativeRepeater;
  /** Numeric addresses of a host, waited for; `family` 0: both. @throws Error with the resolver's own text */
  resolveHost(name: string, family: 0 | 4 | 6): string[];
  /** Descriptor of a listening socket at a numeric address; port 0 picks a free one. @throws NativeError 'socket', 'bind' */
  listenTcp(host: string, port: number): number;
  /** As `listenTcp`, at a path. */
  listenUnix(path: string): number;
  /** Whether connections to a Unix domain socket are refused: whoever listened there is gone. */
  isAbandonedUnix(path: string): boolean;
  /** Where a socket is bound to. */
  localAddress(fd: number): SocketAddress;
  /** Whether a descriptor is a stream socket. */
  isSocket(fd: number): boolean;
  /**
   * A packet of two hex digits a byte, with run-lengths, into `into`, which has room for 2 bytes for each and 4 more.
   * Returns its length. @throws RangeError
   */
  encodeHexFrame(bytes: Uint8Array, into: Uint8Array): number;
  /** As `encodeHexFrame`: ASCII that needs no escapes, and the bytes with escapes and run-lengths. */
  encodeBinaryFrame(prefix: string, bytes: Uint8Array, into: Uint8Array): number;
  /** As `BulkDecoding` of the codec has it. @throws RangeError */
  takeData(
    bytes: Uint8Array,
    into: Uint8Array,
    at: number,
    isEscaped: boolean,
  ): {
    readonly takenBytes: number;
    readonly plainBytes: number;
    readonly sum: number;
    readonly isEscaped: boolean;
  };

  /** `sentinelPath` is the program that `guard` needs. */
  readonly Tracer: new (
    sentinelPath?: string,
  ) => NativeTracer;
  /** CPUID and XCR0 of this machine. */
  machineFacts(): {
    xcr0: bigint;
    xsaveSizeBytes: number;
    xsaveComponents: { index: number; offset: number; sizeBytes: number }[];
  };
  /** Why an agent expression can never be evaluated; undefined: nothing is wrong with its form. */
  agentExpressionFault(program: Uint8Array): string | undefined;
  /** Opens a serial line raw, read and write; returns the descriptor. */
  openSerial(path: string): number;
  /**
   * Gives the terminal `fd` to a process group, tcsetpgrp(3) with SIGTTOU ignored; returns the group that had it,
   * or undefined when `fd` is no terminal of ours.
   */
  setForegroundGroup(fd: number, group: number): number | undefined;
  /** Of threads of one process, in the same order; of one that is gone nothing and 0. */
  taskStats(process: number, tids: Int32Array): NativeTaskStats;
  /**
   * A line for each task, UTF-8: id in hex, CPU in decimal, name, and thread pointer as pairs of hex digits, which is
   * left out where it is 0, and everywhere without `pointers`. `nameText` makes of a comm what stands in the line.
   * @throws RangeError when the columns are not as long as each other
   */
  taskLines(
    format: NativeTaskLineFormat,
    tids: Int32Array,
    cpus: Int32Array,
    comms: Uint8Array,
    pointers: BigUint64Array | undefined,
    nameText: (comm: Uint8Array) => string,
  ): Uint8Array;
  /** Whether this kernel has what `NativeTracer.answerCalls` needs. */
  canAnswerCalls(): boolean;
  /** Whether two processes have one address space, kcmp(2); undefined: the kernel does not say, or one is gone. */
  sharesMemory(first: number, second: number): boolean | undefined;
}
