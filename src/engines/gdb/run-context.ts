/** What a session gives to its modes. */
import type { PendingStops } from './pending-stops.js';
import type { ProcessSet } from './process-set.js';
import type { RunContext } from './run-mode.js';
import type { GdbSession } from './session.js';

/** The parts that only the session has. */
type OwnParts = Pick<RunContext, 'answerLate' | 'notify'> & {
  readonly processes: ProcessSet;
  readonly pending: PendingStops;
};

export function runContextOf(session: GdbSession, own: OwnParts): RunContext {
  return {
    ...own,
    selection: session.selection,
    style: session.style,
    get passSignals() {
      return session.passSignals;
    },
    threadEvents: session.threadEvents,
    repeated: session.repeated,
    log: session.server.log,
    forget: (process) => void session.forget(process),
    flushOutput: () => session.output.flush(),
  };
}
