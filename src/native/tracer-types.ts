/** The tracer of the addon: mechanisms over ptrace(2), wait(2) and /proc/PID/mem. Errors as in binding-types.ts. */
import type { NativeArch, SystemCall } from './arch-types.js';
import type { NativeError } from './binding-types.js';
import type {
  EvaluationOutcome,
  NativeBreakpointPrograms,
  NativeHardwarePrograms,
  NativeHardwareRange,
  NativePlan,
  NativeWatchedValue,
} from './breakpoint-types.js';
import type { NativeNews } from './news-types.js';

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
  /** Files for stdin, stdout and stderr, the outputs made or emptied; none or empty: as they are. */
  readonly stdio: readonly [string, string, string] | readonly [];
  /** A terminal that becomes the program's own, in a session of its own (setsid(2)), below `stdio`. */
  readonly terminal: string | undefined;
  /** Descriptors that stay open in the program, close-on-exec (fcntl(2)) or not. */
  readonly descriptors: readonly number[];
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

/**
 * How far a search came: 'found' at, 'absent', 'unreadable' from `at` on, or 'unfinished': to be called again with `at`
 * and what is left of the range.
 */
export interface NativeSearch {
  readonly kind: 'found' | 'absent' | 'unreadable' | 'unfinished';
  readonly at: bigint;
}

/**
 * 'range-step' steps until the pc has left the range, 'block-step' until a branch was taken (`hasTransferred`). 'range-run' is the same to whoever watches, but the thread runs
 * freely: wherever it may leave the range there must be a site that is nobody's.
 */
export type ResumeMode = 'continue' | 'step' | 'range-step' | 'block-step' | 'range-run' | 'listen';

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
  /** 'range-run': every way out leads to a site, also where a thread goes past a site in a slot. */
  readonly isEnclosed?: boolean;
  /**
   * 'block-step', and 'step' if somebody wants to know whether it was a block step: what `ArchModule.transfers` says of the
   * range, which starts at the pc. Where it ends before that is known, the thread is handed up with `inLongRange`.
   */
  readonly transfers?: Uint8Array;
}

/**
 * How a resume was carried out: 'running'; 'gone' (the thread has vanished); 'refused' (it stands at a site whose plan
 * refuses: the caller must step it in place with every other thread held); 'sequence' (a step would stop it between
 * instructions that must be run through: the caller must have it run to their end); 'stretch' (`transfers` has come to its
 * end; it is still stopped, and to be resumed with those from there on); 'done' (a step that was emulated without
 * running the thread: it is still stopped, at the next instruction). Only a thread whose last event told of the site
 * that it stands at (`atSite`) goes past it; any other one meets the trap.
 */
export type ResumeResult = 'running' | 'gone' | 'refused' | 'sequence' | 'stretch' | 'done';

