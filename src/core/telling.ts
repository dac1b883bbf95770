/**
 * Tells the engines of one stop of a thread, one after the other: whoever comes later sees what those before have
 * answered, also where an answer takes its time. Until the last one has answered the thread stays stopped.
 */
import type { Attachment } from './attachment.js';
import type { Answer, EventAnswer } from './engine.js';
import type { ThreadEvent } from './event.js';
import type { Thread } from './thread.js';

/** Of several facts about one stop each engine is told the first one that concerns it. */
export class Telling {
  readonly #thread: Thread;
  readonly #rest: Attachment[];
  readonly #then: () => void;
  #events: readonly ThreadEvent[];
  #awaited: Attachment | undefined;
  /** Whoever asked for the thread to be held was kept waiting meanwhile. */
  #isLate = false;

  /** `then` is called once, when everybody has answered; never when the thread is gone before. */
  constructor(thread: Thread, events: readonly ThreadEvent[], then: () => void) {
    this.#thread = thread;
    this.#events = events;
    this.#then = then;
    this.#rest = inOrder(thread.process.attachments, events);
  }

  /** Goes on until an answer must be waited for. */
  advance(): void {
    this.#awaited = undefined;
    this.#thread.telling = undefined;
    for (let next = this.#rest.shift(); next !== undefined; next = this.#rest.shift()) {
      const event = this.#events.find((candidate) => next.concerns(candidate));
      if (event === undefined) continue;
      // The step is over; while it hears so the engine may wish for the next one.
      if (event.kind === 'step-done') next.vote(this.#thread, { kind: 'continue' });
      const answer = next.tell(event);
      if (isAwaited(answer)) {
        this.#await(next, answer);
        return;
      }
      this.#take(next, answer);
    }
    this.#then();
    if (this.#isLate)
      for (const attachment of this.#thread.process.attachments) attachment.tellHeld(this.#thread);
  }

  /** An engine has left: nobody waits for its answer. */
  leave(attachment: Attachment): void {
    if (this.#awaited === attachment) this.advance();
  }

  #await(attachment: Attachment, answer: PromiseLike<'hold' | 'pass' | Answer>): void {
    const { tracer } = this.#thread.process;
    tracer.noteAwaitedAnswer();
    this.#awaited = attachment;
    this.#isLate = true;
    this.#thread.telling = this;
    const settle = (take: () => void): void => {
      if (this.#awaited !== attachment || this.#thread.telling !== this) return;
      // Not from within whatever has settled the promise.
      tracer.enqueue(() => {
        if (this.#awaited !== attachment || this.#thread.telling !== this) return;
        take();
      });
    };
    answer.then(
      (settled) =>
        settle(() => {
          this.#take(attachment, settled);
          this.advance();
        }),
      // The engine leaves, which lets the telling go on; also when the thread is gone meanwhile.
      (error: unknown) =>
        tracer.enqueue(() => {
          if (attachment.isAttached && attachment.process.isAlive) attachment.fail(error);
        }),
    );
  }

  #take(attachment: Attachment, answer: 'hold' | 'pass' | Answer): void {
    const { wish, signal } = typeof answer === 'string' ? { wish: answer } : answer;
    if (wish === 'hold') attachment.vote(this.#thread, { kind: 'hold' });
    if (signal === undefined) return;
    this.#thread.pendingSignal = signal === 'none' ? undefined : signal;
    this.#events = this.#events.map((event) => {
      if (event.kind !== 'signal') return event;
      return signal === 'none' ? { ...event, isSwallowed: true } : { ...event, signal, isSwallowed: false };
    });
  }
}

/**
 * In order of attachment; on the way into a system call the other way round: who came last is nearest to the program, and
 * whoever sees the beginning of a call first sees its end last.
 */
function inOrder(attachments: readonly Attachment[], [first]: readonly ThreadEvent[]): Attachment[] {
  return first?.kind === 'system-call-entry' ? attachments.toReversed() : [...attachments];
}

function isAwaited(answer: EventAnswer): answer is Promise<'hold' | 'pass' | Answer> {
  return typeof answer === 'object' && 'then' in answer;
}
