/** The places where clients appear: sockets, a serial line, standard input and output. */
import { fstatSync, rmSync } from 'node:fs';
import { assertNever } from '../base/assert-never.js';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import type { GdbServer } from '../engines/gdb/server.js';
import { nativeBinding } from '../native/binding.js';
import { type AcceptedClient, ClientQueue } from './client-queue.js';
import type { Comm, OutgoingComm } from './comm.js';
import { type Connection, type ConnectionEars, openStreamConnection } from './connection.js';
import { type Listener, listenTcp, listenUnix } from './listen.js';
import { SocketConnection } from './socket-connection.js';
import { StartError } from './start-error.js';
import type { Place } from './status.js';

export interface Client {
  /** Begins its session. */
  serve(server: GdbServer, ears?: ConnectionEars): Connection;
  /** Who it is, as it follows "Remote debugging ". */
  readonly from: string;
}

export interface Endpoint {
  /** Said each time the server waits for a client; undefined: nothing is. */
  readonly place: Place | undefined;
  /** Said once, before the first place. */
  readonly notice: string | undefined;
  /** Clients in the order in which they came. Ends when no more can come. */
  readonly clients: AsyncIterable<Client>;
  /** Clients are served beside each other; else the next one comes when the one before has gone. */
  readonly isShared: boolean;
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
    case 'descriptor':
      return singleEndpoint({
        serve: (server, ears) => new SocketConnection(server, comm.fd, ears),
        from: `using descriptor ${comm.fd}`,
      });
    case 'outgoing':
      return outgoingEndpoint(comm);
    default:
      return assertNever(comm);
  }
}

function socketEndpoint(listener: Listener): Endpoint {
  const queue = new ClientQueue(listener.fd);
  return {
    place: listener.place,
    notice: listener.notice,
    clients: acceptedClients(queue),
    isShared: true,
    close: () => {
      queue.close();
      if (listener.file !== undefined) rmSync(listener.file, { force: true });
    },
  };
}

async function* acceptedClients(queue: ClientQueue): AsyncGenerator<Client> {
  for await (const client of queue) {
    const peer = peerOf(client);
    yield {
      serve: (server, ears) => new SocketConnection(server, client.fd, ears, peer),
      from: `from ${peer}`,
    };
  }
}

function peerOf({ host, port }: AcceptedClient): string {
  return host === '' ? 'this machine' : `host ${host}, port ${port}`;
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
        serve: (server, ears) => openStreamConnection(server, opened, opened, ears),
        from: `using ${path}`,
      };
    }
  }
  return {
    place: undefined,
    notice: undefined,
    clients: clients(),
    isShared: false,
    close: () => {
      isClosed = true;
    },
  };
}

/** @throws StartError */
async function outgoingEndpoint({ host, port }: OutgoingComm): Promise<Endpoint> {
  const { connect } = await import('node:net');
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) =>
      reject(new StartError(`Cannot connect to ${host}:${port}: ${error.message}`)),
    );
  });
  return singleEndpoint({
    serve: (server, ears) => openStreamConnection(server, socket, socket, ears),
    from: `from ${host}:${port}`,
  });
}

function stdioEndpoint(): Endpoint {
  return singleEndpoint({ serve: serveStdio, from: 'using stdio' });
}

function singleEndpoint(client: Client): Endpoint {
  async function* clients(): AsyncGenerator<Client> {
    yield client;
  }
  return { place: undefined, notice: undefined, clients: clients(), isShared: false, close: () => undefined };
}

const standardInput = 0;
const standardOutput = 1;

/** GDB hands both over as one socket when it starts the server itself. */
function serveStdio(server: GdbServer, ears?: ConnectionEars): Connection {
  const isOneSocket =
    nativeBinding().isSocket(standardInput) && fstatSync(standardInput).ino === fstatSync(standardOutput).ino;
  if (isOneSocket) return new SocketConnection(server, standardInput, ears);
  return openStreamConnection(server, hostProcess.stdin, hostProcess.stdout, ears);
}
