import type { BulkCodec } from 'gdb-js-rsp-parser';

/** How the end of a run is told. */
export interface StopForm {
  /** The site that was reached; 0: none. Without site and call a step has ended. */
  readonly site: bigint;
  /** The end of a system call that was reached. */
  readonly call: { readonly isEntry: boolean; readonly number: number } | undefined;
  /** The beginning of the reply. */
  readonly head: string;
  /** Numbers of the registers behind it, all in the general regset. */
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

/** Answers packets that come again, as a session has taught it. */
export interface PacketRepeater {
  /** `packet` puts in or takes out a site that has no programs; `OK` is the answer. `space`: of the process. */
  learnSite(packet: Uint8Array, space: number, address: bigint, isInserted: boolean): void;
  /** `packet` lets a thread run, with every other one stopped. */
  learnRun(packet: Uint8Array, tid: number, mode: 'step' | 'continue', form: StopForm): void;
  forget(): void;
}

/** The way out of a session. Bytes that come in are handed to the session by whoever owns the connection. */
export interface Transport {
  /**
   * Sends all bytes, in order; they are the caller's again when it returns. Never throws: a broken connection is told
   * to the session by `closed`, in a later turn.
   */
  write(bytes: Uint8Array): void;
  /** Who is at the other end, as `host 127.0.0.1, port 2345`; undefined: this process's own streams. */
  readonly peer?: string | undefined;
  /** Faster means for large packets than the portable ones. */
  readonly codec?: BulkCodec;
  /** Answers packets that come again, when the session lets it. @internal */
  readonly repeater?: PacketRepeater;
  /** Ends the connection after what was written has left. Calling it twice is harmless. */
  close(): void;
}
