/** Where a server is, and how to get there. */
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** TCP (host: localhost by default), a Unix domain socket, or streams such as a child's stdout and stdin. */
export type Endpoint =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string }
  | ByteStreams;

export interface ByteStreams {
  /** From the server. */
  readonly readable: Readable;
  /** To the server. */
  readonly writable: Writable;
}

/**
 * Connects within `timeoutMs`.
 * @throws the system's error when nobody listens there, an AbortError when the time is over
 */
export async function openEndpoint(endpoint: Endpoint, timeoutMs: number): Promise<ByteStreams> {
  if ('readable' in endpoint) return endpoint;
  const target: NetConnectOpts =
    'path' in endpoint
      ? { path: endpoint.path }
      : { host: endpoint.host ?? 'localhost', port: endpoint.port, noDelay: true };
  const socket = connect(target);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { readable: socket, writable: socket };
}
