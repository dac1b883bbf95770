/** Drives rsp-load, the C client: one command, one line back. */

import { TestProcess } from '../support/test-process.js';
import type { Bench } from './bench.js';

export interface Timed {
  readonly elapsedNs: number;
  /** What follows the time: a count, or a reply. */
  readonly rest: string;
}

/** Far longer than any operation takes; it ends a run that hangs. */
const timeoutMs = 600_000;

export class LoadClient implements AsyncDisposable {
  readonly #process: TestProcess;
  #readCharacters = 0;

  private constructor(process: TestProcess) {
    this.#process = process;
  }

  static async start(bench: Bench): Promise<LoadClient> {
    const command = bench.pinned([bench.programs.client]);
    return new LoadClient(await TestProcess.start('rsp-load', command, { env: bench.clockEnvironment }));
  }

  async connect(port: number): Promise<void> {
    await this.#line(['connect', port]);
  }

  /** The reply to one packet. */
  async ask(packet: string): Promise<string> {
    return (await this.#timed(['ask', packet])).rest;
  }

  askTimed(packet: string): Promise<Timed> {
    return this.#timed(['ask', packet]);
  }

  /** @param exchanges packets with what their replies must begin with, all of them `count` times */
  loop(count: number, exchanges: readonly (readonly [string, string])[]): Promise<Timed> {
    return this.#timed(['loop', count, ...exchanges.flat()]);
  }

  /** Sends the packets over and over, until a reply holds `text`; the rest is the number of replies. */
  until(text: string, packets: readonly string[]): Promise<Timed> {
    return this.#timed(['until', text, ...packets]);
  }

  /** Lets the program run with `packet`, and interrupts it `delayUs` later; the time is the median, the rest the worst. */
  interrupt(count: number, delayUs: number, packet: string, replyStart: string): Promise<Timed> {
    return this.#timed(['interrupt', count, delayUs, packet, replyStart]);
  }

  fetch(kind: 'm' | 'x' | 'pread', from: Range, patternSeed: number, fd = 0): Promise<Timed> {
    return this.#timed(['fetch', kind, ...rangeFields(from), patternSeed, fd]);
  }

  store(to: Range, patternSeed: number): Promise<Timed> {
    return this.#timed(['store', ...rangeFields(to), patternSeed]);
  }

  /** Reads a whole object of qXfer; the rest is how often `text` is in it. */
  transfer(object: string, chunkBytes: number, text: string): Promise<Timed> {
    return this.#timed(['transfer', object, chunkBytes, text]);
  }

  /** Starts a program; the rest is its pid. See rsp-load.c. */
  startProgram(until: 'byte' | 'stop', command: readonly string[]): Promise<Timed> {
    return this.#timed(['start', until, ...command]);
  }

  async #timed(fields: readonly (string | number)[]): Promise<Timed> {
    const line = await this.#line(fields);
    const [, elapsed, rest = ''] = /^ok (\d+) ?(.*)$/.exec(line) ?? [];
    if (elapsed === undefined) throw new Error(`rsp-load, ${fields.join(' ').slice(0, 200)}: ${line}`);
    return { elapsedNs: Number(elapsed), rest };
  }

  async #line(fields: readonly (string | number)[]): Promise<string> {
    this.#process.write(`${fields.join('\t')}\n`);
    const match = await this.#process.output.match(/^(.*)\n/, timeoutMs, this.#readCharacters);
    this.#readCharacters += match[0].length;
    const line = match[1] ?? '';
    if (!line.startsWith('ok'))
      throw new Error(`rsp-load, ${fields.join(' ').slice(0, 200)}: ${line.slice(0, 500)}`);
    return line;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

export interface Range {
  readonly address: bigint;
  readonly lengthBytes: number;
  /** How much one packet asks for or brings. */
  readonly chunkBytes: number;
}

function rangeFields({ address, lengthBytes, chunkBytes }: Range): readonly (string | number)[] {
  return [address.toString(16), lengthBytes, chunkBytes];
}
