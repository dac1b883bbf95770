/** Memory of the process of the general thread. Bytes under breakpoint sites are shown as the program has them. */
import { type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { type Address, address } from '../../../base/ids.js';
import { packetSizeBytes } from '../features.js';
import { errno, failure, ok, type PacketEntry, packet, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';
import { selectedFrame } from '../tracing/selected-frame.js';

interface Range {
  readonly start: Address;
  readonly lengthBytes: number;
}

function parseHead(fields: FieldReader): Range {
  const start = address(fields.bigint());
  fields.expect(',');
  return { start, lengthBytes: fields.number() };
}

function parseRange(fields: FieldReader): Range {
  const range = parseHead(fields);
  fields.expectEnd();
  return range;
}

interface Write extends Range {
  readonly bytes: Uint8Array;
}

function checkLength(range: Range, bytes: Uint8Array): Write {
  if (bytes.length !== range.lengthBytes) {
    throw new ProtocolError(`${bytes.length} bytes of data, announced were ${range.lengthBytes}`);
  }
  return { ...range, bytes };
}

function parseHexWrite(fields: FieldReader): Write {
  const range = parseHead(fields);
  fields.expect(':');
  const bytes = fields.hexBytes();
  fields.expectEnd();
  return checkLength(range, bytes);
}

function parseBinaryWrite(fields: FieldReader): Write {
  const range = parseHead(fields);
  // GDB's probe of length 0 may end behind the length.
  if (range.lengthBytes === 0 && fields.isAtEnd) return { ...range, bytes: new Uint8Array(0) };
  fields.expect(':');
  return checkLength(range, fields.restBytes());
}

/** Of every read: a reply is written before the next packet is looked at. */
const scratch = new Uint8Array(packetSizeBytes);

/** What can be read from the start on, at most one packet full; undefined when there is nothing. Valid until the next. */
function read(session: GdbSession, { start, lengthBytes }: Range): Uint8Array | undefined {
  const memory = session.selection.requireProcess().memory;
  if (lengthBytes === 0) return new Uint8Array(0);
  const frame = selectedFrame(session);
  if (frame !== undefined) {
    const collected = frame.readMemory(start, Math.min(lengthBytes, packetSizeBytes));
    if (collected !== undefined) return collected;
    if (!session.server.tracing.isReadOnly(start, lengthBytes)) return undefined;
  }
  // Nothing lies behind the last address.
  const room = 2n ** 64n - start;
  const wanted = Math.min(lengthBytes, packetSizeBytes);
  const bytes = memory.readInto(start, scratch.subarray(0, room < BigInt(wanted) ? Number(room) : wanted));
  return bytes.length === 0 ? undefined : bytes;
}

function unreadable({ start }: Range): Reply {
  return failure(errno.badAddress, `cannot read memory at 0x${start.toString(16)}`);
}

function write(session: GdbSession, { start, bytes }: Write): Reply {
  if (selectedFrame(session) !== undefined) return frameIsReadOnly;
  if (bytes.length === 0) return ok;
  if (start + BigInt(bytes.length) > 2n ** 64n) return failure(errno.badAddress, 'beyond the last address');
  session.selection.requireProcess().memory.write(start, bytes);
  return ok;
}

const frameIsReadOnly = failure(errno.io, 'a traceframe is selected: what was collected cannot be changed');

export const memoryPackets: readonly PacketEntry[] = [
  packet({
    name: 'm',
    parse: parseRange,
    run: (session, range) => {
      const bytes = read(session, range);
      return bytes === undefined ? unreadable(range) : { kind: 'hex', bytes };
    },
  }),
  packet({ name: 'M', parse: parseHexWrite, run: write, errorText: 'any-client' }),
  packet({ name: 'X', parse: parseBinaryWrite, run: write, errorText: 'any-client', keepsNoData: true }),
  packet({
    /*
     * Two replies to this name exist. With `binary-upload+` announced the data follows a `b`; an LLDB that knows only
     * its own, bare form asks for `x0,0` first, wants `OK`, and uses `m` when it gets anything else.
     */
    name: 'x',
    parse: parseRange,
    run: (session, range) => {
      const { kind, lldb } = session.features;
      if (kind === 'lldb' && range.start === 0n && range.lengthBytes === 0) {
        lldb.hasBareUploads = true;
        return ok;
      }
      const bytes = read(session, range);
      if (bytes === undefined) return unreadable(range);
      return { kind: 'binary', prefix: lldb.hasBareUploads ? '' : 'b', bytes };
    },
    advertise: 'binary-upload+',
  }),
];
