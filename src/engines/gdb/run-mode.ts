/**
 * How a connection learns of stops: in all-stop the answer to a resume is the next stop, and everything stands when
 * it leaves; in non-stop each thread stops for itself and notifications tell of it.
 */
import type { KernelSignal, Pid } from '../../base/ids.js';
import type { CoreEvent, EventAnswer, Process, Thread } from '../../core/index.js';
import type { DebugLog } from './debug-log.js';
import type { Reply } from './packet.js';
import type { PendingStops } from './pending-stops.js';
import type { ProcessSet } from './process-set.js';
import type { RepeatedPackets } from './repeated-packets.js';
import type { RequestedAction } from './run-control.js';
import type { ReportStyle } from './stop-reporter.js';
import type { ThreadEvents } from './thread-events.js';
import type { ThreadSelection } from './thread-selection.js';

/** What a mode shares with its session and with the mode before it. */
export interface RunContext {
  readonly processes: ProcessSet;
  /** Stops that the client has not been told of, of threads that it may resume. */
  readonly pending: PendingStops;
  readonly selection: ThreadSelection;
  readonly style: ReportStyle;
  readonly threadEvents: ThreadEvents;
  /** Signals that the client wants delivered without being told. */
  readonly passSignals: ReadonlySet<KernelSignal>;
  readonly repeated: RepeatedPackets;
  readonly log: DebugLog;
  /** A process whose end was kept is the client's no more: its end is told, or is not any more. */
  forget(process: Process): void;
  /** Writes the answer to a resume packet and goes on with the packets that wait. */
  answerLate(reply: Reply): void;
  /** Sends what programs have printed, before the client hears that they have stopped. */
  flushOutput(): void;
  /** Sends a stop reply as a notification. */
  notify(stopReply: string): void;
}

export interface RunMode {
  readonly kind: 'all-stop' | 'non-stop';
  /** Whether the next packet may be handled. */
  readonly isReady: boolean;
  /** Whether the client waits for a stop, of which there is none yet. */
  readonly isWaiting: boolean;
  /** Whether the next resume is all that its packet says, with nothing left over from before. */
  readonly owesNothing: boolean;
  /** Carries out a resume request. */
  resume(actions: readonly RequestedAction[]): Reply;
  /** The interrupt byte, or `vCtrlC`. `isLate`: the client knew already how the last resume had ended. */
  interrupt(isLate?: boolean): void;
  onEvent(event: CoreEvent): EventAnswer;
  /** Whether the end of a process waits for a resume of it; its `leader` is there for the client until then. */
  keepsEnd(leader: Thread): boolean;
  /** `?`. `unreported`: processes that the server has attached to of itself, and no client knows. */
  reportCurrent(unreported: Iterable<Process>): Reply;
  /** A process has been adopted and all its threads are held: the answer to `vRun` or `vAttach`. */
  reportPresent(process: Process, origin: 'started' | 'attached'): Reply;
  /** `vStopped` */
  acknowledge(): Reply;
  /** A stop was sent of which the client will take note (`vStopped`). */
  readonly owesStops: boolean;
  /** A process is the client's no more. */
  forget(process: Process): void;
  /**
   * The client lets go of a process that has ended.
   * @param pid undefined: of any
   * @returns whether there is one whose end the client has not taken note of.
   */
  forgetEnd(pid: Pid | undefined): boolean;
  /** The threads of a process that are to stay held when the connection is lost. */
  heldThreads(process: Process): Iterable<Thread>;
  /** Gives way to another mode; resolves when every thread is held. */
  leave(): Promise<void>;
}
