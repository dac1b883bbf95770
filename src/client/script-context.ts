/** What `outstep script` gives to a script, whose default export is a function that takes it. */
import type { RspClient } from './rsp-client.js';

/** What a script is called with. */
export interface ScriptContext {
  /**
   * Connected to a server of the command's own. The program stands before its first instruction, or where it was when it
   * was attached to; without either, `client.processes` starts or attaches.
   */
  readonly client: RspClient;
  /** The words behind the script's name, up to `--`. */
  readonly args: readonly string[];
  /** Aborted when the command is asked to end (SIGINT, SIGTERM, SIGHUP). */
  readonly signal: AbortSignal;
}

/** The command ends when it has returned, or its promise has settled: with status 1 for an error. */
export type Script = (context: ScriptContext) => unknown;
