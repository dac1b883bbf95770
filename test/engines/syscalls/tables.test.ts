/** The tables of named numbers, compared with what the system's headers say. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Constants } from '../../../src/engines/syscalls/decode/constants.js';
import * as capabilities from '../../../src/engines/syscalls/decode/tables/capabilities.js';
import { errors } from '../../../src/engines/syscalls/decode/tables/errors.js';
import * as files from '../../../src/engines/syscalls/decode/tables/files.js';
import * as terminals from '../../../src/engines/syscalls/decode/tables/ioctls.js';
import * as memory from '../../../src/engines/syscalls/decode/tables/memory.js';
import * as network from '../../../src/engines/syscalls/decode/tables/network.js';
import * as processes from '../../../src/engines/syscalls/decode/tables/processes.js';
import * as signals from '../../../src/engines/syscalls/decode/tables/signals.js';
import * as times from '../../../src/engines/syscalls/decode/tables/times.js';
import { headerConstants } from '../../support/header-facts.js';
import { describeOn } from '../../support/machine.js';

interface Group {
  readonly headers: readonly string[];
  readonly tables: readonly unknown[];
  /** Names that are this project's or in newer headers only. */
  readonly without?: readonly string[];
}

const {
  fileSystems,
  mountBits,
  accessChecks,
  spliceFlags,
  eventDescriptorFlags,
  signalDescriptorFlags,
  ...kernelFiles
} = files;

const groups: Readonly<Record<string, Group>> = {
  'files and descriptors': {
    headers: [
      'linux/fcntl.h',
      'linux/stat.h',
      'linux/fs.h',
      'linux/poll.h',
      'linux/eventpoll.h',
      'linux/memfd.h',
      'linux/falloc.h',
      'linux/xattr.h',
      'linux/inotify.h',
      'linux/timerfd.h',
      'linux/fadvise.h',
      'linux/openat2.h',
      'linux/close_range.h',
    ],
    tables: [Object.values(kernelFiles)],
    // Of 32-bit architectures, and of Linux 6.1 and later.
    without: ['F_GETLK64', 'F_SETLK64', 'F_SETLKW64', 'STATX_DIOALIGN'],
  },
  'files and descriptors of the C library': {
    headers: ['fcntl.h', 'unistd.h', 'sys/eventfd.h', 'sys/signalfd.h'],
    tables: [[accessChecks, spliceFlags, eventDescriptorFlags, signalDescriptorFlags]],
  },
  memory: {
    headers: ['linux/mman.h', 'asm/mman.h'],
    tables: [Object.values(memory)],
    // Of Linux 6.11 and later.
    without: ['MAP_DROPPABLE'],
  },
  capabilities: {
    headers: ['linux/capability.h', 'linux/prctl.h'],
    tables: [Object.values(capabilities)],
  },
  processes: {
    headers: [
      'linux/sched.h',
      'linux/wait.h',
      'linux/resource.h',
      'linux/prctl.h',
      'asm/prctl.h',
      'linux/futex.h',
      'linux/random.h',
      'linux/seccomp.h',
      'linux/rseq.h',
      'sys/ptrace.h',
      'linux/membarrier.h',
    ],
    tables: [Object.values(processes)],
    // The kernel's own name is SCHED_NORMAL.
    without: ['SCHED_OTHER'],
  },
  signals: {
    headers: ['linux/signal.h'],
    tables: [Object.values(signals), Object.values(signals.faultCodes)],
  },
  times: { headers: ['linux/time.h', 'linux/timerfd.h'], tables: [Object.values(times)] },
  sockets: {
    headers: ['sys/socket.h', 'netinet/in.h', 'netinet/tcp.h', 'netinet/udp.h', 'linux/netlink.h'],
    tables: [Object.values(network)],
    // The kernel's own: no header has them.
    without: ['SCM_SECURITY', 'MSG_PROBE'],
  },
  terminals: {
    headers: ['stddef.h', 'asm/ioctls.h', 'asm/termbits.h', 'linux/sockios.h', 'linux/fs.h'],
    tables: [Object.values(terminals), terminals.outputDelays.map(([, table]) => table)],
  },
  'file systems': {
    headers: ['linux/magic.h', 'sys/statvfs.h'],
    tables: [[fileSystems, mountBits]],
    // <linux/statfs.h>, which is the kernel's own.
    without: ['ST_VALID', 'ST_NOSYMFOLLOW'],
  },
};

function isTable(value: unknown): value is Constants {
  return typeof value === 'object' && value !== null && 'rows' in value;
}

describeOn('x86_64', 'syscalls engine: tables', () => {
  for (const [name, { headers, tables, without = [] }] of Object.entries(groups))
    it(`are those of the headers: ${name}`, async () => {
      const rows = tables
        .flat()
        .filter(isTable)
        .flatMap((table) => table.rows)
        .filter(([constant]) => !without.includes(constant));
      assert.ok(rows.length > 0);
      const said = await headerConstants(headers, [...new Set(rows.map(([constant]) => constant))]);
      const differing = rows.filter(
        ([constant, value]) => BigInt.asUintN(32, said.get(constant) ?? -2n) !== BigInt.asUintN(32, value),
      );
      assert.deepEqual(
        differing.map(([constant, value]) => `${constant} ${value} ${said.get(constant)}`),
        [],
      );
    });

  it('are those of the headers: errors', async () => {
    const names = [...errors.values()].map(({ name }) => name);
    const said = await headerConstants(['errno.h'], names);
    for (const [number, { name }] of errors) assert.equal(said.get(name), BigInt(number), name);
  });
});

describe('syscalls engine: tables', () => {
  it('find signals by their names and names by their numbers', () => {
    assert.equal(signals.signalNumber('SIGUSR1'), 10);
    assert.equal(signals.signalNumber('chld'), 17);
    assert.equal(signals.signalNumber('RT_2'), 34);
    assert.equal(signals.signalNumber('NONE'), undefined);
    assert.equal(signals.signalName(32), 'SIGRTMIN');
    assert.equal(signals.signalName(64), 'SIGRT_32');
    assert.equal(signals.signalName(99), '99');
  });
});
