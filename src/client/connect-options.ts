/** How a client connects, and lets the program run. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import type { ByteOrder } from './registers/register-value.js';
import type { RunMode } from './run-control.js';
import type { WaitOptions } from './wait-options.js';

export interface ConnectOptions extends WaitOptions {
  /** Longest wait for the connection, and for any reply but stops; 10 s by default. */
  readonly timeoutMs?: number;
  /** Default: all-stop. In non-stop each thread stops for itself. */
  readonly mode?: RunMode;
  /** Go on with acknowledgements although the server could do without; nothing is pipelined then. */
  readonly acknowledge?: boolean;
  /** Children of forks are held and told of, so each has to be let go; default: they run by themselves. */
  readonly followsForks?: boolean;
  /** Gets what the server and the program say while the program runs (`O` packets), as bytes. */
  readonly onOutput?: (text: Uint8Array) => void;
  /** Gets every notification as text, after the client has seen to it. */
  readonly onNotification?: (text: string) => void;
  /** Of the target; default: little. */
  readonly byteOrder?: ByteOrder;
}

export interface ContinueOptions extends WaitOptions {
  /** Only this thread runs; default: all threads of all processes. */
  readonly thread?: ThreadId;
  /** Number of the signal to deliver, in GDB's numbering. */
  readonly deliver?: number;
}
