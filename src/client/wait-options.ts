/** How long a caller waits. */
export interface WaitOptions {
  /** Longest wait for the reply, in place of the connection's. */
  readonly timeoutMs?: number;
  /** Ends the wait; a packet that was sent stays sent, and its reply is dropped. */
  readonly signal?: AbortSignal;
}
