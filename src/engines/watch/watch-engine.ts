/**
 * Tells what becomes of a tree of processes: forks, programs, ends, signals and who sent them, threads, libraries, and
 * system calls by name. It changes nothing, and answers at once.
 */
import { systemCallsOf } from '../../../arch/system-calls.js';
import { isOutstepError } from '../../base/errors.js';
import {
  type Attachment,
  type CallEvent,
  type CoreEvent,
  callOf,
  type Engine,
  type EventAnswer,
  type EventKind,
  letRun,
  type Process,
} from '../../core/index.js';
import {
  EventClock,
  type EventRecord,
  type Fact,
  factOf,
  ofThread,
  type RecordKind,
  startFact,
} from '../../event-log/index.js';
import { LibraryWatch } from './library-watch.js';

/** What a `WatchEngine` tells, of whom, and to whom. */
export interface WatchOptions {
  /** What is told; nobody is stopped for what is not. */
  readonly kinds: ReadonlySet<RecordKind>;
  /** Names of system calls that are told. */
  readonly calls: readonly string[];
  /** Why a child, or a process with a new program, is left to run untraced; undefined: it is watched. */
  readonly reasonToLeave: (process: Process) => string | undefined;
  /** Hears each record at once. */
  readonly onRecord: (record: EventRecord) => void;
}

/** Without these the tree is not known. */
const always: readonly EventKind[] = ['fork', 'vfork', 'exec', 'exit'];

const wantedBy: Readonly<Partial<Record<RecordKind, readonly EventKind[]>>> = {
  signal: ['signal', 'program-trap'],
  'group-stop': ['group-stop'],
  'thread-start': ['clone'],
  'thread-exit': ['thread-exit'],
  library: ['breakpoint'],
};

/** Tells what becomes of a tree of processes, and changes nothing. */
export class WatchEngine implements Engine {
  readonly name = 'watch';
  readonly mask: ReadonlySet<EventKind>;
  readonly #options: WatchOptions;
  readonly #clock = new EventClock();
  readonly #attachments = new Map<Process, Attachment>();
  readonly #libraries = new Map<Process, LibraryWatch>();
  #onEnd: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const wanted = [...options.kinds].flatMap((kind) => wantedBy[kind] ?? []);
    const calls: readonly EventKind[] =
      options.calls.length > 0 ? ['system-call-entry', 'system-call-return'] : [];
    this.mask = new Set([...always, ...wanted, ...calls]);
  }

  /** Takes up a process whose threads are held, and lets them run. `isRunning`: it was attached to. */
  watch(attachment: Attachment, isRunning: boolean): void {
    const { process } = attachment;
    this.#attachments.set(process, attachment);
    this.#tell(startFact(process));
    this.#prepare(attachment, isRunning);
    letRun(attachment);
  }

  /** `listener` is called when the last process has ended or was left. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Leaves every process; they run on. */
  async leave(): Promise<void> {
    for (const [process, attachment] of [...this.#attachments]) {
      this.#forget(process);
      await attachment.detach();
    }
  }

  onEvent(event: CoreEvent): EventAnswer {
    switch (event.kind) {
      case 'breakpoint':
        this.#onBreakpoint(event);
        return 'pass';
      case 'system-call-entry':
      case 'system-call-return':
        this.#onCall(event);
        return 'pass';
      case 'exec':
        return this.#onExec(event);
      case 'fork':
      case 'vfork':
        this.#tellEvent(event);
        this.#onChild(event.thread.process, event.child);
        return 'pass';
      case 'exit':
        this.#tellEvent(event);
        this.#forget(event.process);
        if (this.#attachments.size === 0) this.#onEnd();
        return 'pass';
      default:
        this.#tellEvent(event);
        return 'pass';
    }
  }

  #tellEvent(event: CoreEvent): void {
    const fact = factOf(event);
    if (fact !== undefined) this.#tell(fact);
  }

  #tell(fact: Fact): void {
    if (this.#options.kinds.has(fact.kind)) this.#options.onRecord({ timeUs: this.#clock.nowUs, ...fact });
  }

  #onExec(event: Extract<CoreEvent, { kind: 'exec' }>): EventAnswer {
    this.#tellEvent(event);
    const { process } = event.thread;
    const attachment = this.#attachments.get(process);
    const reason = this.#options.reasonToLeave(process);
    if (attachment === undefined) return 'pass';
    if (reason !== undefined) {
      this.#leave(attachment, reason);
      return 'hold';
    }
    this.#prepare(attachment, false);
    return 'pass';
  }

  #onChild(parent: Process, child: Process): void {
    const attachment = child.attachmentOf(this);
    if (attachment === undefined) return;
    const reason = this.#options.reasonToLeave(child);
    if (reason !== undefined) {
      this.#leave(attachment, reason);
      return;
    }
    this.#attachments.set(child, attachment);
    const libraries = this.#libraries.get(parent);
    if (libraries !== undefined) this.#libraries.set(child, libraries.copyFor(attachment));
    letRun(attachment);
  }

  #leave(attachment: Attachment, reason: string): void {
    const { process } = attachment;
    this.#tell({
      kind: 'left',
      pid: process.pid,
      tid: process.pid,
      name: startFact(process).name,
      details: { reason },
    });
    this.#forget(process);
    process.tracer.enqueue(() => {
      attachment.detach().then(
        () => {
          if (this.#attachments.size === 0) this.#onEnd();
        },
        (error: unknown) => process.tracer.warn(`process ${process.pid} could not be left`, error),
      );
    });
  }

  #forget(process: Process): void {
    this.#attachments.delete(process);
    this.#libraries.delete(process);
  }

  /** At the beginning of a program, or in the midst of it. */
  #prepare(attachment: Attachment, isRunning: boolean): void {
    const { process } = attachment;
    const table = systemCallsOf(process.arch);
    const numbers = this.#options.calls.flatMap((name) => table.numberOf(name) ?? []);
    if (this.#options.calls.length > 0) attachment.setCaughtSystemCalls(new Set(numbers));
    if (!this.#options.kinds.has('library')) return;
    const libraries = new LibraryWatch(attachment);
    this.#libraries.set(process, libraries);
    if (isRunning) this.#tellLibraries(process, libraries.look());
    else libraries.awaitEntry();
  }

  #onBreakpoint({ thread }: Extract<CoreEvent, { kind: 'breakpoint' }>): void {
    const libraries = this.#libraries.get(thread.process);
    if (libraries !== undefined) this.#tellLibraries(thread.process, libraries.look());
  }

  #tellLibraries(process: Process, changes: ReturnType<LibraryWatch['look']>): void {
    const [leader] = process.threads.values();
    if (leader === undefined) return;
    for (const { action, path } of changes) this.#tell(ofThread('library', leader, { action, path }));
  }

  #onCall(event: CallEvent): void {
    const { thread, kind, number } = event;
    try {
      const call = systemCallsOf(thread.process.arch).nameOf(number) ?? String(number);
      const result = kind === 'system-call-return' ? callOf(event).result : undefined;
      const fact = ofThread(kind === 'system-call-return' ? 'return' : 'call', thread, {
        call,
        result: result === undefined ? undefined : String(result),
      });
      this.#tell(fact);
    } catch (error) {
      // It is gone: its end follows.
      if (!isOutstepError(error)) throw error;
    }
  }
}
