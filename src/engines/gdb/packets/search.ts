/** Work on memory that the client leaves to the stub, so that the bytes need not cross the connection. */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { type Address, address } from '../../../base/ids.js';
import { errno, failure, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';

const chunkBytes = 0x10000;

interface Search {
  readonly at: Address;
  readonly lengthBytes: bigint;
  readonly pattern: Uint8Array;
}

/** `:memory:` address `;` length `;` pattern; the pattern is binary, whatever the manual says. */
function parseSearch(fields: FieldReader): Search | undefined {
  fields.expect(':');
  if (fields.textUntil(':') !== 'memory') return undefined;
  fields.expect(':');
  const at = address(fields.bigint());
  fields.expect(';');
  const lengthBytes = fields.bigint();
  fields.expect(';');
  return { at, lengthBytes, pattern: fields.restBytes() };
}

/**
 * The first place at which the whole pattern lies within the range. Waits now and then so that an interrupt is served.
 */
async function search(session: GdbSession, request: Search | undefined): Promise<Reply> {
  if (request === undefined) return { kind: 'empty' };
  if (request.pattern.length === 0) return failure(errno.invalid, 'nothing to search for');
  const { memory } = session.selection.requireProcess();
  const end = request.at + request.lengthBytes;
  let result = memory.find(request.at, request.lengthBytes, request.pattern);
  while (result.kind === 'unfinished') {
    await new Promise((resolve) => setImmediate(resolve));
    result = memory.find(result.at, end - result.at, request.pattern);
  }
  if (result.kind === 'found') return text(`1,${result.at.toString(16)}`);
  if (result.kind === 'absent') return text('0');
  return failure(errno.badAddress, `cannot read memory at 0x${result.at.toString(16)}`);
}

interface Range {
  readonly at: Address;
  readonly lengthBytes: bigint;
}

function parseRange(fields: FieldReader): Range {
  fields.expect(':');
  const at = address(fields.bigint());
  fields.expect(',');
  const lengthBytes = fields.bigint();
  fields.expectEnd();
  return { at, lengthBytes };
}

const crcPolynomial = 0x04c11db7;
let crcTable: Uint32Array | undefined;

/** What each value of a byte does to the sum; 2,048 turns of a loop, made when somebody asks for a sum. */
function makeCrcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte << 24;
    for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ crcPolynomial : value << 1;
    return value;
  });
}

const crcStart = 0xffffffff;

/** CRC-32, most significant bit first, not inverted at the end ("qCRC" in the GDB manual). */
export function crc32(bytes: Uint8Array, start: number = crcStart): number {
  crcTable ??= makeCrcTable();
  let crc = start;
  for (const byte of bytes) crc = ((crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  return crc;
}

async function checksum(session: GdbSession, { at, lengthBytes }: Range): Promise<Reply> {
  const { memory } = session.selection.requireProcess();
  let crc = crcStart;
  for (let offset = 0n; offset < lengthBytes; offset += BigInt(chunkBytes)) {
    const rest = lengthBytes - offset;
    const wanted = rest < BigInt(chunkBytes) ? Number(rest) : chunkBytes;
    crc = crc32(memory.readExact(address(at + offset), wanted), crc);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return text(`C${crc.toString(16)}`);
}

export const searchPackets: readonly PacketEntry[] = [
  packet({ name: 'qSearch', parse: parseSearch, run: search }),
  packet({ name: 'qCRC', parse: parseRange, run: checksum }),
];
