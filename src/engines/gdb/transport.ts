import type { BulkCodec } from 'gdb-js-rsp-parser';
import type { PacketRepeater } from '../../core/index.js';

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
