/** One process as one session has it: the attachment, the points set in it, and which threads were let run. */
import type { HardwarePoint } from '../../../arch/module.js';
import type { Attachment, Process, Thread } from '../../core/index.js';
import type { ResumeChoice } from './run-control.js';

export class AttachedProcess {
  readonly attachment: Attachment;
  readonly #points = new Set<string>();
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

  /** A resume of other processes: no thread of this one runs. */
  stayHeld(): void {
    this.#choices = new Map();
    this.#newThreads = 'hold';
  }

  /** The last resume once more, for the threads that are left: what had stopped them is gone. */
  resumeAgain(): void {
    this.attachment.newThreads = this.#newThreads;
    const batch: { thread: Thread; action: ResumeChoice['action']; signal?: number }[] = [];
    for (const [thread, choice] of this.#choices) {
      if (!thread.isAlive) continue;
      const { action, signal } = choice;
      batch.push(choice.deliversPending ? { thread, action } : { thread, action, signal });
    }
    if (batch.length > 0) this.attachment.resume(batch);
  }

  wasResumed(thread: Thread): boolean {
    return this.#choices.has(thread) || (this.#newThreads === 'continue' && thread.isAlive);
  }

  /** Whether a thread that was let run is left. */
  get hasResumedThread(): boolean {
    if (this.#newThreads === 'continue') return this.process.isAlive;
    for (const thread of this.#choices.keys()) if (thread.isAlive) return true;
    return false;
  }

  insertHardwarePoint(point: HardwarePoint): void {
    this.attachment.insertHardwarePoint(point);
    this.#points.add(keyOf(point));
  }

  removeHardwarePoint(point: HardwarePoint): void {
    this.#points.delete(keyOf(point));
    this.attachment.removeHardwarePoint(point);
  }

  hasHardwarePoint(point: HardwarePoint): boolean {
    return this.#points.has(keyOf(point));
  }

  /** A new program runs: the old one's points are gone with it. */
  forgetPoints(): void {
    this.#points.clear();
  }
}

function keyOf(point: HardwarePoint): string {
  return `${point.kind}:${point.address.toString(16)}:${point.lengthBytes}`;
}
