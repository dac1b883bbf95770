/**
 * Answers a client as a recorded server did. The client need not ask the same: what it leaves out is skipped, what it
 * reads again is answered again, until something in the program changes. Where it asks what the record does not know, it
 * has left the record, which is said once for each such request.
 */
import { type Exchange, isChange } from './recorded-session.js';

export type Answers = Exchange['answers'];

export interface Departure {
  /** From 1, in the order of the client's requests. */
  readonly place: number;
  readonly request: string;
  /** What the record has at this place; undefined: it is at its end. */
  readonly expected: string | undefined;
}

/** Files, and what a server says of itself, are the same whatever the program does. */
const staysTrue = /^(vFile:(pread|fstat|stat|readlink)|qXfer:(features|exec-file|auxv)|qSupported|qHostInfo)/;

/** What is known or not as a whole. */
const family = /^(?:qXfer:[^:]+|[A-Za-z]+|.)/;

function familyOf(request: string): string {
  return family.exec(request)?.[0] ?? '';
}

export class Player {
  readonly #answered: ReadonlySet<string>;
  readonly #exchanges: readonly Exchange[];
  readonly #onDeparture: (departure: Departure) => void;
  /** The first exchange that was not played. */
  #next = 0;
  /** The first one since the last change. */
  #segmentStart = 0;
  #requests = 0;

  constructor(exchanges: readonly Exchange[], onDeparture: (departure: Departure) => void) {
    this.#exchanges = exchanges;
    this.#answered = new Set(
      exchanges.flatMap(({ request, answers }) =>
        answers.some(({ data }) => data !== '') ? [familyOf(request)] : [],
      ),
    );
    this.#onDeparture = onDeparture;
  }

  /** Whether everything that changes something has been played. */
  get isAtEnd(): boolean {
    return !this.#exchanges.slice(this.#next).some(({ request }) => isChange(request));
  }

  /** Whether the recorded server has answered a packet of this kind. */
  knows(request: string): boolean {
    return this.#answered.has(familyOf(request));
  }

  /** @returns undefined: the record does not know */
  answer(request: string): Answers | undefined {
    this.#requests += 1;
    const found = this.#find(request);
    if (found === undefined) {
      const expected = this.#exchanges[this.#next]?.request;
      this.#onDeparture({ place: this.#requests, request, expected });
      return undefined;
    }
    if (found >= this.#next) this.#next = found + 1;
    if (isChange(request)) this.#segmentStart = found + 1;
    return this.#exchanges[found]?.answers;
  }

  /** Ahead first, up to the next change; then what was read before since the last one. */
  #find(request: string): number | undefined {
    for (let index = this.#next; index < this.#exchanges.length; index += 1) {
      const recorded = this.#exchanges[index]?.request ?? '';
      if (recorded === request) return index;
      if (isChange(recorded)) break;
    }
    if (isChange(request)) return undefined;
    const first = staysTrue.test(request) ? 0 : this.#segmentStart;
    for (let index = this.#next - 1; index >= first; index -= 1)
      if (this.#exchanges[index]?.request === request) return index;
    return undefined;
  }
}
