/** What the file descriptors of a process stand for, as proc(5) says in /proc/PID/fd and /proc/PID/net. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Pid } from '../../base/ids.js';
import { type Escapes, quoted } from './decode/quoting.js';
import { internet6Text } from './decode/structs/socket-addresses.js';

/** What a descriptor stands for; undefined: it is not open. -100 (AT_FDCWD) is the working directory. */
type Describe = (descriptor: number) => string | undefined;

/** `path`: the file, as /proc has it; `shown`: the same as it is shown; `details`: also what is behind sockets, devices and processes. */
export function descriptorsOf(
  process: Pid,
  escapes: Escapes = 'octal',
): { readonly path: Describe; readonly shown: Describe; readonly details: Describe } {
  const path: Describe = (descriptor) => {
    try {
      return readlinkSync(placeOf(process, descriptor));
    } catch {
      return undefined;
    }
  };
  const shown: Describe = (descriptor) => escaped(path(descriptor), escapes);
  const details: Describe = (descriptor) => {
    const target = path(descriptor);
    return target === undefined ? undefined : detailed(process, descriptor, target, escapes);
  };
  return { path, shown, details };
}

function placeOf(process: Pid, descriptor: number): string {
  return descriptor === -100 ? `/proc/${process}/cwd` : `/proc/${process}/fd/${descriptor}`;
}

/** Names of files in hex where strings are. */
function escaped(name: string | undefined, escapes: Escapes): string | undefined {
  if (name === undefined || escapes === 'octal') return name;
  return quoted(new TextEncoder().encode(name), escapes).slice(1, -1);
}

function detailed(process: Pid, descriptor: number, target: string, escapes: Escapes): string {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
  if (inode !== undefined) return socketText(process, inode) ?? target;
  if (target === 'anon_inode:[pidfd]') {
    const [, pid] = /^Pid:\s+(\d+)$/m.exec(textOf(`/proc/${process}/fdinfo/${descriptor}`)) ?? [];
    return pid === undefined ? target : `pid:${pid}`;
  }
  const name = escaped(target, escapes) ?? target;
  return target.startsWith('/') ? name + deviceText(placeOf(process, descriptor)) : name;
}

/** Of a special file, `<char 1:3>`. */
function deviceText(place: string): string {
  const found = statSync(place, { throwIfNoEntry: false, bigint: true });
  const kind =
    found?.isCharacterDevice() === true ? 'char' : found?.isBlockDevice() === true ? 'block' : undefined;
  if (found === undefined || kind === undefined) return '';
  const { rdev } = found;
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `<${kind} ${major}:${minor}>`;
}

const internetTables = ['tcp', 'udp', 'raw', 'tcp6', 'udp6', 'raw6'] as const;
/** Types of Unix sockets, <linux/net.h>. */
const unixTypes: Readonly<Record<string, string>> = { 1: 'STREAM', 2: 'DGRAM', 5: 'SEQPACKET' };

/** As the tables of its network namespace have it; undefined: it is in none of them, as one that is not bound. */
function socketText(process: Pid, inode: string): string | undefined {
  for (const table of internetTables) {
    const row = rowsOf(process, table).find((words) => words[9] === inode);
    if (row === undefined) continue;
    const name = table.replace(/^[a-z]+/, (letters) => letters.toUpperCase()).replace('6', 'v6');
    const [local, remote] = [row[1] ?? '', row[2] ?? ''];
    const peer = /^0+:0000$/.test(remote) ? '' : `->${endpointText(remote)}`;
    return `${name}:[${endpointText(local)}${peer}]`;
  }
  const unix = rowsOf(process, 'unix').find((words) => words[6] === inode);
  if (unix === undefined)
    return rowsOf(process, 'netlink').some((words) => words[9] === inode) ? `NETLINK:[${inode}]` : undefined;
  const path = unix[7] === undefined ? '' : `,"${unix.slice(7).join(' ')}"`;
  const type = unixTypes[Number.parseInt(unix[4] ?? '', 16)] ?? '';
  return `UNIX-${type}:[${inode}${path}]`;
}

function rowsOf(process: Pid, table: string): string[][] {
  const [, ...lines] = textOf(`/proc/${process}/net/${table}`).split('\n');
  return lines.map((line) => line.trim().split(/\s+/));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process is gone, or the kernel has no such sockets.
    return '';
  }
}

/** Of an address in words of this machine's byte order, and a port. */
function endpointText(text: string): string {
  const [words = '', port = ''] = text.split(':');
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => {
    const value = Number.parseInt(word, 16);
    return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  });
  const number = Number.parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.join('.')}:${number}`;
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0),
  );
  return `[${internet6Text(groups)}]:${number}`;
}