/** Memory that goes into the log with an end of calls of a number. */
export interface NativeLoggedRead {
  readonly number: number;
  readonly isReturn: boolean;
  /** It ends behind the first zero. */
  readonly isString: boolean;
  /** Not behind a call that has failed. */
  readonly needsSuccess: boolean;
  /** Which argument, from 0 on, has the address. */
  readonly argument: number;
  /** Which one has the number of elements; -2: the result; -1: as many as there may be. */
  readonly countArgument: number;
  readonly elementBytes: number;
  readonly mostBytes: number;
}

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

  /** Copy of a regset of a stopped thread, as long as the kernel's, at most `sizeBytes`; undefined: gone, or the kernel has no such set for it (ENODEV, ENXIO, EINVAL, EIO). */
  getRegset(tid: number, noteType: number, sizeBytes: number): Uint8Array | undefined;
  /**
   * As `getRegset` for many: the regset of the note type `noteTypes[i]` of thread `tids[i]`, at most `sizesBytes[i]` of it;
   * undefined where that gives undefined, or the thread is not stopped. Throws what it throws, for the first.
   */
  getRegsets(
    tids: Int32Array,
    noteTypes: Int32Array,
    sizesBytes: Uint32Array,
  ): readonly (Uint8Array | undefined)[];
  /** Stores a regset; the general one is kept and stored when the thread is resumed. False: gone. */
  setRegset(tid: number, noteType: number, bytes: Uint8Array): boolean;
  /**
   * Tags of memory, one byte for each granule, from `address` on, which is one's start: as many as could be read, at most
   * `count`. Throws where there are none.
   */
  readTags(tid: number, address: bigint, count: number): Uint8Array;
  /** How many were written, from the first on. Throws as `readTags`. */
  writeTags(tid: number, address: bigint, tags: Uint8Array): number;
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
  /**
   * As `readMemory` for many ranges at once, which come to lie one behind the other in `into`: `lengths`, as many as
   * addresses, are those asked for, and afterwards those read.
   */
  readRanges(space: number, addresses: BigUint64Array, lengths: Uint32Array, into: Uint8Array): void;
  /** Bytes written, as in readMemory. Reaches read-only pages. */
  writeMemory(space: number, address: bigint, bytes: Uint8Array): number;
  /** As `writeMemory` for many ranges in turn, whose bytes lie one behind the other; `lengths` as with `readRanges`. */
  writeRanges(space: number, addresses: BigUint64Array, lengths: Uint32Array, bytes: Uint8Array): void;
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
  /** The hardware breakpoints and watchpoints of a space, in place of those before: hits that have an address are of these. */
  setHardwareRanges(space: number, list: readonly NativeHardwareRange[]): void;
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
  /**
   * Has the sentinel take hardware breakpoints and watchpoints from the process's threads when this process ends without
   * doing so itself. To be called before a thread gets one; until the space is removed or reset. Errors and programs
   * that were spawned: as `guard`.
   */
  guardThreads(space: number): void;
  /** Ends what `guard` began, after the original bytes are back; an unknown address is nothing. */
  unguard(space: number, address: bigint): void;
  /** Signals that are delivered at once without an event, for threads that do not step; bit n - 1 is signal n. */
  setPassSignals(space: number, signals: bigint): void;
  /**
   * The system calls whose two ends are told, in threads that are resumed from now on; a step over one tells them, too.
   * No others come to be heard of. `areOthers`: they are all but those.
   */
  setCaughtCalls(space: number, calls: readonly number[], areOthers: boolean): void;
  /**
   * Which of the caught calls are logged (`NativeCallLog`) instead of being told as stops, while their threads continue;
   * `ends[number]`, or `others` behind the end of it. Bit 0: entries are; bit 1: and the thread waits there until the next
   * `wait`. Bits 2 and 3: the same of returns, if the entry was logged.
   */
  setLoggedCalls(space: number, ends: Uint8Array, others: number, reads: readonly NativeLoggedRead[]): void;
  /**
   * Says that a seccomp filter in the program stops its threads on their way into these calls (`areOthers`: into all
   * others), with `mark` as its data:
   * as long as it covers what is caught, other calls cost nothing. `mark` + 1 says that the program is about to add a
   * filter of its own, which might come first: after that, threads stop at every call again. `mark` 0: there is none.
   */
  setCallFilter(space: number, calls: readonly number[], areOthers: boolean, mark: number): void;
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
  /**
   * Whether the step of a stopped thread that has just ended took it elsewhere than to the next instruction, or into the
   * kernel. Of one that was resumed without `transfers` it says nothing.
   */
  hasTransferred(tid: number): boolean;
  /** How many threads are known and how many spaces declared. */
  tableSizes(): { readonly threads: number; readonly spaces: number };
  /** Tells that a thread will not stop any more (a leader that exited before its threads). */
  park(tid: number): void;
  /** Lets every traced process go or kills it, as it was spawned or attached, and frees everything. Twice is harmless. */
  dispose(): void;
}
