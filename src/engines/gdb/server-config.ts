/** What the server is told when it is made, and what it asks of who runs it. */
import type { Attachment, Thread } from '../../core/index.js';
import type { PersistentBreakpoint } from './persistent-breakpoint.js';

/** How a server behaves, for all of its clients. */
export interface ServerConfig {
  /** End when the first client goes. */
  readonly once: boolean;
  /** Started without a program, for clients that start or attach to theirs. */
  readonly multi: boolean;
  /** Command and arguments put in front of every program that is started. */
  readonly wrapper?: readonly string[];
  readonly startWithShell: boolean;
  readonly disableRandomization: boolean;
  /** Names given to `--disable-packet`. */
  readonly disabledPackets: ReadonlySet<string>;
  /** The connection uses the server's own stdin and stdout: programs get /dev/null and stderr instead. */
  readonly redirectStdio: boolean;
  /** The terminal that programs read from, if the server shares its own with them. */
  readonly terminal?: ProgramTerminal;
  /** Told to clients that ask what serves them. */
  readonly version?: string;
  /** The TCP port that clients come to, if they do. */
  readonly port?: () => number | undefined;
  /** What becomes of a process whose client is lost; left out: what it held is held on, what ran runs on. */
  readonly onDisconnect?: 'detach' | 'kill' | 'stop';
  /** `detach`: a client that wants a process killed that was attached to lets it go by that. */
  readonly onClientKill?: 'kill' | 'detach';
  /** A client that lets the rest of a packet wait for longer counts as lost; 60,000 ms unless given. */
  readonly packetTimeoutMs?: number;
  /** Descriptors above 2 that programs get under the same numbers, as far as they are open now. */
  readonly descriptors?: () => readonly number[];
  /** Environment of programs; the server's own unless given. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A process whose client is lost. */
export interface LeftProcess {
  readonly attachment: Attachment;
  readonly persistentBreakpoints: readonly PersistentBreakpoint[];
  /** The threads that the client held. */
  readonly held: readonly Thread[];
}

/** A terminal that one program at a time can have. */
export interface ProgramTerminal {
  /** Makes it the terminal of a program, in the foreground. */
  lend(programPid: number): void;
  /** Makes it the server's again. */
  takeBack(programPid: number): void;
}
