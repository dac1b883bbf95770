/** Where a server is, and how to get there. */
import { type ByteStreams, openSocket } from './socket.js';
import { type SpawnedServer, spawnServer } from './spawned-server.js';

/**
 * TCP (host: localhost by default), a Unix domain socket, streams such as a child's stdout and stdin, or a server that is
 * started for this connection and ends with it.
 */
export type Endpoint =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string }
  | ByteStreams
  | SpawnedServer;

/** An open way to a server. */
export interface OpenEndpoint {
  readonly streams: ByteStreams;
  /** Ends what was started for it; harmless twice. */
  close(): Promise<void>;
}

/**
 * Connects, within the time that the signal gives.
 * @throws the system's error when nobody listens there, the signal's reason, ClientError NO_SERVER
 */
export async function openEndpoint(endpoint: Endpoint, signal: AbortSignal): Promise<OpenEndpoint> {
  if ('command' in endpoint) return spawnServer(endpoint, signal);
  const streams = 'readable' in endpoint ? endpoint : await openSocket(endpoint, signal);
  return { streams, close: () => Promise.resolve() };
}
