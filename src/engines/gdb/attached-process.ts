/** One process as one session has it: the attachment, the points set in it, and which threads were let run. */
import type { HardwarePoint } from '../../../arch/module.js';
import { type Address, address } from '../../base/ids.js';
import type { Attachment, BreakpointPrograms, Process, Thread, ToldWrites } from '../../core/index.js';
import type { PersistentBreakpoint } from './persistent-breakpoint.js';
import type { ResumeChoice } from './run-control.js';
import { TrapPcs } from './trap-pcs.js';

export class AttachedProcess {
  readonly attachment: Attachment;
  readonly trapPcs = new TrapPcs();
  readonly #points = new Set<string>();
  readonly #persistent = new Map<string, PersistentBreakpoint>();
  #choices: ReadonlyMap<Thread, ResumeChoice> = new Map();
  #newThreads: 'hold' | 'continue' = 'hold';

  constructor(attachment: Attachment) {
    this.attachment = attachment;
  }

  get process(): Process {
    return this.attachment.process;
  }

  /** Lets the chosen threads run; every other one stays held. */
  resume(choices: ReadonlyMap<Thread, ResumeChoice>, newThreads: 'hold' | 'continue'): void {
    this.#choices = choices;
    this.#newThreads = newThreads;
    this.resumeAgain();
  }

  /** Holds every thread, and those that appear meanwhile; resolves when all are stopped. */
  quiesce(): Promise<void> {
    return this.attachment.quiesce();
  }

  /** As `quiesce`, where all are stopped already. False: some run. */
  quiesceAtOnce(): boolean {
    return this.attachment.quiesceAtOnce();
  }

  /** A resume of other processes: no thread of this one runs. */
  stayHeld(): void {
    this.#choices = new Map();
    this.#newThreads = 'hold';
  }

  /** The last resume once more, for the threads that are left: what had stopped them is gone. */
  resumeAgain(): void {
    this.attachment.newThreads = this.#newThreads;
    this.resumeThreads(this.#choices);
  }

  /** Lets these threads run, whatever the others do. */
  resumeThreads(choices: ReadonlyMap<Thread, ResumeChoice>): void {
    const batch: { thread: Thread; action: ResumeChoice['action']; signal?: number }[] = [];
    for (const [thread, choice] of choices) {
      if (!canRun(thread)) continue;
      this.trapPcs.forget(thread);
      const { action, signal } = choice;
      batch.push(choice.deliversPending ? { thread, action } : { thread, action, signal });
    }
    if (batch.length > 0) this.attachment.resume(batch);
  }

  wasResumed(thread: Thread): boolean {
    return this.#choices.has(thread) || (this.#newThreads === 'continue' && thread.isAlive);
  }

  /** Whether the last resume let any thread run. */
  get hadResumedThread(): boolean {
    return this.#newThreads === 'continue' || this.#choices.size > 0;
  }

  /** Whether a thread that was let run is left. */
  get hasResumedThread(): boolean {
    if (this.#newThreads === 'continue') return this.process.isAlive;
    for (const thread of this.#choices.keys()) if (canRun(thread)) return true;
    return false;
  }

  /** Whether the last resume was for one instruction of each thread that it named. */
  get onlySteps(): boolean {
    if (this.#newThreads === 'continue') return false;
    return [...this.#choices.values()].every(({ action }) => action.kind === 'step');
  }

  /** A child of `parent` begins with what its parent has. */
  copyPoints(parent: AttachedProcess): void {
    for (const point of parent.#points) this.#points.add(point);
    for (const [key, breakpoint] of parent.#persistent) this.#persistent.set(key, breakpoint);
  }

  /** Breakpoints whose commands outlive the client. */
  get persistentBreakpoints(): readonly PersistentBreakpoint[] {
    return [...this.#persistent.values()];
  }

  // In a process that has ended there is nothing to put anything into, and a client that does not know so is content.

  insertBreakpoint(at: Address, programs: BreakpointPrograms, persists: boolean): void {
    if (!this.process.isAlive) return;
    this.attachment.insertBreakpoint(at, programs);
    this.#setPersistent({ kind: 'software', address: at, programs }, persists);
  }

  removeBreakpoint(at: Address): void {
    if (!this.process.isAlive) return;
    this.#setPersistent({ kind: 'software', address: at, programs: {} }, false);
    this.attachment.removeBreakpoint(at);
  }

  #setPersistent(breakpoint: PersistentBreakpoint, persists: boolean): void {
    const key = `${breakpoint.kind}:${breakpoint.address}`;
    if (persists) this.#persistent.set(key, breakpoint);
    else this.#persistent.delete(key);
  }

  /** Takes over breakpoints of the client before this one; what the client sets at the same place replaces them. */
  inherit(breakpoints: readonly PersistentBreakpoint[]): void {
    for (const { kind, address: at, programs } of breakpoints) {
      if (kind === 'software') this.insertBreakpoint(at, programs, true);
      else this.insertHardwarePoint({ kind: 'execute', address: at, lengthBytes: 1 }, programs, true);
    }
  }

  insertWatchpoint(point: HardwarePoint, tells: ToldWrites): void {
    if (!this.process.isAlive) return;
    this.attachment.insertHardwarePoint(point, {}, tells);
    this.#points.add(keyOf(point));
  }

  insertHardwarePoint(point: HardwarePoint, programs: BreakpointPrograms = {}, persists = false): void {
    if (!this.process.isAlive) return;
    this.attachment.insertHardwarePoint(point, programs);
    this.#points.add(keyOf(point));
    if (point.kind !== 'execute') return;
    this.#setPersistent({ kind: 'hardware', address: address(point.address), programs }, persists);
  }

  removeHardwarePoint(point: HardwarePoint): void {
    if (!this.process.isAlive) return;
    if (point.kind === 'execute')
      this.#setPersistent({ kind: 'hardware', address: address(point.address), programs: {} }, false);
    this.#points.delete(keyOf(point));
    this.attachment.removeHardwarePoint(point);
  }

  hasHardwarePoint(point: HardwarePoint): boolean {
    return this.#points.has(keyOf(point));
  }

  /** A new program runs: the old one's points are gone, and of its threads one is left, which was let run until now. */
  programReplaced(thread: Thread): void {
    this.#points.clear();
    this.#persistent.clear();
    const choice = this.#choices.get(thread) ?? {
      action: { kind: 'continue' },
      signal: 0,
      deliversPending: false,
    };
    this.#choices = new Map([[thread, choice]]);
  }
}

/** A leader that has exited before its threads cannot, though it is still there. */
function canRun(thread: Thread): boolean {
  return thread.isStopped || thread.isRunning;
}

function keyOf(point: HardwarePoint): string {
  return `${point.kind}:${point.address.toString(16)}:${point.lengthBytes}`;
}
