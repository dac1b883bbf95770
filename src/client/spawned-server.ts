/** A server that is started for one connection. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientError, clientErrorCodes } from './client-error.js';
import type { OpenEndpoint } from './endpoint.js';
import { type ByteStreams, openSocket } from './socket.js';

/** A program to start, with its arguments, folder and environment; by default those of this process. */
export interface Command {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A server that is started for the session, and how it is reached. It ends with the session. */
export type SpawnedServer =
  /** The server speaks over its standard input and output, as `gdbserver - PROGRAM` does. */
  | (Command & { readonly via?: 'stdio' })
  /** The server prints its TCP port, which is the pattern's first group. */
  | (Command & { readonly via: { readonly printedPort: RegExp } })
  /** The server makes a Unix domain socket, as `qemu-x86_64 -g PATH` does. */
  | (Command & { readonly via: { readonly path: string } })
  /** The server connects to a port of this side, as `lldb-server gdbserver --reverse-connect` does. */
  | ReverseServer;

/** A server that connects to the client. */
export interface ReverseServer extends Omit<Command, 'args'> {
  readonly via: 'reverse';
  /** Arguments for the port that the client listens on. */
  readonly args: (port: number) => readonly string[];
}

/** Time between two attempts to reach a socket that is not there yet. */
const retryMs = 10;
/** Longest wait for text of a server that has ended. */
const lastWordsMs = 500;
/** Text of the server that an error shows. */
const shownCharacters = 2000;

/** @throws ClientError NO_SERVER when it cannot be started, or ends before it is reached; the signal's reason */
export async function spawnServer(server: SpawnedServer, signal: AbortSignal): Promise<OpenEndpoint> {
  if (server.via === 'reverse') return spawnReverse(server, signal);
  const { via = 'stdio' } = server;
  const child = new ServerProcess(server, server.args ?? [], via === 'stdio');
  try {
    if (via === 'stdio') return child.asEndpoint(await child.standardStreams());
    const address =
      'path' in via ? via : { host: 'localhost', port: await child.printedPort(via.printedPort, signal) };
    return child.asEndpoint(await child.reach(address, signal));
  } catch (error) {
    await child.close();
    throw error;
  }
}

async function spawnReverse(server: ReverseServer, signal: AbortSignal): Promise<OpenEndpoint> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening', { signal });
  const address = listener.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const child = new ServerProcess(server, server.args(port), false);
  try {
    const [socket]: Socket[] = await child.orEnd(once(listener, 'connection', { signal }));
    if (socket === undefined) throw child.failure('no connection');
    socket.setNoDelay(true);
    return child.asEndpoint({ readable: socket, writable: socket });
  } catch (error) {
    await child.close();
    throw error;
  } finally {
    listener.close();
  }
}

class ServerProcess {
  readonly #command: string;
  readonly #child: ChildProcess;
  /** `spawn`, and `text` when it has printed something; an error of the child is told as its end. */
  readonly #events = new EventEmitter();
  /** How it has ended. */
  readonly #ended: Promise<string>;
  readonly #saidAll: Promise<void>;
  #text = '';

  /** @param speaks over its standard streams, so that only its errors are text for people */
  constructor({ command, cwd, env }: Omit<Command, 'args'>, args: readonly string[], speaks: boolean) {
    this.#command = command;
    const options: SpawnOptions = {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    };
    this.#child = spawn(command, args, options);
    this.#child.once('spawn', () => this.#events.emit('spawn'));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(`it has ended with ${signal ?? code}`));
    });
    this.#saidAll = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
    });
    for (const stream of speaks ? [this.#child.stderr] : [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Uint8Array) => this.#keep(chunk));
  }

  #keep(chunk: Uint8Array): void {
    this.#text = (this.#text + new TextDecoder().decode(chunk)).slice(-shownCharacters);
    this.#events.emit('text');
  }

  failure(why: string): ClientError {
    const text = this.#text === '' ? '' : `\n${this.#text}`;
    return new ClientError(clientErrorCodes.NO_SERVER, `${this.#command}: ${why}${text}`);
  }

  /** What was waited for. @throws ClientError NO_SERVER when the server ends before it */
  orEnd<T>(wanted: Promise<T>): Promise<T> {
    const ended = this.#ended.then(async (how): Promise<never> => {
      // What it said last may still be in the pipe; a child of its own may keep that open.
      await Promise.race([this.#saidAll, delay(lastWordsMs)]);
      throw this.failure(how);
    });
    return Promise.race([wanted, ended]);
  }

  /** @throws ClientError NO_SERVER when it could not be started */
  async standardStreams(): Promise<ByteStreams> {
    const { stdin, stdout } = this.#child;
    await this.orEnd(once(this.#events, 'spawn'));
    if (stdin === null || stdout === null) throw this.failure('no standard streams');
    return { readable: stdout, writable: stdin };
  }

  /** The number in what it prints. */
  async printedPort(pattern: RegExp, signal: AbortSignal): Promise<number> {
    for (;;) {
      const [, port] = pattern.exec(this.#text) ?? [];
      if (port !== undefined) return Number(port);
      await this.orEnd(once(this.#events, 'text', { signal }));
    }
  }

  /** Connects as soon as it listens. */
  async reach(
    address: { readonly host: string; readonly port: number } | { readonly path: string },
    signal: AbortSignal,
  ): Promise<ByteStreams> {
    for (;;) {
      try {
        return await openSocket(address, signal);
      } catch (error) {
        if (!isNotThereYet(error)) throw error;
        await this.orEnd(delay(retryMs, undefined, { signal }));
      }
    }
  }

  asEndpoint(streams: ByteStreams): OpenEndpoint {
    return { streams, close: () => this.close() };
  }

  /** Kills it, and waits for its end; harmless when it has ended. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr] as (Readable | null)[])
      stream?.destroy();
  }
}

function isNotThereYet(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
  );
}
