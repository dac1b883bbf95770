/** The places where clients appear, one at a time: sockets, a serial line, standard input and output. */
import type { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { assertNever } from '../base/assert-never.js';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { nativeBinding } from '../native/binding.js';
import { ClientQueue } from './client-queue.js';
import type { Comm } from './comm.js';
import type { ByteStream } from './connection.js';
import { type Listener, listenTcp, listenUnix } from './listen.js';
import { StartError } from './start-error.js';

export interface Client {
  readonly stream: ByteStream;
  /** `Remote debugging …`: who it is. */
  readonly greeting: string;
}

export interface Endpoint {
  /** Said each time the server waits for a client; empty: nothing. */
  readonly announcement: string;
  /** Said once, before the first announcement. */
  readonly notice: string | undefined;
  /** Clients in the order in which they came. Ends when no more can come. */
  readonly clients: AsyncIterable<Client>;
  /** No more clients. */
  close(): void;
}

/** @throws StartError */
export async function openEndpoint(comm: Comm): Promise<Endpoint> {
  switch (comm.kind) {
    case 'tcp':
      return socketEndpoint(await listenTcp(comm));
    case 'unix':
      return socketEndpoint(await listenUnix(comm));
    case 'serial':
      return serialEndpoint(comm.path);
    case 'stdio':
      return stdioEndpoint();
    default:
      return assertNever(comm);
  }
}

function socketEndpoint(listener: Listener): Endpoint {
  const queue = new ClientQueue(listener.server);
  return {
    announcement: `Listening on ${listener.place}`,
    notice: listener.notice,
    clients: greetSockets(queue),
    close: () => queue.close(),
  };
}

async function* greetSockets(queue: ClientQueue): AsyncGenerator<Client> {
  for await (const socket of queue) {
    yield { stream: { input: socket, output: socket }, greeting: greetingOf(socket) };
  }
}

function greetingOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return 'Remote debugging from this machine';
  return `Remote debugging from host ${remoteAddress}, port ${remotePort}`;
}

/** The line is opened once to find mistakes early, and again after each client. */
function serialEndpoint(path: string): Endpoint {
  let isClosed = false;
  const first = openSerial(path);
  async function* clients(): AsyncGenerator<Client> {
    for (let line = first; !isClosed; line = openSerial(path)) {
      yield { stream: { input: line, output: line }, greeting: `Remote debugging using ${path}` };
    }
  }
  return {
    announcement: '',
    notice: undefined,
    clients: clients(),
    close: () => {
      isClosed = true;
    },
  };
}

function openSerial(path: string): ReadStream {
  try {
    return new ReadStream(nativeBinding().openSerial(path));
  } catch (error) {
    throw new StartError(`Could not open remote device ${path}: ${messageOf(error)}.`);
  }
}

function stdioEndpoint(): Endpoint {
  async function* clients(): AsyncGenerator<Client> {
    yield {
      stream: { input: hostProcess.stdin, output: hostProcess.stdout },
      greeting: 'Remote debugging using stdio',
    };
  }
  return { announcement: '', notice: undefined, clients: clients(), close: () => undefined };
}
