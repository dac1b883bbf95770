/** What the users of clients on the same program are told of each other. */
import type { Clients } from './clients.js';
import type { GdbSession } from './session.js';

/** One client, as the others' users hear of it. */
export class Introduction {
  readonly #since = new Date();
  readonly #peer: string | undefined;
  #isDue = true;

  constructor(peer: string | undefined) {
    this.#peer = peer;
  }

  /** Who it is, and since when. */
  titleOf({ features: { kind } }: GdbSession): string {
    const from = this.#peer === undefined ? '' : ` from ${this.#peer}`;
    return `${kind === 'unknown' ? 'client' : kind}${from} (since ${this.#since.toISOString().slice(11, 19)} UTC)`;
  }

  /** To be called when the client takes text of its own accord for the first time: when it resumes. */
  make(session: GdbSession, clients: Clients): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    for (const other of clients.beside(session)) {
      session.writeConsole(`Also on this program: ${other.title}\n`);
      other.note(`${session.title} is on this program now\n`);
    }
  }
}
