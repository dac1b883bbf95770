/**
 * Threads of another thread group: made by clone(2) without CLONE_THREAD, and without SIGCHLD at the end, which would
 * make them forked children (PTRACE_EVENT_CLONE, ptrace(2)). Clients know them as threads of the process whose thread
 * made them. Some have a memory of their own: no breakpoint is hit in that.
 */
import { pid, type Tid } from '../base/ids.js';
import { nativeBinding } from '../native/binding.js';
import { escort } from './escorted-thread.js';
import type { RawMemory } from './memory.js';
import type { Process } from './process.js';
import { signalBehind } from './stop.js';
import type { Thread } from './thread.js';

/** The child's first stop may have come, or come later. */
export function addForeignThread(maker: Process, id: Tid): Thread {
  const isShared = nativeBinding().sharesMemory(maker.pid, id) ?? true;
  const ownSpace = isShared ? undefined : spaceOfCopy(maker, id);
  const thread = maker.addThread(id, { group: pid(id), ownSpace });
  maker.native.adopt(id, ownSpace ?? maker.space);
  return thread;
}

/** Undefined: it is gone. */
function spaceOfCopy(maker: Process, id: Tid): number | undefined {
  const { native, sites } = maker;
  const space = native.copySpace(maker.space, id);
  if (space === undefined) return undefined;
  const memory: RawMemory = {
    read: (at, into) => native.readMemory(space, at, into),
    write: (at, bytes) => native.writeMemory(space, at, bytes),
  };
  sites.restoreAll(memory);
  for (const address of sites.addresses()) native.removeSite(space, address);
  return space;
}

/**
 * It executes a program of its own, or its maker's process is gone: it is a process for the engines that want so
 * (`separated`), and else nobody's thread any more.
 * @returns it as the thread of that process
 */
export function letForeignThreadGo(thread: Thread): Thread | undefined {
  const { tid, process } = thread;
  const { native, tracer } = process;
  const wasStopped = thread.isStopped;
  const signal = thread.signalOverride ?? thread.pendingSignal ?? 0;
  const { state } = thread;
  process.forgetThread(thread);
  const heirs = process.attachments.filter(({ engine }) => engine.mask.has('separated'));
  const separated = heirs.length === 0 ? undefined : tracer.separate(thread, state, heirs);
  if (separated !== undefined) return separated;
  if (process.caughtCalls.filter.isInstalled) {
    escort(tracer, tid);
    if (wasStopped) native.resume(tid, 'continue', signal);
    return undefined;
  }
  if (wasStopped) {
    native.detach(tid, signal);
    return undefined;
  }
  tracer.listen(tid, (event) => {
    tracer.unlisten(tid);
    if (event.kind === 'stopped') native.detach(tid, signalBehind(event));
  });
  native.interrupt(tid);
  return undefined;
}

/** The process's memory is gone for its own threads; theirs may be the same and goes on. */
export function letForeignThreadsGo(process: Process): void {
  const foreign = [...process.threads.values()].filter((thread) => thread.isForeign);
  if (foreign.length > 0) process.sites.restoreAll(process.addressSpace.rawMemory);
  for (const thread of foreign) letForeignThreadGo(thread);
}
