/**
 * Children of a traced process that no engine follows. A fork child has a copy of the memory: the traps are taken out
 * of the copy and it is let go. A vfork child runs in its parent's memory, traps included: it stays traced, unseen,
 * until it has a memory of its own or is gone.
 */
import type { Pid } from '../base/ids.js';
import type { NativeEvent } from '../native/binding-types.js';
import type { RawMemory } from './memory.js';
import type { Process } from './process.js';
import type { Tracer } from './tracer.js';

const execEvent = 4;
const cloneEvents = [1, 2, 3];

export function followForkedChild(tracer: Tracer, parent: Process, child: Pid, sharesMemory: boolean): void {
  tracer.native.adopt(child, parent.space);
  const listener = sharesMemory
    ? sharedMemoryListener(tracer, parent, child)
    : copyListener(tracer, parent, child);
  tracer.listen(child, listener);
  tracer.deliverEarly(child);
}

function copyListener(tracer: Tracer, parent: Process, child: Pid) {
  return (event: NativeEvent): void => {
    tracer.unlisten(child);
    if (event.kind !== 'stopped') return;
    const space = tracer.native.addSpace(child, tracer.nativeArchOf(parent));
    try {
      parent.sites.restoreAll(spaceMemory(tracer, space));
      tracer.native.detach(child, 0);
    } finally {
      tracer.native.removeSpace(space);
    }
  };
}

function sharedMemoryListener(tracer: Tracer, parent: Process, child: Pid) {
  /** The site that is lifted for a step in place. */
  let lifted: bigint | undefined;
  return (event: NativeEvent): void => {
    if (lifted !== undefined) parent.sites.lower(lifted);
    lifted = undefined;
    if (event.kind !== 'stopped') {
      tracer.unlisten(child);
      return;
    }
    if (event.event === execEvent) {
      tracer.unlisten(child);
      tracer.native.detach(child, 0);
      return;
    }
    if (cloneEvents.includes(event.event)) tracer.onForkedChild(parent, event.message, event.event !== 1);
    const isOwnTrap = event.atSite || event.stepped || event.refused;
    const signal = event.event === 0 && !isOwnTrap ? event.code : 0;
    if (tracer.native.resume(child, 'continue', signal) === 'refused') {
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
