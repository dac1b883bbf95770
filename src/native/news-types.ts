/** What the addon tells of threads: stops, ends, and what else came of them. */

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
  /** si_code of a signal-delivery stop; of an end by a signal CLD_KILLED or, with a core dump, CLD_DUMPED. */
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
  /** A range step has used up its `stepLimit`, or a block step its `transfers`, and is not over. */
  readonly inLongRange: boolean;
  /** It was to be stepped where a sequence begins; as the 'sequence' of `resume`. */
  readonly inSequence: boolean;
  /** Status of the debug registers after a hardware trap, already cleared; 0n: none. */
  readonly debugStatus: bigint;
  /** A client has been told of the stop already (`NativeRepeater`). */
  readonly told: boolean;
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

/**
 * Ends of system calls that are logged (`setLoggedCalls`), in the order in which threads came to them, and in front of all
 * news that came later. In words of 8 bytes, of this machine's byte order: tid and number of the call, 4 bytes each; pid of
 * the space and 0 for an entry or 1 for a return, 4 bytes each; milliseconds since 1970, as a double. Then, of an entry, the
 * stack pointer and six arguments; of a return, the register of the result; each extended with zeros. Then the number of
 * words that are left of it: of memory that was read (`NativeLoggedRead`), address, how many bytes were asked for and how
 * many read, 4 bytes each, and the bytes, filled up to a word.
 */
export interface NativeCallLog {
  readonly kind: 'call-log';
  readonly words: ArrayBuffer;
}

export type NativeNews = NativeEvent | NativePrinted | NativeBirth | NativeEventStops | NativeCallLog;
