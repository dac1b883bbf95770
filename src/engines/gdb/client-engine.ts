/** What the core knows of a client: which events it wants, and what each of them changes in its session. */
import {
  type CoreEvent,
  type Engine,
  type EventAnswer,
  type EventKind,
  type Process,
  type Thread,
  unaskedRunEnds,
} from '../../core/index.js';
import { AttachedProcess } from './attached-process.js';
import type { ExitStop } from './pending-stops.js';
import type { RunContext, RunMode } from './run-mode.js';
import type { GdbSession } from './session.js';
import { reportedEvents } from './stop-reporter.js';

export class ClientEngine implements Engine {
  readonly #session: GdbSession;
  readonly #context: RunContext;
  readonly #mode: () => RunMode;
  #mask: ReadonlySet<EventKind>;

  constructor(session: GdbSession, context: RunContext, mode: () => RunMode) {
    this.#session = session;
    this.#context = context;
    this.#mode = mode;
    this.#mask = reportedEvents(session.features, session.threadEvents);
  }

  get name(): string {
    return this.#session.title;
  }

  get mask(): ReadonlySet<EventKind> {
    return this.#mask;
  }

  get meetsOwnBreakpoints(): boolean {
    return this.#session.features.kind === 'gdb';
  }

  /** While its client waits for a stop, and need not hear of that thread. */
  yields(thread: Thread): boolean {
    return !this.#session.isClosed && this.#mode().isWaiting && !this.#context.pending.concern(thread);
  }

  updateMask(): void {
    this.#mask = reportedEvents(this.#session.features, this.#session.threadEvents);
    for (const { attachment } of this.#context.processes.all()) attachment.maskChanged();
  }

  onEvent(event: CoreEvent): EventAnswer {
    if (this.#session.isClosed) return 'pass';
    this.#context.log.write('threads', () => `event ${event.kind}`);
    if (!unaskedRunEnds.has(event.kind)) this.#context.repeated.forget();
    return this.#concernsClient(event) ? this.#mode().onEvent(event) : 'pass';
  }

  /** @returns whether the mode is to know of it. */
  #concernsClient(event: CoreEvent): boolean {
    const { processes, pending, threadEvents } = this.#context;
    switch (event.kind) {
      case 'exit': {
        const { process, pid, leader, status } = event;
        const end = { kind: 'exit', pid, status } as const;
        if (processes.keepUntoldEnd(process, end)) return false;
        if (this.#mode().keepsEnd(leader)) this.#keepEnded(leader, end);
        else this.#session.forget(process);
        return true;
      }
      case 'printed':
        this.#session.print(event.text);
        return false;
      case 'exec':
        pending.dropProcess(event.thread.process);
        processes.get(event.thread.process)?.programReplaced(event.thread);
        this.#session.letUntoldChildrenGo(event.thread.process);
        return true;
      case 'fork':
      case 'vfork':
        this.#takeChild(event.thread.process, event.child);
        return true;
      case 'clone':
        if (!threadEvents.reportsClone(event.thread)) return false;
        processes.addUntoldThread(event.child);
        processes.get(event.child.process)?.attachment.vote(event.child, { kind: 'hold' });
        return true;
      case 'thread-start':
        // A thread that its maker's event tells of is held already.
        return threadEvents.isOn && !processes.isUntoldThread(event.thread);
      case 'signal':
        // Another engine has decided that there is none.
        return event.isSwallowed !== true;
      default:
        return true;
    }
  }

  #keepEnded(leader: Thread, end: ExitStop): void {
    const { processes, pending } = this.#context;
    pending.dropProcess(leader.process);
    pending.addExit(end);
    processes.keepEnded(leader.process, leader);
    this.#session.letUntoldChildrenGo(leader.process);
  }

  /** The client hears of a child when its maker's event is reported; until then nobody can let it run. */
  #takeChild(parent: Process, child: Process): void {
    const attachment = child.attachments.find((one) => one.engine === this);
    const parentAttached = this.#context.processes.get(parent);
    if (attachment === undefined || parentAttached === undefined) return;
    const attached = new AttachedProcess(attachment);
    attached.copyPoints(parentAttached);
    this.#context.processes.addUntold(attached, parent);
    this.#session.server.keepChild(child);
  }
}
