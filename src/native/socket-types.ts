/** Sockets of the addon, and the packets that it answers by itself. */

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
  /** Ids of children that the client was told of and has let go. */
  readonly letGo?: readonly number[];
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
  /** The end of the reply, while these bytes of regsets are the same: the values of other registers. */
  readonly tail: string;
  readonly tailWhile: readonly {
    readonly noteType: number;
    readonly offset: number;
    readonly bytes: Uint8Array;
  }[];
  /**
   * Not empty: a fork was reached. What the client then says of the child, in order; `OK` is the answer to each, and
   * with the last one the child is let go. In these and in `head` `*` stands for the child's id in hex digits.
   */
  readonly aboutChild: readonly string[];
}

/** Learns what packets mean that come again, and how they are answered. */
export interface NativePacketRepeater {
  /**
   * `packet`, without framing, puts in or takes out a site that has no programs; `OK` is the answer. `space`: the handle of
   * the process's memory.
   */
  learnSite(packet: Uint8Array, space: number, address: bigint, isInserted: boolean): void;
  /** `packet` lets a thread run, with every other one stopped. */
  learnRun(packet: Uint8Array, tid: number, mode: 'step' | 'continue', form: NativeStopForm): void;
  /** Knows nothing any more. */
  forget(): void;
}

/** Carries out such packets, and answers them. */
export interface NativeRepeater extends NativePacketRepeater {
  /** Waits a few milliseconds for each packet, and answers them for `timeoutMs` or a little longer. */
  serve(into: Uint8Array, timeoutMs: number): NativeServed;
}
