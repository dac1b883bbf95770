/** Threads that are nobody's business any more and must stay traced all the same: a filter of ours would fail their calls. */
import { type Tid, tid } from '../base/ids.js';
import type { NativeEvent } from '../native/binding-types.js';
import { isGroupStop, ptraceEvents, signalBehind } from './stop.js';
import type { Tracer } from './tracer.js';

const { clone, fork, vfork, exec } = ptraceEvents;

/** A thread that runs, or whose first stop is to come; and whatever it makes. It ends with this process. */
export function escort(tracer: Tracer, thread: Tid): void {
  tracer.native.adopt(thread, 0);
  tracer.listen(thread, (event) => onEvent(tracer, thread, event));
  tracer.deliverEarly(thread);
}

function onEvent(tracer: Tracer, thread: Tid, event: NativeEvent): void {
  if (event.kind !== 'stopped') {
    tracer.unlisten(thread);
    return;
  }
  const made = event.event === clone || event.event === fork || event.event === vfork;
  if (made) escort(tracer, tid(event.message));
  if (event.event === exec && event.message !== thread) {
    tracer.native.forget(event.message);
    tracer.unlisten(event.message);
  }
  const mode = isGroupStop(event) ? 'listen' : 'continue';
  tracer.native.resume(thread, mode, signalBehind(event));
  tracer.schedulePump();
}
