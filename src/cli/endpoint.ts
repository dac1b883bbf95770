/** The places where clients appear, one at a time: sockets, a serial line, standard input and output. */
import { fstatSync, rmSync } from 'node:fs';
import { assertNever } from '../base/assert-never.js';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import type { GdbServer } from '../engines/gdb/server.js';
import { nativeBinding } from '../native/binding.js';
import { type AcceptedClient, ClientQueue } from './client-queue.js';
import type { Comm } from './comm.js';
import { type Connection, openStreamConnection } from './connection.js';
import { type Listener, listenTcp, listenUnix } from './listen.js';
import { SocketConnection } from './socket-connection.js';
import { StartError } from './start-error.js';

export interface Client {
  /** Begins its session. */
  serve(server: GdbServer): Connection;
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
      return socketEndpoint(listenTcp(comm));
    case 'unix':
      return socketEndpoint(listenUnix(comm));
    case 'serial':
      return serialEndpoint(comm.path);
    case 'stdio':
      return stdioEndpoint();
    default:
      return assertNever(comm);
  }
}

function socketEndpoint(listener: Listener): Endpoint {
  const queue = new ClientQueue(listener.fd);
  return {
    announcement: `Listening on ${listener.place}`,
    notice: listener.notice,
    clients: acceptedClients(queue),
    close: () => {
      queue.close();
      if (listener.file !== undefined) rmSync(listener.file, { force: true });
    },
  };
}

async function* acceptedClients(queue: ClientQueue): AsyncGenerator<Client> {
  for await (const client of queue) {
    yield { serve: (server) => new SocketConnection(server, client.fd), greeting: greetingOf(client) };
  }
}

function greetingOf({ host, port }: AcceptedClient): string {
  return host === ''
    ? 'Remote debugging from this machine'
    : `Remote debugging from host ${host}, port ${port}`;
}

/** The line is opened once to find mistakes early, and again after each client. */
async function serialEndpoint(path: string): Promise<Endpoint> {
  const { ReadStream } = await import('node:tty');
  const open = (): InstanceType<typeof ReadStream> => {
    try {
      return new ReadStream(nativeBinding().openSerial(path));
    } catch (error) {
      throw new StartError(`Could not open remote device ${path}: ${messageOf(error)}.`);
    }
  };
  let isClosed = false;
  const first = open();
  async function* clients(): AsyncGenerator<Client> {
    for (let line = first; !isClosed; line = open()) {
      const opened = line;
      yield {
        serve: (server) => openStreamConnection(server, opened, opened),
        greeting: `Remote debugging using ${path}`,
      };
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

function stdioEndpoint(): Endpoint {
  async function* clients(): AsyncGenerator<Client> {
    yield { serve: serveStdio, greeting: 'Remote debugging using stdio' };
  }
  return { announcement: '', notice: undefined, clients: clients(), close: () => undefined };
}

const standardInput = 0;
const standardOutput = 1;

/** GDB hands both over as one socket when it starts the server itself. */
function serveStdio(server: GdbServer): Connection {
  const isOneSocket =
    nativeBinding().isSocket(standardInput) && fstatSync(standardInput).ino === fstatSync(standardOutput).ino;
  if (isOneSocket) return new SocketConnection(server, standardInput);
  return openStreamConnection(server, hostProcess.stdin, hostProcess.stdout);
}
