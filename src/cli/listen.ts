/** Opens the sockets that debuggers connect to. */

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { messageOf } from '../base/errors.js';
import type { TcpComm, UnixComm } from './comm.js';
import { StartError } from './start-error.js';

/** A socket that listens but reads nothing from those who connect: they stay paused until they are served. */
export interface Listener {
  readonly server: Server;
  /** What follows "Listening on ": `port 2345` or the path of a socket. */
  readonly place: string;
  /** A line for the user, or undefined. */
  readonly notice: string | undefined;
}

/** The texts of strerror(3) and gai_strerror(3), which the tools around gdbserver know. */
const systemTexts: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'Address already in use'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EACCES', 'Permission denied'],
  ['EAFNOSUPPORT', 'Address family not supported by protocol'],
  ['ENOENT', 'No such file or directory'],
  ['ENOTFOUND', 'Name or service not known'],
  ['EAI_NONAME', 'Name or service not known'],
  ['EAI_AGAIN', 'Temporary failure in name resolution'],
  ['EAI_ADDRFAMILY', 'Address family for hostname not supported'],
]);

/** @throws StartError */
export async function listenTcp(comm: TcpComm): Promise<Listener> {
  const host = comm.host === undefined ? loopback(comm.family) : await resolveHost(comm, comm.host);
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  await bound(server, { host, port: comm.port });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : comm.port;
  return {
    server,
    place: `port ${port}`,
    notice:
      comm.host === undefined
        ? `Only this machine can connect (${host}); for all interfaces give 0.0.0.0:${port} or [::]:${port}.`
        : undefined,
  };
}

/** A socket file that nobody listens on any more is replaced. @throws StartError */
export async function listenUnix(comm: UnixComm): Promise<Listener> {
  if (await isAbandoned(comm.path)) await unlink(comm.path);
  const server = createServer({ pauseOnConnect: true });
  await bound(server, { path: comm.path });
  return { server, place: comm.path, notice: undefined };
}

function loopback(family: 0 | 4 | 6): string {
  return family === 6 ? '::1' : '127.0.0.1';
}

/** IPv4 goes first, because simple clients try nothing else for `localhost`. */
async function resolveHost(comm: TcpComm, host: string): Promise<string> {
  try {
    const addresses = await lookup(host, { family: comm.family, all: true, verbatim: true });
    const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0];
    if (chosen !== undefined) return chosen.address;
    throw new StartError(`${comm.text}: cannot resolve name: the name has no address`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`${comm.text}: cannot resolve name: ${systemText(error)}`);
  }
}

async function bound(
  server: Server,
  where: { host: string; port: number } | { path: string },
): Promise<void> {
  server.listen(where);
  try {
    await once(server, 'listening');
  } catch (error) {
    const isFamilyMissing = codeOf(error) === 'EAFNOSUPPORT';
    throw new StartError(
      `${isFamilyMissing ? "Can't open socket" : "Can't bind address"}: ${systemText(error)}.`,
    );
  }
}

/** Whether a socket file lies there that refuses connections: a server that was killed left it behind. */
async function isAbandoned(path: string): Promise<boolean> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  const probe = connect({ path });
  try {
    await once(probe, 'connect');
    return false;
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED';
  } finally {
    probe.destroy();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function systemText(error: unknown): string {
  return systemTexts.get(codeOf(error) ?? '') ?? messageOf(error);
}
