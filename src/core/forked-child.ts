/**
 * Processes that a traced thread makes. One that an engine wants to follow becomes a process with attachments of its
 * own. Of the others a copy of the memory is let go without our traps, and one that runs in its parent's memory stays
 * traced, hidden, until it has a memory of its own or is gone.
 */
import type { Pid } from '../base/ids.js';
import { tid } from '../base/ids.js';
import type { AddressSpace } from './address-space.js';
import type { Attachment } from './attachment.js';
import type { BreakpointOwner } from './breakpoint-programs.js';
import { escort } from './escorted-thread.js';
import type { RawMemory } from './memory.js';
import { Process } from './process.js';
import type { Thread } from './thread.js';
import type { Tracer } from './tracer.js';

export interface NewChild {
  readonly pid: Pid;
  /** The thread that made it, stopped in the system call. */
  readonly maker: Thread;
  readonly kind: 'fork' | 'vfork';
  /** It runs in its parent's memory. */
  readonly isShared: boolean;
  /** A client has heard of it: it must hear of its end, should that come before the first stop. */
  readonly isTold: boolean;
}

/** To be called when its maker's event is read. The child's own first stop may have come, or come later, or never. */
export function takeUpChild(tracer: Tracer, news: NewChild): void {
  const { maker } = news;
  const parent = maker.process;
  const space = copySpace(tracer, news);
  if (space === undefined) {
    if (parent.caughtCalls.filter.isInstalled) escort(tracer, tid(news.pid));
    else letChildGo(tracer, news.pid);
    if (news.isTold) tellKilled(news);
    return;
  }
  const original = parent.addressSpace;
  const addressSpace = news.isShared ? original : original.copy();
  const child = new Process(tracer, news.pid, parent.origin, space, addressSpace);
  tracer.hideProcess(child);
  child.addThread(tid(news.pid));
  tracer.native.adopt(news.pid, space);
  maker.awaitedChild = child;
  maker.owesChildEvent = true;
  const goOn = (): void => {
    if (maker.awaitedChild !== child) return;
    endDebt(maker);
    maker.awaitedChild = undefined;
    maker.process.resumeWanted([maker]);
  };
  let isSettled = false;
  child.onLeavingMemory(() => {
    if (news.isTold && !isSettled) tellKilled(news);
    goOn();
  });
  child.onFirstStop(() => {
    isSettled = true;
    settle(child, news, original);
    if (maker.awaitedChild === child) endDebt(maker);
    if (news.kind === 'fork' || !news.isShared) goOn();
  });
  tracer.deliverEarly(news.pid);
}

function tellKilled({ maker, pid }: NewChild): void {
  maker.process.report(maker, [{ kind: 'fork-settled', thread: maker, killed: pid }]);
}

/** Whoever has not been told of the child, and wanted the thread to be held, hears so. */
function endDebt(maker: Thread): void {
  maker.owesChildEvent = false;
  for (const attachment of maker.process.attachments) attachment.tellHeld(maker);
}

/** Undefined: it is gone, or what is ours stays in it. */
function copySpace(tracer: Tracer, { pid, maker }: NewChild): number | undefined {
  try {
    return tracer.native.copySpace(maker.process.space, pid);
  } catch (error) {
    tracer.warn(`breakpoints stay in process ${pid}, a child of ${maker.process.pid}`, error);
    return undefined;
  }
}

/** The child is at its first stop. */
function settle(child: Process, { maker, kind, isShared }: NewChild, original: AddressSpace): void {
  const parent = maker.process;
  const first = child.threads.get(tid(child.pid));
  if (first !== undefined) child.caughtCalls.filter.inherit(parent.caughtCalls.filter, first);
  const isWanted = (one: Attachment) => one.isAttached && one.engine.mask.has(kind);
  const followed =
    maker.isStopped && parent.addressSpace === original ? parent.attachments.filter(isWanted) : [];
  if (!isShared) child.addressSpace.settleCopy(original, new Set(followed.map(({ owner }) => owner)));
  if (followed.length === 0) {
    // Somebody may have attached to it by its pid.
    if (child.attachments.length === 0) child.release(() => true);
    return;
  }
  const heirs = new Map<BreakpointOwner, BreakpointOwner>();
  for (const followedBy of followed) {
    const attachment = child.attachEngine(followedBy.engine, followedBy, isShared && kind === 'fork');
    heirs.set(followedBy.owner, attachment.owner);
  }
  child.hardware.copyFrom(parent.hardware, heirs);
  // A new process has no debug registers, and its tables in native code say so.
  if (!child.hardware.isEmpty) child.hardwareChanged();
  parent.report(maker, [{ kind, thread: maker, child }]);
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

/** For a child at its first stop whose parent ended before it could tell of it. */
export function letOrphanGo(tracer: Tracer, parent: Process, child: Pid): void {
  try {
    repairOrphan(tracer, parent, child);
  } catch (error) {
    tracer.warn(`breakpoints stay in process ${child}, a child of ${parent.pid}`, error);
  }
  if (parent.caughtCalls.filter.isInstalled) {
    escort(tracer, tid(child));
    tracer.native.resume(child, 'continue', 0);
  } else tracer.native.detach(child, 0);
}

function repairOrphan(tracer: Tracer, parent: Process, child: Pid): void {
  const space = tracer.native.addSpace(child, tracer.nativeArchOf(parent.addressSpace.machine));
  const memory: RawMemory = {
    read: (at, into) => tracer.native.readMemory(space, at, into),
    write: (at, bytes) => tracer.native.writeMemory(space, at, bytes),
  };
  try {
    parent.sites.restoreAll(memory);
  } finally {
    tracer.native.removeSpace(space);
  }
}
