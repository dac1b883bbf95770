/** What a process under test has said so far, and waiting for what it will say. */
import { bounded } from './bounded.js';

const shownCharacters = 3000;

export class Transcript {
  #text = '';
  #isClosed = false;
  readonly #watchers = new Set<(chunk: string) => void>();

  constructor(readonly title: string) {}

  get text(): string {
    return this.#text;
  }

  append(chunk: string): void {
    this.#text += chunk;
    this.#tell(chunk);
  }

  /** Nothing more will come: who still waits, waits in vain. */
  close(): void {
    this.#isClosed = true;
    this.#tell('');
  }

  /** Calls `watcher` with every further piece of text. */
  onAppend(watcher: (chunk: string) => void): void {
    this.#watchers.add(watcher);
  }

  /** The end of the text, under a title: what a failure message shows. */
  tail(): string {
    return `--- ${this.title}, last output ---\n${this.#text.slice(-shownCharacters)}`;
  }

  /**
   * The first match of `pattern`, now or later, behind the first `from` characters.
   * @throws WaitTimeout, or Error when the output ended without it
   */
  match(pattern: RegExp, timeoutMs = 15_000, from = 0): Promise<RegExpExecArray> {
    let stop: (() => void) | undefined;
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#text.slice(from));
        if (match !== null) resolve(match);
        else if (this.#isClosed) reject(new Error(`the output ended without ${pattern}\n${this.tail()}`));
      };
      this.#watchers.add(look);
      stop = () => this.#watchers.delete(look);
      look();
    });
    return bounded(found, timeoutMs, () => `${pattern}\n${this.tail()}`).finally(() => stop?.());
  }

  #tell(chunk: string): void {
    for (const watcher of [...this.#watchers]) watcher(chunk);
  }
}
