/** A command line that makes no sense; the message is one line. */
export class UsageError extends Error {
  /** Shown after the message: the usage, or the list of packets that can be disabled. */
  readonly hint: 'usage' | 'packets' | 'none';

  constructor(message: string, hint: 'usage' | 'packets' | 'none' = 'usage') {
    super(message);
    this.hint = hint;
  }
}
