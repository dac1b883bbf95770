/** A list that a client fetches one piece a packet, with one packet for the first and another for the rest. */
import { type Reply, text } from '../packet.js';
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';

class UnsentPieces implements Disposable {
  pieces: readonly string[] = [];

  [Symbol.dispose](): void {
    this.pieces = [];
  }
}

export class ListReply {
  readonly #unsent = new PerSession(() => new UnsentPieces());
  readonly #list: (session: GdbSession) => readonly string[];

  constructor(list: (session: GdbSession) => readonly string[]) {
    this.#list = list;
  }

  first(session: GdbSession): Reply {
    this.#unsent.of(session).pieces = this.#list(session);
    return this.next(session);
  }

  /** The next piece; `l` behind the last. */
  next(session: GdbSession): Reply {
    const unsent = this.#unsent.of(session);
    const [piece, ...rest] = unsent.pieces;
    unsent.pieces = rest;
    return text(piece ?? 'l');
  }
}
