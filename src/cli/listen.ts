/** Opens the sockets that debuggers connect to. */

import { statSync, unlinkSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { isNativeError, nativeBinding } from '../native/binding.js';
import type { TcpComm, UnixComm } from './comm.js';
import { StartError } from './start-error.js';
import type { Place } from './status.js';

export interface Listener {
  /** A listening socket. */
  readonly fd: number;
  readonly place: Place;
  /** A line for the user, or undefined. */
  readonly notice: string | undefined;
  /** The socket's file, which goes when nobody listens any more. */
  readonly file: string | undefined;
}

/** @throws StartError */
export function listenTcp(comm: TcpComm): Listener {
  const host = comm.host === undefined ? loopback(comm.family) : resolveHost(comm, comm.host);
  const fd = bound(() => nativeBinding().listenTcp(host, comm.port));
  const { port } = nativeBinding().localAddress(fd);
  return {
    fd,
    file: undefined,
    place: { port },
    notice:
      comm.host === undefined
        ? `Only this machine can connect (${host}); for all interfaces give 0.0.0.0:${port} or [::]:${port}.`
        : undefined,
  };
}

/** A socket file that nobody listens on any more is replaced. @throws StartError */
export function listenUnix({ path }: UnixComm): Listener {
  if (isAbandoned(path)) unlinkSync(path);
  return {
    fd: bound(() => nativeBinding().listenUnix(path)),
    place: { path },
    notice: undefined,
    file: path,
  };
}

function loopback(family: 0 | 4 | 6): string {
  return family === 6 ? '::1' : '127.0.0.1';
}

/** IPv4 goes first, because simple clients try nothing else for `localhost`. */
function resolveHost(comm: TcpComm, host: string): string {
  const native = nativeBinding();
  let hosts: readonly string[];
  try {
    hosts = native.resolveHost(host, comm.family);
  } catch (error) {
    throw new StartError(`${comm.text}: cannot resolve name: ${messageOf(error)}`);
  }
  return hosts.find((one) => !one.includes(':')) ?? hosts[0] ?? host;
}

/** The texts are those of strerror(3), which the tools around gdbserver know. */
function bound(open: () => number): number {
  try {
    return open();
  } catch (error) {
    if (!isNativeError(error)) throw error;
    const problem = error.message.slice(error.message.indexOf(': ') + 2);
    throw new StartError(
      `${error.request === 'socket' ? "Can't open socket" : "Can't bind address"}: ${problem}.`,
    );
  }
}

/** Whether a socket file lies there that refuses connections: a server that was killed left it behind. */
function isAbandoned(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isSocket() === true && nativeBinding().isAbandonedUnix(path)
  );
}
