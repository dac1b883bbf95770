/** Events for those who iterate over them: each gets all that come after it began to listen. */

interface Listener<Event> {
  readonly events: Event[];
  wake: () => void;
}

export class EventQueue<Event> {
  readonly #listeners = new Set<Listener<Event>>();
  #end: { readonly error: unknown } | undefined;

  push(event: Event): void {
    for (const listener of this.#listeners) {
      listener.events.push(event);
      listener.wake();
    }
  }

  /** No more events come; `error`: iterations end with it, undefined: quietly. */
  finish(error: unknown): void {
    this.#end ??= { error };
    for (const listener of this.#listeners) listener.wake();
  }

  /**
   * Begins to listen at once, not with the first event that is taken.
   * @throws the reason of the signal, or what ended the queue
   */
  listen(signal?: AbortSignal): AsyncIterableIterator<Event, undefined> {
    const listener: Listener<Event> = { events: [], wake: () => undefined };
    this.#listeners.add(listener);
    const stop = async (): Promise<IteratorReturnResult<undefined>> => {
      this.#listeners.delete(listener);
      return { done: true, value: undefined };
    };
    const next = async (): Promise<IteratorResult<Event, undefined>> => {
      const event = await this.#take(listener, signal).catch((error: unknown) => {
        this.#listeners.delete(listener);
        throw error;
      });
      return event === undefined ? stop() : { done: false, value: event.event };
    };
    return {
      next,
      return: stop,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async #take(listener: Listener<Event>, signal?: AbortSignal): Promise<{ event: Event } | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const { events } = listener;
      if (events.length > 0) {
        const [event] = events.splice(0, 1);
        return { event: event as Event };
      }
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return undefined;
      }
      await waitFor(listener, signal);
    }
  }
}

async function waitFor(listener: { wake: () => void }, signal?: AbortSignal): Promise<void> {
  let onAbort: () => void = () => undefined;
  await new Promise<void>((resolve) => {
    listener.wake = resolve;
    onAbort = resolve;
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  signal?.removeEventListener('abort', onAbort);
}
