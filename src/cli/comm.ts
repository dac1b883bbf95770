/**
 * The connection argument (COMM) of the command line, as gdbserver takes it, decoded without touching the machine.
 */
import { addressFamilyOf } from './address-family.js';
import { StartError } from './start-error.js';

export interface TcpComm {
  readonly kind: 'tcp';
  /** The argument as it was typed, for messages. */
  readonly text: string;
  /** Name or numeric address; undefined where none was given: the loopback interface. */
  readonly host: string | undefined;
  /** 0 to 65535; 0 picks a free one. */
  readonly port: number;
  /** 4 or 6 where a prefix (`tcp4:`, `tcp6:`) or brackets ask for it, otherwise 0. */
  readonly family: 0 | 4 | 6;
}

export interface UnixComm {
  readonly kind: 'unix';
  readonly path: string;
}

export interface SerialComm {
  readonly kind: 'serial';
  readonly path: string;
}

/** A connected stream socket that this process was started with. */
export interface DescriptorComm {
  readonly kind: 'descriptor';
  readonly fd: number;
}

/** The client waits at this address, and is connected to. */
export interface OutgoingComm {
  readonly kind: 'outgoing';
  readonly host: string;
  readonly port: number;
}

export type Comm =
  | TcpComm
  | UnixComm
  | SerialComm
  | DescriptorComm
  | OutgoingComm
  | { readonly kind: 'stdio' };

const familyOfPrefix: ReadonlyMap<string, 0 | 4 | 6> = new Map([
  ['tcp:', 0],
  ['tcp4:', 4],
  ['tcp6:', 6],
]);

/** @throws StartError */
export function parseComm(text: string): Comm {
  if (text === '-' || text === 'stdio') return { kind: 'stdio' };
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path === '') throw new StartError(`${text}: a path must follow "unix:".`);
    return { kind: 'unix', path };
  }
  // Paths under /dev/serial/by-path hold colons, so a slash in front decides before any colon does.
  if (text.startsWith('/')) return { kind: 'serial', path: text };
  const prefix = text.slice(0, text.indexOf(':') + 1);
  const family = familyOfPrefix.get(prefix);
  if (family !== undefined) return parseTcp(text, text.slice(prefix.length), family);
  if (text === '') throw new StartError('The connection argument is empty.');
  if (!text.includes(':') && !/^[0-9]+$/.test(text)) return { kind: 'serial', path: text };
  return parseTcp(text, text, 0);
}

function parseTcp(text: string, rest: string, family: 0 | 4 | 6): TcpComm {
  const { host, port } = rest.startsWith('[') ? splitBrackets(text, rest) : splitLastColon(rest);
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 0xffff) {
    throw unresolvable(text, 'the port must be a number from 0 to 65535');
  }
  const numeric = addressFamilyOf(host);
  if (host.includes(':') && numeric !== 6) throw unresolvable(text, 'Name or service not known');
  const addressFamily = numeric === 0 ? family : numeric;
  if (family !== 0 && addressFamily !== family) {
    throw unresolvable(text, 'Address family for hostname not supported');
  }
  return {
    kind: 'tcp',
    text,
    host: host === '' ? undefined : host,
    port: Number(port),
    family: addressFamily,
  };
}

/** `[IPv6]:port`. */
function splitBrackets(text: string, rest: string): { host: string; port: string } {
  const close = rest.indexOf(']');
  if (close < 0) throw new StartError(`Missing close bracket in hostname '${text}'`);
  const host = rest.slice(1, close);
  if (addressFamilyOf(host) !== 6) throw unresolvable(text, 'Name or service not known');
  if (rest[close + 1] !== ':') throw new StartError(`Missing port in '${text}'`);
  return { host, port: rest.slice(close + 2) };
}

/** `host:port`, `:port` or `port`; everything before the last colon is the host, so that `::1:port` works. */
function splitLastColon(rest: string): { host: string; port: string } {
  const colon = rest.lastIndexOf(':');
  return { host: rest.slice(0, Math.max(colon, 0)), port: rest.slice(colon + 1) };
}

function unresolvable(text: string, reason: string): StartError {
  return new StartError(`${text}: cannot resolve name: ${reason}`);
}
