/** Typed packets over a connection: what is sent is a value, and so is what comes back; failures are errors. */
import {
  asciiText,
  type Failure,
  type KnownPacket,
  type PacketName,
  ProtocolError,
  parseReply,
  printPacket,
  type Reply,
  type ThreadId,
} from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import type { ExchangeOptions, PacketConnection } from './packet-connection.js';
import type { WaitOptions } from './wait-options.js';

/** A reply that is no failure. */
export type Answer<Name extends PacketName> = Exclude<Reply<Name>, Failure>;

export interface AskOptions extends WaitOptions {
  readonly isExclusive?: boolean;
  readonly isInterruptible?: boolean;
  readonly mayBeAbandoned?: boolean;
  readonly takeInterim?: (data: Uint8Array) => boolean;
  /** There is no bound when nothing is said. */
  readonly isUnbounded?: boolean;
}

const shownCharacters = 80;
/** What every server takes when it does not say. */
const defaultPacketBytes = 400;

export class Requester {
  readonly connection: PacketConnection;
  readonly #timeoutMs: number;
  /** Packets that were answered with nothing. */
  readonly #unknown = new Set<PacketName>();
  #features: ReadonlyMap<string, string | boolean> = new Map();
  /** The thread that the server has been told to mean; undefined: the one of the last stop. */
  #selected: string | undefined;
  /** The server means the thread of each stop by itself, as in all-stop. */
  followsStops = true;
  /** The thread that is meant where none is named. */
  currentThread: ThreadId | undefined;

  constructor(connection: PacketConnection, timeoutMs: number) {
    this.connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** What the server announced: true, false or a text by name. */
  get features(): ReadonlyMap<string, string | boolean> {
    return this.#features;
  }

  set features(features: ReadonlyMap<string, string | boolean>) {
    this.#features = features;
  }

  has(feature: string): boolean {
    return this.#features.get(feature) === true;
  }

  /** Longest data of a packet that the server takes. */
  get packetBytes(): number {
    const value = this.#features.get('PacketSize');
    return typeof value === 'string' ? Number.parseInt(value, 16) : defaultPacketBytes;
  }

  /** Whether a packet may be worth sending: it was not answered with nothing before. */
  mayKnow(name: PacketName): boolean {
    return !this.#unknown.has(name);
  }

  /** The reply to any bytes, as it is. */
  exchange(data: Uint8Array, options: AskOptions = {}): Promise<Uint8Array> {
    const { timeoutMs, isUnbounded = false, ...rest } = options;
    const exchange: ExchangeOptions = {
      ...rest,
      timeoutMs: timeoutMs ?? (isUnbounded ? undefined : this.#timeoutMs),
    };
    return this.connection.exchange(data, exchange);
  }

  /**
   * @throws ClientError REFUSED for `E`, UNSUPPORTED for an empty reply, UNEXPECTED for a reply that the packet cannot
   * have
   */
  async ask<Sent extends KnownPacket>(packet: Sent, options: AskOptions = {}): Promise<Answer<Sent['kind']>> {
    const data = printPacket(packet);
    const reply = await this.exchange(data, options);
    return this.answerOf<Sent['kind']>(packet.kind, data, reply);
  }

  /** As `ask`; undefined where the server does not know the packet. */
  async askIfKnown<Sent extends KnownPacket>(
    packet: Sent,
    options: AskOptions = {},
  ): Promise<Answer<Sent['kind']> | undefined> {
    if (!this.mayKnow(packet.kind)) return undefined;
    return undefinedIfUnsupported(this.ask(packet, options));
  }

  /** The reply to a packet as a value. @throws as `ask` */
  answerOf<Name extends PacketName>(name: Name, packet: Uint8Array, data: Uint8Array): Answer<Name> {
    const reply = this.#parse(name, packet, data);
    const failure = failureOf(reply);
    if (failure === undefined) return reply as Answer<Name>;
    if (failure.kind === 'unsupported') this.#unknown.add(name);
    throw failed(textOf(packet), failure, textOf(data));
  }

  #parse<Name extends PacketName>(name: Name, packet: Uint8Array, data: Uint8Array): Reply<Name> {
    try {
      return parseReply(name, data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw unexpected(textOf(packet), textOf(data), error);
    }
  }

  /** Makes the server mean the thread of the last stop again, as it does by itself after each. */
  forgetSelection(): void {
    this.#selected = undefined;
  }

  /**
   * Asks about a thread, by default the current one; both packets leave together. With `isWrite` the second waits for
   * the answer to the first.
   */
  async askThread<Sent extends KnownPacket>(
    thread: ThreadId | undefined,
    packet: Sent,
    options: AskOptions & { readonly isWrite?: boolean } = {},
  ): Promise<Answer<Sent['kind']>> {
    const { isWrite = false, ...rest } = options;
    const selection = this.#select(thread ?? this.currentThread, thread !== undefined);
    if (isWrite) await selection;
    const answer = this.ask(packet, rest);
    // Of two failures the first one is told: the answer is not that thread's then.
    answer.catch(() => undefined);
    await selection;
    return answer;
  }

  /** Selects a thread where another one is; @throws ClientError REFUSED when there is no such thread */
  async #select(thread: ThreadId | undefined, isNamed: boolean): Promise<void> {
    if (thread === undefined) return;
    const key = `${thread.pid}.${thread.tid}`;
    // After a stop the server means its thread.
    if (this.#selected === key) return;
    if (this.followsStops && this.#selected === undefined && !isNamed) return;
    this.#selected = key;
    try {
      await this.ask({ kind: 'H', for: 'access', thread: { process: thread.pid, thread: thread.tid } });
    } catch (error) {
      this.#selected = 'nobody';
      throw error;
    }
  }
}

/** undefined in place of an UNSUPPORTED. */
export async function undefinedIfUnsupported<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, clientErrorCodes.UNSUPPORTED)) return undefined;
    throw error;
  }
}

/** undefined in place of a REFUSED. */
export async function undefinedIfRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, clientErrorCodes.REFUSED)) return undefined;
    throw error;
  }
}

function failureOf(reply: { readonly kind: string }): Failure | undefined {
  const isFailure = ['unsupported', 'error', 'error-text'].includes(reply.kind);
  return isFailure ? (reply as Failure) : undefined;
}

function failed(packet: string, failure: Failure, reply: string): ClientError {
  switch (failure.kind) {
    case 'unsupported':
      return new ClientError(clientErrorCodes.UNSUPPORTED, `the server does not know ${packet}`, {
        packet,
        reply,
      });
    case 'error': {
      const { number, text } = failure;
      return new ClientError(clientErrorCodes.REFUSED, `${packet}: ${text ?? reply}`, {
        packet,
        reply,
        number,
      });
    }
    case 'error-text':
      return new ClientError(clientErrorCodes.REFUSED, `${packet}: ${failure.text}`, { packet, reply });
  }
}

export function unexpected(packet: string, reply: string, cause?: unknown): ClientError {
  return new ClientError(clientErrorCodes.UNEXPECTED, `${packet}: unexpected reply ${reply}`, {
    packet,
    reply,
    cause,
  });
}

function textOf(data: Uint8Array): string {
  const text = asciiText(data.subarray(0, shownCharacters)).replace(/[^\x20-\x7e]/g, '.');
  return data.length > shownCharacters ? `${text}...` : text;
}
