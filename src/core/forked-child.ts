/**
 * Children of a traced process that no engine follows. A fork child has a copy of the memory: the traps are taken out
 * of the copy and it is let go. A vfork child runs in its parent's memory, traps included: it stays traced, unseen,
 * until it has a memory of its own or is gone.
 */
import type { Pid } from '../base/ids.js';
import type { NativeEvent } from '../native/binding-types.js';
import type { RawMemory } from './memory.js';
import type { Process } from './process.js';
import { isCallStop, isGroupStop, ptraceEvents } from './stop.js';
import type { Tracer } from './tracer.js';

const childEvents: readonly number[] = [ptraceEvents.fork, ptraceEvents.vfork, ptraceEvents.clone];

export function followForkedChild(tracer: Tracer, parent: Process, child: Pid, sharesMemory: boolean): void {
  tracer.native.adopt(child, parent.space);
  const listener = sharesMemory
    ? sharedMemoryListener(tracer, parent, child)
    : copyListener(tracer, parent, child);
  tracer.listen(child, listener);
  tracer.deliverEarly(child);
}

/** For a child in whose memory there is nothing of ours. */
export function letChildGo(tracer: Tracer, child: Pid): void {
  tracer.native.adopt(child, 0);
  tracer.listen(child, (event) => {
    tracer.unlisten(child);
    if (event.kind === 'stopped') tracer.native.detach(child, 0);
  });
  tracer.deliverEarly(child);
}

function copyListener(tracer: Tracer, parent: Process, child: Pid) {
  return (event: NativeEvent): void => {
    tracer.unlisten(child);
    if (event.kind === 'stopped') letCopyGo(tracer, parent, child);
  };
}

/** For a child at its first stop. */
export function letCopyGo(tracer: Tracer, parent: Process, child: Pid): void {
  try {
    repairCopy(tracer, parent, child);
  } catch (error) {
    tracer.warn(`breakpoints stay in process ${child}, a child of ${parent.pid}`, error);
  }
  tracer.native.detach(child, 0);
}

function repairCopy(tracer: Tracer, parent: Process, child: Pid): void {
  const space = tracer.native.addSpace(child, tracer.nativeArchOf(parent));
  try {
    parent.sites.restoreAll(spaceMemory(tracer, space));
  } finally {
    tracer.native.removeSpace(space);
  }
}

function sharedMemoryListener(tracer: Tracer, parent: Process, child: Pid) {
  /** The site that is lifted for a step in place. */
  let lifted: bigint | undefined;
  parent.addSharer(child);
  const end = (): void => {
    tracer.unlisten(child);
    parent.removeSharer(child);
  };
  return (event: NativeEvent): void => {
    if (lifted !== undefined) parent.sites.lower(lifted);
    lifted = undefined;
    if (event.kind !== 'stopped') {
      end();
      return;
    }
    if (childEvents.includes(event.event))
      tracer.onForkedChild(parent, event.message, event.event !== ptraceEvents.fork);
    const isOwnTrap = event.atSite || event.stepped || event.refused;
    const signal = event.event === 0 && !isOwnTrap && !isCallStop(event) ? event.code : 0;
    // Without its parent there is nothing in the memory any more that it must be led past.
    if (event.event === ptraceEvents.exec || !parent.isAlive) {
      tracer.native.detach(child, signal);
      end();
      return;
    }
    const mode = isGroupStop(event) ? 'listen' : 'continue';
    if (tracer.native.resume(child, mode, signal) === 'refused') {
      // The parent waits in the kernel; its other threads may miss the site for the time of one instruction.
      lifted = event.pc;
      parent.sites.lift(lifted);
      tracer.native.stepInPlace(child, 0);
    }
    tracer.schedulePump();
  };
}

function spaceMemory(tracer: Tracer, space: number): RawMemory {
  return {
    read: (at, into) => tracer.native.readMemory(space, at, into),
    write: (at, bytes) => tracer.native.writeMemory(space, at, bytes),
  };
}
