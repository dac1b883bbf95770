import type { BulkCodec } from 'gdb-js-rsp-parser';

/** The way out of a session. Bytes that come in are handed to the session by whoever owns the connection. */
export interface Transport {
  /**
   * Sends all bytes, in order; they are the caller's again when it returns. Never throws: a broken connection is told
   * to the session by `closed`, in a later turn.
   */
  write(bytes: Uint8Array): void;
  /** Faster means for large packets than the portable ones. */
  readonly codec?: BulkCodec;
  /** Ends the connection after what was written has left. Calling it twice is harmless. */
  close(): void;
}
