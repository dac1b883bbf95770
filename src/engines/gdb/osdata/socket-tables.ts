/** The table of internet sockets: /proc/net/{tcp,udp,tcp6,udp6}, whose columns proc_pid_net(5) describes. */
import { bytesOfHex, hexOf } from 'gdb-js-rsp-parser';
import { hostProcess } from '../../../base/host-process.js';
import type { OsTable } from './os-table.js';
import { readLines, userNames } from './proc-entries.js';

const socketFiles = [
  { name: 'tcp', family: 'INET', protocol: 'STREAM' },
  { name: 'udp', family: 'INET', protocol: 'DGRAM' },
  { name: 'tcp6', family: 'INET6', protocol: 'STREAM' },
  { name: 'udp6', family: 'INET6', protocol: 'DGRAM' },
] as const;

/** By number, <linux/tcp_states.h>. */
const states = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const;

/** An address as the kernel writes it: 32-bit words in the machine's order, of bytes in the network's. */
export function socketAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...bytesOfHex(word)].reverse());
  if (bytes.length === 4) return bytes.join('.');
  const groups = (hexOf(Uint8Array.from(bytes)).match(/.{4}/g) ?? []).join(':');
  // Loaded here: it takes longer than the rest of a start.
  const { SocketAddress } = hostProcess.getBuiltinModule('node:net');
  return new SocketAddress({ address: groups, family: 'ipv6' }).address;
}

interface Endpoint {
  readonly address: string;
  readonly port: string;
}

function endpoint(field: string): Endpoint {
  const [address = '', port = '0'] = field.split(':');
  return { address: socketAddress(address), port: String(Number.parseInt(port, 16)) };
}

function* socketRows(): Generator<Record<string, string>> {
  const users = userNames();
  for (const { name, family, protocol } of socketFiles) {
    for (const line of readLines(`/proc/net/${name}`).slice(1)) {
      const [, localField = '', remoteField = '', state = '', , , , userId = ''] = line.trim().split(/\s+/);
      const [local, remote] = [endpoint(localField), endpoint(remoteField)];
      yield {
        'local address': local.address,
        'local port': local.port,
        'remote address': remote.address,
        'remote port': remote.port,
        state: states[Number.parseInt(state, 16)] ?? state,
        user: users.get(userId) ?? userId,
        family,
        protocol,
      };
    }
  }
}

export const socketTables: readonly OsTable[] = [
  { name: 'sockets', title: 'Sockets', description: 'Internet sockets', rows: socketRows },
];
