/** What can be logged: packets, what threads do, the session's state, hardware points. */
export const debugTopics = ['remote', 'threads', 'event-loop', 'hw-points'] as const;
/** What `DebugLog` can be told to write about. */
export type DebugTopic = (typeof debugTopics)[number];

/** Messages for whoever debugs the server itself; each topic is switched on and off while the server runs. */
export class DebugLog {
  /** Each message starts with the seconds since the server started. */
  timestamps = false;
  readonly #topics = new Set<DebugTopic>();
  readonly #sink: (line: string) => void;

  constructor(sink: (line: string) => void) {
    this.#sink = sink;
  }

  /** Switches the lines about a topic on or off. */
  set(topic: DebugTopic, on: boolean): void {
    if (on) this.#topics.add(topic);
    else this.#topics.delete(topic);
  }

  /** Whether lines about a topic are written. */
  isOn(topic: DebugTopic): boolean {
    return this.#topics.has(topic);
  }

  get isAnyOn(): boolean {
    return this.#topics.size > 0;
  }

  /** The message is a function so that it costs nothing while the topic is off. */
  write(topic: DebugTopic, message: () => string): void {
    if (!this.#topics.has(topic)) return;
    const time = this.timestamps ? `${(performance.now() / 1000).toFixed(6)} ` : '';
    this.#sink(`${time}[${topic}] ${message()}`);
  }
}
