/** Work that whoever asks for it while it is under way gets the same result of. */
export class OnceAtATime<Key, Result> {
  readonly #underWay = new Map<Key, Promise<Result>>();

  begin(key: Key, work: () => Promise<Result>): Promise<Result> {
    const present = this.#underWay.get(key);
    if (present !== undefined) return present;
    const begun = work().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, begun);
    return begun;
  }
}
