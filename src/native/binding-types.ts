/**
 * The typed surface of the addon: mechanisms over ptrace(2), wait(2) and /proc, no policy. Everything is synchronous
 * and must be called on the JavaScript thread that made the Tracer, because the kernel ties ptrace to it.
 *
 * Failures: unless stated otherwise a call throws a `NativeError`. Where a thread may have vanished between two calls
 * (ESRCH), the call returns false or undefined instead: its exit event follows.
 */
import type { MachineFacts } from '../base/machine-facts.js';
import type { NativeRepeater, NativeSocket, SocketAddress } from './socket-types.js';
import type { NativeTracer } from './tracer-types.js';

export type * from './arch-types.js';
export type * from './breakpoint-types.js';
export type * from './news-types.js';
export type * from './socket-types.js';
export type * from './tracer-types.js';

/** Thrown by the addon. `request` names what was refused, for example 'PTRACE_SEIZE' or 'execve'. */
export interface NativeError extends Error {
  readonly errno: number;
  readonly request: string;
  readonly tid: number;
}

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
  /** Facts about this machine, as base/machine-facts.ts has them. */
  machineFacts(): MachineFacts;
  /** Why an agent expression can never be evaluated; undefined: nothing is wrong with its form. */
  agentExpressionFault(program: Uint8Array): string | undefined;
  /** Opens a serial line raw, read and write; returns the descriptor. */
  openSerial(path: string): number;
  /** setsid(2). False: this process leads a group already, which may not begin a session. */
  newSession(): boolean;
  /** Opens a new pseudo terminal, pty(7): the descriptor of its master side, which never waits, and the path of the other one. */
  openTerminal(): { readonly fd: number; readonly path: string };
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
  /** Whether the event loop of this JavaScript thread waits for the end of a process, as it does for those of child_process. */
  isEventLoopChild(process: number): boolean;
}
