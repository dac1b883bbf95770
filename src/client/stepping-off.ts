/**
 * Past breakpoints: a thread that stands at one of this client's would run into it again, so the breakpoint is taken out
 * while it makes one step.
 */
import type { ThreadId } from 'gdb-js-rsp-parser';
import type { Breakpoints } from './breakpoints.js';
import type { ResumeAction, ResumeOptions, RunControl } from './run-control.js';
import type { StopEvent } from './stop-event.js';
import type { WaitOptions } from './wait-options.js';

export interface SteppingOff {
  readonly running: RunControl;
  readonly breakpoints: Breakpoints;
  readonly pcOf: (thread: ThreadId | undefined) => Promise<bigint>;
}

const trap = 5;

/**
 * Whether a step ended as it should, with nothing else to tell. One that ended at the next breakpoint is told when the
 * thread goes on.
 */
function isPlainStep(stop: StopEvent, thread: ThreadId | undefined): boolean {
  if (stop.kind !== 'signal' || stop.signal !== trap) return false;
  const isOfThread = thread === undefined || stop.thread === undefined || stop.thread.tid === thread.tid;
  return isOfThread && (stop.reason === undefined || stop.reason.kind === 'swbreak');
}

/** @returns the stop when it was another one than the end of the step */
export async function stepOff(
  { running, breakpoints, pcOf }: SteppingOff,
  thread: ThreadId | undefined,
  options: WaitOptions,
): Promise<StopEvent | undefined> {
  if (!breakpoints.list().some(({ kind }) => kind === 'software')) return undefined;
  const pc = await pcOf(thread);
  if (!breakpoints.isSoftwareAt(pc)) return undefined;
  const isUntold = (stop: StopEvent): boolean => isPlainStep(stop, thread);
  const action: ResumeAction = { kind: 'step', ...(thread && { thread }) };
  const stop = await liftedStep({ running, breakpoints }, pc, action, { ...options, isUntold });
  return stop !== undefined && isUntold(stop) ? undefined : stop;
}

/** One step of a thread; the breakpoint at its pc, if there is one, is out while it makes it. */
export async function stepThread(
  context: SteppingOff,
  action: ResumeAction,
  options: WaitOptions,
): Promise<StopEvent | undefined> {
  const { running, breakpoints, pcOf } = context;
  if (!breakpoints.list().some(({ kind }) => kind === 'software'))
    return running.resumeAndWait([action], options);
  return liftedStep(context, await pcOf(action.thread), action, options);
}

async function liftedStep(
  { running, breakpoints }: Omit<SteppingOff, 'pcOf'>,
  pc: bigint,
  action: ResumeAction,
  options: ResumeOptions,
): Promise<StopEvent | undefined> {
  const putBack = await breakpoints.liftAt(pc, options);
  const stop = await running.resumeAndWait([action], options);
  // The program may have ended meanwhile, and its breakpoints with it.
  if (stop?.kind === 'signal') await putBack();
  return stop;
}
