/** The clients of one server: who they are, what they share, and what each is told of the others. */
import type { Attachment, Process } from '../../core/index.js';
import type { GdbSession } from './session.js';

export class Clients implements Iterable<GdbSession> {
  readonly #sessions = new Set<GdbSession>();

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<GdbSession> {
    return [...this.#sessions].values();
  }

  add(session: GdbSession): void {
    this.#sessions.add(session);
  }

  delete(session: GdbSession): void {
    this.#sessions.delete(session);
  }

  /** Whether a client knows the process. */
  share(process: Process): boolean {
    for (const session of this.#sessions) if (session.processById(process.pid) !== undefined) return true;
    return false;
  }

  /** Those that have a process of `session` as well. */
  beside(session: GdbSession): readonly GdbSession[] {
    const mine = [...session.processes];
    return [...this].filter(
      (other) => other !== session && mine.some(({ pid }) => other.processById(pid) !== undefined),
    );
  }

  /** Tells the users of other clients that have the process, as far as those take text now. */
  tellOthers(session: GdbSession, process: Process, text: string): void {
    for (const other of this)
      if (other !== session && other.processById(process.pid) !== undefined)
        other.note(`${session.title} ${text}\n`);
  }
}

/** One line for each engine on a process: what it is, what it wishes for, which events it hears of. */
export function describeEngines(process: Process): readonly string[] {
  return process.attachments.map((attachment) => {
    const events = [...attachment.engine.mask].sort().join(' ');
    return `process ${process.pid}: ${attachment.engine.name}: ${wishOf(attachment)}; hears ${events}`;
  });
}

function wishOf(attachment: Attachment): string {
  const threads = [...attachment.process.threads.values()];
  const held = threads.filter((thread) => attachment.voteFor(thread).kind === 'hold').length;
  if (held === 0) return 'lets every thread run';
  return held === threads.length ? 'holds every thread' : `holds ${held} of ${threads.length} threads`;
}
