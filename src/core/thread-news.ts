/** What the kernel says of a process's threads: read, told to the engines, and answered by letting the thread run or not. */
import { address, type KernelSignal, type Tid, tid } from '../base/ids.js';
import type { NativeEvent } from '../native/binding-types.js';
import { callAt } from './current-call.js';
import type { ResumeAction } from './engine.js';
import type { ExitStatus, ThreadEvent } from './event.js';
import { addForeignThread, letForeignThreadGo, letForeignThreadsGo } from './foreign-threads.js';
import { isOtherProcess, isTraceStopped } from './proc.js';
import type { Process } from './process.js';
import {
  breakpointHit,
  isCallStop,
  isGroupStop,
  kindOfStop,
  ptraceEvents,
  readCallStop,
  readEventStop,
  readSignalStop,
} from './stop.js';
import type { Thread, ThreadState } from './thread.js';
import type { ThreadRunner } from './thread-runner.js';

const heldStop: ThreadState = { kind: 'stopped', at: 'event' };

export class ThreadNews {
  readonly #process: Process;
  readonly #runner: ThreadRunner;
  #onFirstStop: (() => void) | undefined;

  constructor(process: Process, runner: ThreadRunner) {
    this.#process = process;
    this.#runner = runner;
    runner.onStepDone((thread) => process.report(thread, this.#stepEnd(thread)));
  }

  onFirstStop(born: () => void): void {
    this.#onFirstStop = born;
  }

  /**
   * Threads that have stopped for an interrupt. While every engine holds everything there is nothing to tell, and nobody
   * to let go on; there may be thousands.
   * @returns those of which there is more to be said
   */
  takeHeldStops(ids: Int32Array): Int32Array {
    const process = this.#process;
    const isBusy = this.#onFirstStop !== undefined || process.addressSpace.inPlace.isUnderWay;
    if (isBusy || process.attachments.length === 0) return ids;
    if (!process.attachments.every(({ holdsAllSilently }) => holdsAllSilently)) return ids;
    return ids.filter((id) => {
      const thread = process.threads.get(tid(id));
      if (thread === undefined || thread.isNew || thread.rangeRun !== undefined) return true;
      thread.enter(heldStop);
      return false;
    });
  }

  onEvent(thread: Thread, event: NativeEvent): void {
    if (event.kind !== 'stopped') {
      this.#onExit(thread, event);
      return;
    }
    const isKnownStop = isGroupStop(event) && thread.isListening && thread.isInterrupted;
    thread.enter({ kind: 'stopped', at: kindOfStop(event) });
    const born = this.#onFirstStop;
    this.#onFirstStop = undefined;
    if (born !== undefined) {
      born();
      return;
    }
    const { inPlace } = this.#process.addressSpace;
    const steppedInPlace = inPlace.finish(thread);
    if (event.refused) {
      const wish = this.#process.wishFor(thread);
      if (wish.kind !== 'hold') this.#runner.passRefusedSite(thread, wish);
    } else if (event.inLongRange) {
      this.#runner.runRangeIfWanted(thread);
    } else if (event.inSequence) {
      const wish = this.#process.wishFor(thread);
      if (wish.kind !== 'hold') this.#runner.runSequence(thread, wish);
    } else if (event.stepped && this.#isInsideSteps(thread)) {
      thread.endRangeRun();
      this.#continueAfterStep(thread, this.#process.wishFor(thread));
    } else if (steppedInPlace !== undefined && event.stepped && steppedInPlace.kind !== 'step') {
      this.#continueAfterStep(thread, steppedInPlace);
    } else if (isKnownStop) {
      this.#runner.resumeIfWanted(thread);
    } else {
      this.#readStop(thread, event);
    }
    for (const attachment of this.#process.attachments) attachment.tellHeld(thread);
    if (thread.isStopped && thread.rangeRun?.serves(this.#process.wishFor(thread)) === false)
      thread.endRangeRun();
    if (steppedInPlace !== undefined) this.#process.addressSpace.resumeWanted();
  }

  /** It has run through a sequence that is in its range or block, and not yet out of that. */
  #isInsideSteps(thread: Thread): boolean {
    if (thread.rangeRun?.isOfSequence !== true) return false;
    const wish = this.#process.wishFor(thread);
    if (wish.kind === 'block-step') return !this.#process.native.hasTransferred(thread.tid);
    return wish.kind === 'range-step' && thread.pc >= wish.start && thread.pc < wish.end;
  }

  #continueAfterStep(thread: Thread, action: ResumeAction): void {
    const { pc } = thread;
    const isOutOfRange = action.kind === 'range-step' && (pc < action.start || pc >= action.end);
    const isEndOfBlock = action.kind === 'block-step' && this.#process.native.hasTransferred(thread.tid);
    const isDone = isOutOfRange || isEndOfBlock;
    // The step has reached a site that waits there: going on would pass it.
    if (isDone || this.#process.sites.has(pc)) this.#process.report(thread, this.#stepEnd(thread));
    else this.#runner.resumeIfWanted(thread);
  }

  #readStop(thread: Thread, event: NativeEvent): void {
    if (event.event !== 0) {
      this.#onEventStop(thread, event);
      return;
    }
    if (isCallStop(event)) {
      this.#onCallStop(thread, event);
      return;
    }
    const facts = readSignalStop(thread, event, this.#process.tracer.ownPid);
    thread.pendingSignal = facts.pendingSignal;
    const trapLength = BigInt(this.#process.arch.breakpoint.pcOffset);
    const isProgramTrap = facts.events[0]?.kind === 'program-trap';
    if (isProgramTrap) thread.pc = address(event.pc - trapLength);
    this.#process.report(thread, facts.events, () => {
      // Nobody wants to look at it: the program gets its SIGTRAP with the pc that it expects.
      if (isProgramTrap && this.#process.wishFor(thread).kind !== 'hold') thread.pc = address(event.pc);
    });
  }

  #onCallStop(thread: Thread, event: NativeEvent): void {
    if (event.callEnd !== 'entry') thread.currentCall?.returned();
    else thread.currentCall = callAt(thread, event.callNumber ?? -1);
    this.#process.report(thread, readCallStop(thread, event));
  }

  #onEventStop(thread: Thread, event: NativeEvent): void {
    switch (event.event) {
      case ptraceEvents.clone:
        this.#onClone(thread, tid(event.message));
        return;
      case ptraceEvents.fork:
        if (event.message === 0)
          this.#process.report(thread, [{ kind: 'fork-settled', thread, killed: undefined }]);
        else this.#onFork(thread, event, 'fork');
        return;
      case ptraceEvents.vfork:
        this.#onFork(thread, event, 'vfork');
        return;
      case ptraceEvents.vforkDone:
        this.#process.report(thread, [{ kind: 'vfork-done', thread }]);
        return;
      case ptraceEvents.exec:
        this.#onExec(thread, tid(event.message));
        return;
      default:
        this.#process.report(thread, readEventStop(thread, event));
    }
  }

  #onFork(thread: Thread, event: NativeEvent, kind: 'fork' | 'vfork'): void {
    this.#process.tracer.onForkedChild(thread, event, kind);
    this.#runner.resumeIfWanted(thread);
  }

  #onClone(thread: Thread, childId: Tid): void {
    const known = this.#process.threads.get(childId);
    const child = known ?? this.#addThread(childId);
    child.isNew = known === undefined;
    if (!child.isForeign) this.#process.native.adopt(childId, this.#process.space);
    this.#process.report(thread, [{ kind: 'clone', thread, child }]);
    this.#process.tracer.deliverEarly(childId);
  }

