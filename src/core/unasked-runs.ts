/** When native code may let a thread run before anybody here has asked for it. */
import type { Attachment } from './attachment.js';
import type { EventKind } from './event.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** What a run that nobody asked for may end with. */
export const unaskedRunEnds: ReadonlySet<EventKind> = new Set<EventKind>([
  'step-done',
  'breakpoint',
  'system-call-entry',
  'system-call-return',
  'fork',
  'fork-settled',
]);

/**
 * Whether nothing but the wish of its one engine decides how a stopped thread goes on, and every other thread is
 * stopped: what native code does with it before it is asked to is what it would be asked to do.
 */
export function mayRunUnasked(thread: Thread): boolean {
  const { process } = thread;
  return (
    thread.isStopped &&
    isPlain(thread) &&
    isAlone(process) &&
    isDecidedByOne(thread) &&
    hasPlainSites(process)
  );
}

/** Nothing waits to be done when it goes on. */
function isPlain(thread: Thread): boolean {
  const { state } = thread;
  return (
    thread.pendingSignal === undefined &&
    thread.signalOverride === undefined &&
    thread.injected.length === 0 &&
    !thread.isAwaited &&
    thread.debugImage === thread.process.hardware.image &&
    state.kind === 'stopped' &&
    state.at !== 'group-stop'
  );
}

function isAlone(process: Process): boolean {
  const { tracer, runningThreads, addressSpace } = process;
  return tracer.isIdle && tracer.processes.size === 1 && runningThreads.size === 0 && !addressSpace.isShared;
}

/** The others hear of no step, breakpoint, system call or fork, and let it run. */
function isDecidedByOne(thread: Thread): boolean {
  const { attachments } = thread.process;
  const listens = ({ engine: { mask } }: Attachment): boolean =>
    [...unaskedRunEnds].some((kind) => mask.has(kind));
  const others = attachments.filter((attachment) => !listens(attachment));
  const isFree = others.every((attachment) => attachment.voteFor(thread).kind === 'continue');
  return isFree && attachments.length - others.length === 1;
}

/** None that another one's plan depends on. */
function hasPlainSites({ addressSpace }: Process): boolean {
  return (
    !addressSpace.inPlace.isUnderWay && !addressSpace.rangeRuns.isAny && !addressSpace.sites.readEachOther
  );
}
