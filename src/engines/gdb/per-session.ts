/** State that one packet family keeps for each connection, made when it is first needed and disposed with it. */
import type { GdbSession } from './session.js';

export class PerSession<State extends Disposable> {
  readonly #states = new WeakMap<GdbSession, State>();
  readonly #create: () => State;

  constructor(create: () => State) {
    this.#create = create;
  }

  of(session: GdbSession): State {
    const known = this.#states.get(session);
    if (known !== undefined) return known;
    const state = this.#create();
    this.#states.set(session, state);
    session.onClosed(() => state[Symbol.dispose]());
    return state;
  }
}
