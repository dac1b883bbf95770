/** Stop replies as values (GDB manual, "Stop Reply Packets"). */
import type { GdbSignal } from './signals.js';
import type { ThreadId } from './thread-selector.js';

export type StopReply =
  | SignalStop
  /** `W`: the process exited. */
  | { readonly kind: 'exited'; readonly code: number; readonly pid?: number }
  /** `X`: a signal killed the process. */
  | { readonly kind: 'terminated'; readonly signal: GdbSignal; readonly pid?: number }
  /** `w`: a thread, not the last of its process, exited. */
  | { readonly kind: 'thread-exited'; readonly code: number; readonly thread: ThreadId }
  /** `N`: no resumed thread is left. */
  | { readonly kind: 'no-resumed' }
  /** `O`: text for the user; the stop itself is still to come. */
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  /** `F`: the program asks for something of the client's files; the answer is the packet `F`. */
  | { readonly kind: 'file-request'; readonly call: string; readonly arguments: readonly string[] };

/** `T`, or `S` when it has nothing but the signal. */
export interface SignalStop {
  readonly kind: 'signal';
  readonly signal: GdbSignal;
  /** Values in the target's byte order, by the number of the `p` packet. */
  readonly registers: readonly { readonly number: number; readonly value: Uint8Array }[];
  readonly thread?: ThreadId;
  /** Number of the processor that the thread was last on. */
  readonly core?: number;
  readonly reason?: StopReason;
  /** Keys without a member of their own here. */
  readonly extras?: readonly { readonly key: string; readonly value: string }[];
}

export type StopReason =
  | { readonly kind: 'watch' | 'rwatch' | 'awatch'; readonly address: bigint }
  | { readonly kind: 'swbreak' | 'hwbreak' | 'library' | 'vforkdone' | 'create' }
  | { readonly kind: 'exec'; readonly path: string }
  /** The recorded history is at its end. */
  | { readonly kind: 'replaylog'; readonly end: string }
  | { readonly kind: 'fork' | 'vfork' | 'clone'; readonly child: ThreadId }
  | { readonly kind: 'syscall_entry' | 'syscall_return'; readonly number: number };
