/** A foreign thread (`foreign-threads.ts`) becomes a process of its own, without breakpoints, for the engines that want it. */
import { pid } from '../base/ids.js';
import { AddressSpace } from './address-space.js';
import type { Attachment } from './attachment.js';
import { Process } from './process.js';
import type { Thread, ThreadState } from './thread.js';

/** `state`: what it was in when it left its maker's process. Undefined: it is gone. */
export function separate(
  former: Thread,
  state: ThreadState,
  heirs: readonly Attachment[],
): Thread | undefined {
  const { process: maker, tid } = former;
  const { native, tracer } = maker;
  const id = pid(tid);
  const machine = tracer.machineOf(id);
  if (machine === undefined) return undefined;
  const space = native.addSpace(id, tracer.nativeArchOf(machine));
  const separated = new Process(tracer, id, maker.origin, space, new AddressSpace(tracer, machine));
  const thread = separated.addThread(tid);
  native.adopt(tid, space);
  if (state.kind === 'stopped') thread.enter(state);
  thread.pendingSignal = former.pendingSignal;
  thread.signalOverride = former.signalOverride;
  separated.caughtCalls.filter.inherit(maker.caughtCalls.filter, thread);
  for (const heir of heirs) separated.attachEngine(heir.engine, heir, true);
  for (const heir of heirs) heir.tellAside({ kind: 'separated', process: maker, separate: separated });
  return thread;
}
