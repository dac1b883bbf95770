/**
 * Holds a process at the signal that would end it, with all its threads as they were, and has somebody look at it; then
 * the signal takes its course. Signals that the program handles, ignores or survives are none of its business.
 */
import { statSync } from 'node:fs';
import type { KernelSignal } from '../../base/ids.js';
import { kernelSignal } from '../../base/ids.js';
import {
  type Attachment,
  type CoreEvent,
  type Engine,
  type EventAnswer,
  type EventKind,
  type ExitStatus,
  letRun,
  type Process,
  type Thread,
} from '../../core/index.js';
import { EventClock, type EventRecord, EventRing, factOf, startFact } from '../../event-log/index.js';
import { dumpsCore, endsProcess } from './disposition.js';

/** A process that stands still. */
export interface Held {
  readonly process: Process;
  /** The one that has stopped for the signal; undefined: it hangs. */
  readonly thread: Thread | undefined;
  readonly signal: KernelSignal | undefined;
  /** What happened last in all processes, the oldest first. */
  readonly lastEvents: readonly EventRecord[];
}

/** What a `CrashEngine` does, and whom it calls. */
export interface CrashOptions {
  /** Stays with children, too. */
  readonly followsChildren: boolean;
  /** How many events are remembered. */
  readonly eventCount: number;
  /** The process stands still until it resolves; then it goes on, into the signal if there is one. */
  readonly onHeld: (held: Held) => Promise<void>;
  /** Something that the user should know of; one line. */
  readonly say: (line: string) => void;
}

const sigtrap = kernelSignal(5);
const setUserId = 0o4000;
const setGroupId = 0o2000;
const kinds: readonly EventKind[] = [
  'signal',
  'program-trap',
  'fork',
  'vfork',
  'exec',
  'clone',
  'thread-exit',
  'group-stop',
  'exit',
];

/** Holds processes at the signal that would end them, until somebody has looked. */
export class CrashEngine implements Engine {
  readonly name = 'crash';
  readonly mask: ReadonlySet<EventKind> = new Set(kinds);
  readonly #options: CrashOptions;
  readonly #clock = new EventClock();
  readonly #ring: EventRing;
  readonly #attachments = new Map<Process, Attachment>();
  /** Somebody is looking at them. */
  readonly #held = new Set<Process>();
  readonly #ended = new Map<Process, (status: ExitStatus) => void>();

  constructor(options: CrashOptions) {
    this.#options = options;
    this.#ring = new EventRing(options.eventCount);
  }

  /** Takes up a process whose threads are held, and lets them run. @returns how it ends */
  watch(attachment: Attachment): Promise<ExitStatus> {
    this.#attachments.set(attachment.process, attachment);
    this.#note(startFact(attachment.process));
    const end = new Promise<ExitStatus>((resolve) => this.#ended.set(attachment.process, resolve));
    letRun(attachment);
    return end;
  }

  /** As at a crash, for a process that does not end. */
  async hold(process: Process): Promise<void> {
    const attachment = this.#attachments.get(process);
    if (attachment === undefined || this.#held.has(process)) return;
    await this.#look(attachment, undefined, undefined);
  }

  /** Leaves every process; they run on. */
  async leave(): Promise<void> {
    for (const [process, attachment] of [...this.#attachments]) {
      this.#attachments.delete(process);
      await attachment.detach();
    }
  }

  onEvent(event: CoreEvent): EventAnswer {
    const fact = factOf(event);
    if (fact !== undefined) this.#note(fact);
    switch (event.kind) {
      case 'signal':
        return event.isSwallowed === true ? 'pass' : this.#onSignal(event.thread, event.signal);
      case 'program-trap':
        return this.#onSignal(event.thread, sigtrap);
      case 'fork':
      case 'vfork':
        this.#onChild(event.child);
        return 'pass';
      case 'exec':
        this.#sayIfPrivileged(event.path);
        return 'pass';
      case 'exit':
        this.#attachments.delete(event.process);
        this.#ended.get(event.process)?.(event.status);
        return 'pass';
      default:
        return 'pass';
    }
  }

  #note(fact: Omit<EventRecord, 'timeUs'>): void {
    this.#ring.add({ timeUs: this.#clock.nowUs, ...fact });
  }

  #onSignal(thread: Thread, signal: KernelSignal): EventAnswer {
    const attachment = this.#attachments.get(thread.process);
    if (attachment === undefined || !dumpsCore(signal) || !endsProcess(thread.process, signal)) return 'pass';
    // Another thread's comes on top while somebody is looking: it waits.
    if (!this.#held.has(thread.process)) {
      this.#held.add(thread.process);
      thread.process.tracer.enqueue(() => void this.#look(attachment, thread, signal));
    }
    return 'hold';
  }

  async #look(
    attachment: Attachment,
    thread: Thread | undefined,
    signal: KernelSignal | undefined,
  ): Promise<void> {
    const { process } = attachment;
    this.#held.add(process);
    try {
      await attachment.quiesce();
      const lastEvents = this.#ring.records;
      if (process.isAlive) await this.#options.onHeld({ process, thread, signal, lastEvents });
    } catch (error) {
      this.#options.say(`process ${process.pid} could not be looked at: ${String(error)}`);
    }
    this.#held.delete(process);
    if (attachment.isAttached) letRun(attachment);
  }

  #onChild(child: Process): void {
    const attachment = child.attachmentOf(this);
    if (attachment === undefined) return;
    if (this.#options.followsChildren) {
      this.#attachments.set(child, attachment);
      letRun(attachment);
      return;
    }
    child.tracer.enqueue(() => {
      attachment.detach().catch((error: unknown) => this.#options.say(String(error)));
    });
  }

  #sayIfPrivileged(path: string): void {
    if ((modeOf(path) & (setUserId | setGroupId)) === 0) return;
    this.#options.say(
      `${path} is set-user-ID or set-group-ID: traced by a user without privileges it gets none`,
    );
  }
}

/** 0: it cannot be looked at. */
function modeOf(path: string): number {
  try {
    return statSync(path).mode;
  } catch {
    return 0;
  }
}
