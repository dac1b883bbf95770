/** Events for a loop: each waits until the loop asks for the next one. */
import type { CoreEvent } from '../../core/index.js';
import type { Response } from './actions.js';

/** An event in the hands of a loop, which may respond to it before it asks for the next one. */
export interface StreamedEvent {
  readonly event: CoreEvent;
  /** What is said last counts. */
  respond(response: Response): void;
}

interface Entry {
  readonly streamed: StreamedEvent;
  readonly settle: () => void;
}

export class EventStream implements AsyncIterableIterator<StreamedEvent> {
  readonly #entries: Entry[] = [];
  readonly #waiting: ((result: IteratorResult<StreamedEvent>) => void)[] = [];
  readonly #onReturn: () => Promise<void>;
  #inHand: Entry | undefined;
  #isOver = false;

  /** `onReturn` is called when the loop is left before its end. */
  constructor(onReturn: () => Promise<void>) {
    this.#onReturn = onReturn;
  }

  /** Resolves to the loop's response when it is done with the event. */
  push(event: CoreEvent): Promise<Response> {
    if (this.#isOver) return Promise.resolve(undefined);
    let response: Response;
    const done = new Promise<Response>((resolve) => {
      const streamed: StreamedEvent = {
        event,
        respond: (said) => {
          response = said;
        },
      };
      this.#entries.push({ streamed, settle: () => resolve(response) });
    });
    this.#hand();
    return done;
  }

  /** No more events come: the loop ends when it has had those that are there. */
  end(): void {
    this.#isOver = true;
    this.#hand();
  }

  next(): Promise<IteratorResult<StreamedEvent>> {
    this.#settleInHand();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#hand();
    });
  }

  async return(): Promise<IteratorResult<StreamedEvent>> {
    this.#settleInHand();
    this.#isOver = true;
    for (const { settle } of this.#entries.splice(0)) settle();
    this.#hand();
    await this.#onReturn();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settleInHand(): void {
    this.#inHand?.settle();
    this.#inHand = undefined;
  }

  #hand(): void {
    while (this.#waiting.length > 0) {
      const entry = this.#entries.shift();
      if (entry === undefined && !this.#isOver) return;
      this.#inHand = entry;
      const resolve = this.#waiting.shift();
      resolve?.(
        entry === undefined ? { done: true, value: undefined } : { done: false, value: entry.streamed },
      );
    }
  }
}
