/** The traceframe that a client looks at in place of the program. */
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';
import type { TraceBuffer } from './trace-buffer.js';
import type { Traceframe } from './traceframe.js';

class FrameSelection implements Disposable {
  frame: Traceframe | undefined;
  /** Number of the frame since the buffer was cleared: an index changes when a ring gives frames up. */
  sequence = -1;

  [Symbol.dispose](): void {
    this.frame = undefined;
  }
}

const selections = new PerSession(() => new FrameSelection());

export function selectedFrame(session: GdbSession): Traceframe | undefined {
  return selections.of(session).frame;
}

export function deselectFrame(session: GdbSession): void {
  selections.of(session).frame = undefined;
}

/** Selects a frame by its index in the buffer. */
export function selectFrame(session: GdbSession, buffer: TraceBuffer, index: number): Traceframe | undefined {
  const frame = buffer.frame(index);
  if (frame === undefined) return undefined;
  const selection = selections.of(session);
  selection.frame = frame;
  selection.sequence = buffer.givenUpCount + index;
  return frame;
}

/** Index of the first frame that a search looks at: the one behind the selected frame, or the oldest. */
export function indexAfterSelected(session: GdbSession, buffer: TraceBuffer): number {
  const { frame, sequence } = selections.of(session);
  return frame === undefined ? 0 : Math.max(0, sequence + 1 - buffer.givenUpCount);
}
