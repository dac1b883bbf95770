/** Output of programs that were started for one client: it takes such packets only while it waits for a stop. */
import type { PseudoTerminal } from './lldb/pseudo-terminal.js';

export class ProgramOutput {
  readonly #terminals = new Set<PseudoTerminal>();
  readonly #send: (output: Uint8Array) => void;
  readonly #isWaiting: () => boolean;
  #held: Uint8Array[] = [];

  /** `isWaiting`: whether the client may be sent output now. */
  constructor(send: (output: Uint8Array) => void, isWaiting: () => boolean) {
    this.#send = send;
    this.#isWaiting = isWaiting;
  }

  add(terminal: PseudoTerminal): void {
    this.#terminals.add(terminal);
    terminal.sink = (output) => this.#take(output);
  }

  /** Sends what there is, before the client hears of a stop. */
  flush(): void {
    for (const terminal of this.#terminals) terminal.drain();
    if (!this.#isWaiting()) return;
    for (const output of this.#held.splice(0)) this.#send(output);
  }

  /** The client is gone: what its programs print from now on goes elsewhere. */
  handOver(sink: (output: Uint8Array) => void): void {
    for (const terminal of this.#terminals) terminal.sink = sink;
    this.#terminals.clear();
    for (const output of this.#held.splice(0)) sink(output);
  }

  #take(output: Uint8Array): void {
    this.#held.push(output);
    if (!this.#isWaiting()) return;
    for (const each of this.#held.splice(0)) this.#send(each);
  }
}