  #addThread(id: Tid): Thread {
    const process = this.#process;
    return isOtherProcess(process.pid, id) ? addForeignThread(process, id) : process.addThread(id);
  }

  /** `thread` bears the leader's tid now; it was `formerTid` that executed the program, and its wishes hold on. */
  #onExec(thread: Thread, formerTid: Tid): void {
    const process = this.#process;
    if (thread.isForeign) {
      process.addressSpace.inPlace.threadGone(thread);
      const heir = letForeignThreadGo(thread);
      process.tellAll({ kind: 'thread-exit', process, tid: thread.tid, code: 0 });
      if (heir !== undefined) {
        const path = heir.process.program.executablePath();
        heir.process.report(heir, [{ kind: 'exec', thread: heir, path, formerTid: heir.tid }]);
      }
      return;
    }
    letForeignThreadsGo(process);
    const former = process.threads.get(formerTid) ?? thread;
    // What the leader was about to get went with it; what was sent to the other one is still to come.
    thread.pendingSignal = undefined;
    thread.signalOverride = undefined;
    thread.injected = former.injected;
    thread.awaitedChild = undefined;
    thread.owesChildEvent = false;
    for (const attachment of process.attachments) attachment.inheritVote(thread, former);
    for (const other of [...process.threads.values()]) {
      if (other === thread) continue;
      process.native.forget(other.tid);
      process.forgetThread(other);
    }
    process.keepThread(thread);
    if (!process.enterProgram()) return;
    const path = process.program.executablePath();
    process.report(thread, [{ kind: 'exec', thread, path, formerTid }]);
  }

  /** A step has ended: it may have reached a breakpoint. */
  #stepEnd(thread: Thread): ThreadEvent[] {
    const done: ThreadEvent = { kind: 'step-done', thread };
    const at = thread.pc;
    return this.#process.sites.has(at) ? [breakpointHit(thread, at), done] : [done];
  }

  #onExit(thread: Thread, event: NativeEvent): void {
    const process = this.#process;
    process.forgetThread(thread);
    process.addressSpace.inPlace.threadGone(thread);
    if (thread.tid === tid(process.pid)) {
      process.end(thread, statusOf(event));
      return;
    }
    this.#noticeEnd();
    const killed = event.kind === 'killed' ? { isKilled: true as const } : {};
    process.tellAll({ kind: 'thread-exit', process, tid: thread.tid, code: event.code, ...killed });
  }

  /** A thread that ends may take the process with it (exit_group): threads that were held are no longer stopped then. */
  #noticeEnd(): void {
    const { threads, pid, native } = this.#process;
    const stopped = [...threads.values()].filter((thread) => thread.isStopped && !thread.isForeign);
    const [first] = stopped;
    if (first === undefined || isTraceStopped(first.tid)) return;
    for (const thread of stopped) thread.leaveKilled();
    native.expectExits(pid);
  }
}

/** CLD_DUMPED, <asm-generic/siginfo.h>. */
const dumpedCode = 3;

function statusOf({ kind, code, signalCode }: NativeEvent): ExitStatus {
  if (kind !== 'killed') return { kind: 'exited', code };
  const dumped = signalCode === dumpedCode ? { hasDumpedCore: true as const } : {};
  return { kind: 'killed', signal: code as KernelSignal, ...dumped };
}
