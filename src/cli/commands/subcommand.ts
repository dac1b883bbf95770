/** What a subcommand is: `outstep NAME …`. The table is in index.ts. */
import type { Console } from '../console.js';

/** Standard output, for what was asked for, and standard error, for what is said about it. */
export interface Streams {
  readonly output: Console;
  readonly errors: Console;
}

/** What the module of a subcommand exports. */
export interface SubcommandModule {
  /** Shown for `outstep NAME --help` and behind a `UsageError`. */
  readonly usage: string;
  /**
   * @param words behind the name, as they were typed
   * @returns the exit status
   * @throws UsageError, StartError: one line for the user, exit status 1
   */
  run(words: readonly string[], streams: Streams): Promise<number>;
}

export interface Subcommand {
  readonly name: string;
  /** What may follow the name; empty: nothing. */
  readonly form: string;
  /** For `outstep --help`; one line. */
  readonly summary: string;
  /** Only the module that is asked for is loaded. */
  readonly load: () => Promise<SubcommandModule>;
}
