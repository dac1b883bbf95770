/** Memory and files. An operation is one MiB. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TestProcess } from '../../support/test-process.js';
import type { Bench } from '../bench.js';
import type { Range } from '../load-client.js';
import type { Row, ServedRow } from '../row.js';
import type { Session } from '../session.js';
import { faster, fasterThan } from '../targets.js';

const mebibyte = 1 << 20;
/** Seeds of the patterns: see workload.c. */
const patterns = { filled: 1, written: 2, file: 3 } as const;
/** lldb-server writes its packet size in decimal digits, but means hexadecimal ones for others. */
const lldbPacketBytes = 131_072;

function packetBytes(session: Session): number {
  return session.name === 'lldb-server' ? lldbPacketBytes : session.packetBytes;
}

function memoryRange(session: Session, count: number, chunkBytes: number): Range {
  return { address: session.bench.address('memory'), lengthBytes: count * mebibyte, chunkBytes };
}

const bytesOf = (count: number): number => count * mebibyte;
const raw = (name: string) => ({ name, counted: bytesOf });

function read(kind: 'm' | 'x'): ServedRow {
  return {
    kind: 'served',
    workload: (count) => ['memory', `${bytesOf(count)}`],
    prepare: async (session, count) => {
      const { client } = session;
      if (kind === 'x' && (session.name === 'lldb-server' || (await client.ask('x0,0')) === ''))
        return undefined;
      const chunkBytes = Math.floor(packetBytes(session) / (kind === 'm' ? 2 : 1));
      return {
        run: async () => {
          const range = memoryRange(session, count, chunkBytes);
          const { elapsedNs, rest } = await client.fetch(kind, range, patterns.filled);
          return { elapsedNs, operations: Number(rest) / mebibyte };
        },
      };
    },
    raw: raw('read'),
  };
}

const write: ServedRow = {
  kind: 'served',
  workload: (count) => ['memory', `${bytesOf(count)}`],
  prepare: async (session, count) => {
    const { client, bench } = session;
    const address = bench.address('memory').toString(16);
    if ((await client.ask(`X${address},0:`)) !== 'OK') return undefined;
    await session.insert('finished');
    // Escapes make data longer: by a sixty-fourth on average here.
    const chunkBytes = Math.floor((packetBytes(session) * 15) / 16) & ~7;
    return {
      run: async () => {
        const { elapsedNs, rest } = await client.store(
          memoryRange(session, count, chunkBytes),
          patterns.written,
        );
        return { elapsedNs, operations: Number(rest) / mebibyte };
      },
      check: async () => {
        await client.until(session.pcAt('finished'), ['vCont;c']);
        const words = await session.done();
        if (words !== bytesOf(count) / 8) throw new Error(`${words} words were written`);
      },
    };
  },
  raw: raw('write'),
};

const needle = 'this stands at the end of the memory';

const search: ServedRow = {
  kind: 'served',
  workload: (count) => ['memory', `${bytesOf(count)}`],
  prepare: async (session, count) => {
    if (session.name === 'lldb-server') return undefined;
    const { address, lengthBytes } = memoryRange(session, count, 0);
    const place = (address + BigInt(lengthBytes - needle.length)).toString(16);
    const hex = [...needle].map((character) => character.charCodeAt(0).toString(16)).join('');
    await session.expect(`M${place},${needle.length.toString(16)}:${hex}`, 'OK');
    return {
      run: async () => {
        const packet = `qSearch:memory:${address.toString(16)};${lengthBytes.toString(16)};${needle}`;
        const { elapsedNs, rest } = await session.client.askTimed(packet);
        if (rest.toLowerCase() !== `1,${place}`) throw new Error(`search was answered with ${rest}`);
        return { elapsedNs, operations: count };
      },
    };
  },
  raw: raw('search'),
};

async function patternFile(bench: Bench, lengthBytes: number): Promise<string> {
  const path = resolve(bench.programs.folder, `file-${lengthBytes}`);
  if (existsSync(path)) return path;
  await using maker = await TestProcess.start('workload', [
    bench.programs.workload,
    'file',
    path,
    `${lengthBytes}`,
  ]);
  await maker.waitForExit();
  return path;
}

const fileRead: ServedRow = {
  kind: 'served',
  workload: () => ['spin'],
  prepare: async (session, count) => {
    const path = await patternFile(session.bench, bytesOf(count));
    const { client } = session;
    await client.ask('vFile:setfs:0');
    const hex = [...path].map((character) => character.charCodeAt(0).toString(16)).join('');
    const opened = await session.expect(`vFile:open:${hex},0,0`, 'F');
    const range = { address: 0n, lengthBytes: bytesOf(count), chunkBytes: packetBytes(session) };
    return {
      run: async () => {
        const fd = Number.parseInt(opened.slice(1), 16);
        const { elapsedNs, rest } = await client.fetch('pread', range, patterns.file, fd);
        return { elapsedNs, operations: Number(rest) / mebibyte };
      },
    };
  },
  raw: {
    ...raw('pread'),
    operands: async (bench, count) => [await patternFile(bench, bytesOf(count))],
  },
};

const operation = '1 MiB';

export const memoryRows: readonly Row[] = [
  {
    name: 'read-m',
    title: 'memory read, `m`, 64 MiB',
    operation,
    count: 64,
    targets: [faster(3)],
    ...read('m'),
  },
  {
    name: 'read-x',
    title: 'memory read, `x`, 64 MiB',
    operation,
    count: 64,
    targets: [fasterThan('read-m', 4)],
    ...read('x'),
  },
  { name: 'write', title: 'memory write, `X`, 64 MiB', operation, count: 64, targets: [faster(3)], ...write },
  {
    name: 'search',
    title: '`qSearch:memory`, 256 MiB',
    operation,
    count: 256,
    targets: [faster(1.6)],
    ...search,
  },
  {
    name: 'pread',
    title: '`vFile:pread`, 100 MiB',
    operation,
    count: 100,
    targets: [faster(3)],
    ...fileRead,
  },
];
