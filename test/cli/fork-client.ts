/** A client that is told of forks, and lets the children go. */
import assert from 'node:assert/strict';
import { breakpointKind, expeditedRegisters } from '../support/machine-registers.js';
import type { SocketClient } from '../support/raw-client.js';
import { features, PlainClient } from './plain-client.js';

const firstRegister = (expeditedRegisters[0] ?? 0).toString(16).padStart(2, '0');

/** A client that follows forks. In its packets PARENT, CHILD, WORK and KIND (of breakpoints) stand for what they are just now. */
export class ForkClient {
  readonly parent: string;
  child = '';
  readonly #client: PlainClient;
  readonly #work: string;

  constructor(client: PlainClient, parent: string, work: bigint) {
    this.#client = client;
    this.parent = parent;
    this.#work = work.toString(16);
  }

  static async of(connection: SocketClient, work: bigint): Promise<ForkClient> {
    await connection.client.request(`${features};fork-events+;vfork-events+`);
    const stop = await connection.client.request('?');
    await connection.client.request('QPassSignals:14');
    await connection.client.request('QStartNoAckMode');
    const parent = /thread:p([0-9a-f]+)\./.exec(stop)?.[1] ?? '';
    return new ForkClient(new PlainClient(connection), parent, work);
  }

  get childPid(): number {
    return Number.parseInt(this.child, 16);
  }

  async ask(packet: string): Promise<string> {
    return (await this.askAll([packet]))[0] ?? '';
  }

  /** All at once. */
  async askAll(packets: readonly string[]): Promise<readonly string[]> {
    const filled = packets.map((packet) =>
      packet
        .replaceAll('PARENT', this.parent)
        .replaceAll('CHILD', this.child)
        .replaceAll('WORK', this.#work)
        .replaceAll('KIND', String(breakpointKind)),
    );
    const replies = await this.#client.ask(filled);
    for (const reply of replies) this.child = /;v?fork:p([0-9a-f]+)\./.exec(reply)?.[1] ?? this.child;
    return replies;
  }

  withoutIds(reply: string): string {
    return reply.replaceAll(`p${this.child}.${this.child}`, 'CHILD').replaceAll(this.parent, 'PARENT');
  }

  async toFork(packet = 'vCont;c'): Promise<void> {
    const reply = await this.ask(packet);
    const parent = `p${this.parent}.${this.parent}`;
    assert.match(
      reply,
      new RegExp(`^T05thread:${parent};fork:p${this.child}.${this.child};${firstRegister}:`),
    );
  }

  /** `about`: what the client says of each child before. */
  async letGo(forks: number, about: readonly string[] = []): Promise<void> {
    for (let fork = 0; fork < forks; fork++) {
      await this.toFork();
      for (const packet of [...about, 'D;CHILD']) assert.equal(await this.ask(packet), 'OK', packet);
    }
  }
}

/** What GDB says of a child before it lets it go. */
export const asGdb = ['HgpCHILD.CHILD', 'z0,WORK,KIND', 'HgpPARENT.PARENT'];
