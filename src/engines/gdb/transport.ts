/** The way out of a session. Bytes that come in are handed to the session by whoever owns the connection. */
export interface Transport {
  /** Sends all bytes, in order; never throws, a broken connection is told to the session by `closed`. */
  write(bytes: Uint8Array): void;
  /** Ends the connection after what was written has left. Calling it twice is harmless. */
  close(): void;
}
