/** One server with the client connected to it, the program at its function ready(). */

import { TestProcess } from '../support/test-process.js';
import type { Bench } from './bench.js';
import { type Duty, type ServerName, serverCommand } from './contender.js';
import { LoadClient } from './load-client.js';

/** What GDB says of itself. */
const clientFeatures = [
  'multiprocess+',
  'swbreak+',
  'hwbreak+',
  'qRelocInsn+',
  'fork-events+',
  'vfork-events+',
  'exec-events+',
  'vContSupported+',
  'QThreadEvents+',
  'no-resumed+',
  'xmlRegisters=i386',
];

export interface SessionOptions {
  /** Features of the client that are left out. */
  readonly without?: readonly string[];
}

export class Session implements AsyncDisposable {
  /** The selected thread, as the server writes it. */
  thread = '';
  packetBytes = 0;

  private constructor(
    readonly name: ServerName | 'raw',
    readonly client: LoadClient,
    readonly server: TestProcess,
    readonly bench: Bench,
  ) {}

  /** The server with the workload at ready(). */
  static async launch(
    bench: Bench,
    name: ServerName,
    workload: readonly string[],
    options: SessionOptions = {},
  ): Promise<Session> {
    const session = await Session.#open(bench, name, {
      kind: 'launch',
      command: [bench.programs.workload, ...workload],
    });
    return session.#guarded(async () => {
      await session.#greet(options);
      session.#select(await session.client.ask('?'));
      await session.runTo('ready');
    });
  }

  /** The server without a program. */
  static async waiting(bench: Bench, name: ServerName): Promise<Session> {
    const session = await Session.#open(bench, name, { kind: 'attach' });
    return session.#guarded(() => session.#greet({}));
  }

  /** The C program that answers steps, in a server's place. */
  static async rawSteps(bench: Bench, workload: readonly string[]): Promise<Session> {
    const server = await TestProcess.start('raw-limit', bench.rawCommand('step', workload));
    const session = await Session.#connect(bench, 'raw', server, undefined);
    return session.#guarded(async () => session.#select(await session.client.ask('?')));
  }

  static async #open(bench: Bench, name: ServerName, duty: Duty): Promise<Session> {
    const { command, port } = await serverCommand(name, duty);
    const server = await TestProcess.start(name, bench.pinned(command));
    return Session.#connect(bench, name, server, port);
  }

  static async #connect(
    bench: Bench,
    name: ServerName | 'raw',
    server: TestProcess,
    knownPort: number | undefined,
  ): Promise<Session> {
    try {
      const port = knownPort ?? Number((await server.output.match(/istening on port (\d+)/))[1]);
      const client = await LoadClient.start(bench);
      const session = new Session(name, client, server, bench);
      return await session.#guarded(() => client.connect(port));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The session, after `prepare`; nothing is left over when that fails. */
  async #guarded(prepare: () => Promise<void>): Promise<this> {
    try {
      await prepare();
      return this;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #greet({ without = [] }: SessionOptions): Promise<void> {
    const features = clientFeatures.filter((feature) => !without.includes(feature));
    const reply = await this.client.ask(`qSupported:${features.join(';')}`);
    this.packetBytes = Number.parseInt(/PacketSize=([0-9a-f]+)/.exec(reply)?.[1] ?? '400', 16);
  }

  #select(stopReply: string): void {
    const thread = /thread:([^;]+);/.exec(stopReply)?.[1];
    if (thread === undefined) throw new Error(`${this.name}: no thread in ${stopReply}`);
    this.thread = thread;
  }

  /** What a stop reply holds when the pc is at a symbol of the workload. */
  pcAt(symbol: string): string {
    const bytes = this.bench.address(symbol).toString(16).padStart(16, '0').match(/../g) ?? [];
    return `10:${bytes.reverse().join('')};`;
  }

  breakpoint(action: 'Z' | 'z', symbol: string, conditions = ''): string {
    return `${action}0,${this.bench.address(symbol).toString(16)},1${conditions}`;
  }

  async insert(symbol: string, conditions = ''): Promise<void> {
    await this.expect(this.breakpoint('Z', symbol, conditions), 'OK');
  }

  async expect(packet: string, beginning: string): Promise<string> {
    const reply = await this.client.ask(packet);
    if (!reply.startsWith(beginning))
      throw new Error(`${this.name}: ${packet} was answered with "${reply.slice(0, 200)}"`);
    return reply;
  }

  /** Lets the program run until it is at the symbol; no breakpoint stays there. */
  async runTo(symbol: string): Promise<void> {
    await this.insert(symbol);
    const stop = await this.client.ask('vCont;c');
    if (!stop.includes(this.pcAt(symbol)))
      throw new Error(`${this.name}: not at ${symbol}, but ${stop.slice(0, 300)}`);
    this.#select(stop);
    await this.expect(this.breakpoint('z', symbol), 'OK');
  }

  /** The workload's count of what it did. */
  async done(): Promise<number> {
    const bytes = (await this.expect(`m${this.bench.address('done').toString(16)},8`, '')).match(/../g) ?? [];
    return Number(BigInt(`0x${bytes.reverse().join('')}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
