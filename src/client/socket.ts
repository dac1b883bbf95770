/** Sockets to a server, and what every connection has. */
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** A connection that somebody else has made. */
export interface ByteStreams {
  /** From the server. */
  readonly readable: Readable;
  /** To the server. */
  readonly writable: Writable;
}

/** @throws the system's error, or the signal's reason */
export async function openSocket(
  endpoint: { readonly host?: string; readonly port: number } | { readonly path: string },
  signal: AbortSignal,
): Promise<ByteStreams> {
  const target: NetConnectOpts =
    'path' in endpoint
      ? { path: endpoint.path }
      : { host: endpoint.host ?? 'localhost', port: endpoint.port, noDelay: true };
  const socket = connect(target);
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { readable: socket, writable: socket };
}
