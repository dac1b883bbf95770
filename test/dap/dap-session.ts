/**
 * One debug adapter as an editor has it: a process that speaks the Debug Adapter Protocol over its standard streams. All
 * its events are kept, so that none is missed by who waits for it later.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { bounded } from '../support/bounded.js';
import { killFamily, newFamily } from '../support/process-family.js';

const shownMessages = 40;
const shownCharacters = 400;
const patienceMs = 30_000;

type Event = DebugProtocol.Event;

/** The client of the protocol, with every message kept as text for failures. */
class RecordingClient extends DebugClient {
  readonly events: Event[] = [];
  readonly messages: string[] = [];
  onEvent: () => void = () => undefined;

  constructor() {
    super('', '', 'outstep-test');
  }

  override start(): Promise<void> {
    throw new Error('the adapter is started by its session');
  }

  join(child: ChildProcess): void {
    if (child.stdout === null || child.stdin === null) throw new Error('an adapter without streams');
    this.connect(child.stdout, child.stdin);
  }

  override emit(name: string | symbol, ...args: readonly unknown[]): boolean {
    const [event] = args;
    if (typeof name === 'string' && isEvent(event)) {
      this.events.push(event);
      this.messages.push(`<- ${JSON.stringify(event).slice(0, shownCharacters)}`);
      this.onEvent();
    }
    return super.emit(name, ...args);
  }
}

function isEvent(value: unknown): value is Event {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'event';
}

export interface AdapterCommand {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class DapSession implements AsyncDisposable {
  readonly #client = new RecordingClient();
  readonly #child: ChildProcess;
  readonly #family: string;
  readonly #exit: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #read = 0;
  #errors = '';
  #capabilities: DebugProtocol.Capabilities = {};

  private constructor(child: ChildProcess, family: string) {
    this.#child = child;
    this.#family = family;
    this.#exit = once(child, 'exit');
    this.#client.join(child);
    this.#client.onEvent = () => {
      for (const look of [...this.#waiting]) look();
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
  }

  /** Starts an adapter and says `initialize`. */
  static async start({ command, env }: AdapterCommand): Promise<DapSession> {
    const [program = '', ...args] = command;
    const { family, variables } = newFamily();
    const child = spawn(program, args, {
      env: { ...process.env, DEBUGINFOD_URLS: '', ...env, ...variables },
      stdio: 'pipe',
    });
    // What is written to an adapter that has ended is lost.
    child.stdin.on('error', () => undefined);
    await bounded(once(child, 'spawn'), patienceMs, () => `start of ${command.join(' ')}`);
    const session = new DapSession(child, family);
    const { body } = await session.request('initialize', {
      adapterID: 'outstep-test',
      clientID: 'vscode',
      linesStartAt1: true,
      columnsStartAt1: true,
      pathFormat: 'path',
      supportsVariableType: true,
      supportsMemoryReferences: true,
    });
    session.#capabilities = body ?? {};
    return session;
  }

  get capabilities(): DebugProtocol.Capabilities {
    return this.#capabilities;
  }

  /** What was said last, for messages of failures. */
  get transcript(): string {
    return [...this.#client.messages.slice(-shownMessages), this.#errors.slice(-2000)].join('\n');
  }

  /** @throws Error with the adapter's message, when it refuses */
  async request<Response extends DebugProtocol.Response = DebugProtocol.Response>(
    command: string,
    args: object = {},
  ): Promise<Response> {
    const { messages } = this.#client;
    messages.push(`-> ${command} ${JSON.stringify(args).slice(0, shownCharacters)}`);
    const answer = this.#client.send(command, args).catch((error: unknown) => {
      throw new Error(`${command}: ${error instanceof Error ? error.message : error}\n${this.transcript}`);
    });
    const response = await bounded(answer, patienceMs, () => `response to ${command}\n${this.transcript}`);
    messages.push(`<- ${command} ${JSON.stringify(response.body ?? {}).slice(0, shownCharacters)}`);
    return response as Response;
  }

  /** The next event of a kind behind the one that was waited for last. */
  async event<Kind extends Event>(
    kind: Kind['event'],
    matches: (event: Kind) => boolean = () => true,
  ): Promise<Kind> {
    const { event, index } = await this.#find(kind, matches, this.#read);
    this.#read = index + 1;
    return event;
  }

  /** An event of a kind at any time, before or behind others that were waited for. */
  async anyEvent<Kind extends Event>(kind: Kind['event'], matches: (event: Kind) => boolean): Promise<Kind> {
    return (await this.#find(kind, matches, 0)).event;
  }

  #find<Kind extends Event>(
    kind: Kind['event'],
    matches: (event: Kind) => boolean,
    from: number,
  ): Promise<{ readonly event: Kind; readonly index: number }> {
    const { events } = this.#client;
    const found = new Promise<{ readonly event: Kind; readonly index: number }>((resolve) => {
      const look = (): void => {
        const index = events.findIndex(
          (each, at) => at >= from && each.event === kind && matches(each as Kind),
        );
        if (index < 0) return;
        this.#waiting.delete(look);
        resolve({ event: events[index] as Kind, index });
      };
      this.#waiting.add(look);
      look();
    });
    return bounded(found, patienceMs, () => `event ${kind}\n${this.transcript}`);
  }

  /** As an editor leaves an adapter: it says so, and ends the process as soon as it is answered. */
  async disconnect(args: DebugProtocol.DisconnectArguments): Promise<void> {
    await this.request('disconnect', args);
    this.#child.kill('SIGTERM');
  }

  /** Kills the adapter and everything that it has started. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await bounded(this.#exit, patienceMs, () => 'end of the adapter');
    killFamily(this.#family);
  }
}
