/** A trace run and what it collected ("Tracepoint Packets" in the GDB manual). */
import { type FieldReader, hexOf, ProtocolError } from 'gdb-js-rsp-parser';
import { packetSizeBytes } from '../features.js';
import { empty, errno, failure, nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';
import { deselectFrame, indexAfterSelected, selectFrame } from '../tracing/selected-frame.js';
import type { RunNotes } from '../tracing/trace-status.js';
import type { Traceframe } from '../tracing/traceframe.js';
import type { AddressRange } from '../tracing/tracing.js';

/** `:` start `,` end for each range, the end not included. */
function parseRanges(fields: FieldReader): readonly AddressRange[] {
  const ranges: AddressRange[] = [];
  while (fields.accept(':')) {
    const start = fields.bigint();
    fields.expect(',');
    ranges.push({ start, end: fields.bigint() });
  }
  fields.expectEnd();
  return ranges;
}

function parseFlag(fields: FieldReader): boolean {
  fields.expect(':');
  const flag = fields.number();
  fields.expectEnd();
  return flag !== 0;
}

type BufferSetting =
  | { readonly kind: 'circular'; readonly isCircular: boolean }
  /** Undefined: what the server likes. */
  | { readonly kind: 'size'; readonly sizeBytes: number | undefined }
  | { readonly kind: 'unknown' };

function parseBufferSetting(fields: FieldReader): BufferSetting {
  fields.expect(':');
  switch (fields.textUntil(':')) {
    case 'circular':
      return { kind: 'circular', isCircular: parseFlag(fields) };
    case 'size': {
      fields.expect(':');
      const sizeBytes = fields.signedNumber();
      fields.expectEnd();
      return { kind: 'size', sizeBytes: sizeBytes < 0 ? undefined : sizeBytes };
    }
    default:
      return { kind: 'unknown' };
  }
}

function setBuffer(session: GdbSession, setting: BufferSetting): Reply {
  const { tracing } = session.server;
  switch (setting.kind) {
    case 'circular':
      tracing.buffer.isCircular = setting.isCircular;
      return ok;
    case 'size':
      tracing.resizeBuffer(setting.sizeBytes);
      return ok;
    case 'unknown':
      return empty;
  }
}

/** `:` then, each with a `;` behind it, `user:`, `notes:` or `tstop:` and text in hex. */
function parseNotes(fields: FieldReader): Partial<RunNotes> {
  fields.expect(':');
  let notes: Partial<RunNotes> = {};
  while (!fields.isAtEnd) {
    const key = fields.textUntil(':');
    fields.expect(':');
    const note = fields.hexText();
    if (key === 'user' || key === 'notes' || key === 'tstop') notes = { ...notes, [key]: note };
    if (!fields.isAtEnd) fields.expect(';');
  }
  return notes;
}

type FrameRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'search'; readonly matches: (frame: Traceframe) => boolean };

function parseFrame(fields: FieldReader): FrameRequest {
  fields.expect(':');
  const word = fields.textUntil(':');
  if (fields.isAtEnd) return frameByIndex(word);
  fields.expect(':');
  const first = fields.bigint();
  const isRange = word === 'range' || word === 'outside';
  if (isRange) fields.expect(':');
  const last = isRange ? fields.bigint() : first;
  fields.expectEnd();
  switch (word) {
    case 'pc':
    case 'range':
      return { kind: 'search', matches: ({ pc }) => first <= pc && pc <= last };
    case 'outside':
      return { kind: 'search', matches: ({ pc }) => pc < first || pc > last };
    case 'tdp':
      return { kind: 'search', matches: ({ tracepoint }) => BigInt(tracepoint) === first };
    default:
      throw new ProtocolError(`no search by '${word}'`);
  }
}

const noFrame = 0xffffffff;

function frameByIndex(digits: string): FrameRequest {
  if (digits === '-1') return { kind: 'none' };
  if (!/^[0-9a-f]{1,8}$/i.test(digits)) throw new ProtocolError(`no number of a frame: '${digits}'`);
  const index = Number.parseInt(digits, 16);
  return index === noFrame ? { kind: 'none' } : { kind: 'index', index };
}

/** A search begins behind the selected frame; without a result the selection stays. */
function chooseFrame(session: GdbSession, request: FrameRequest): Reply {
  const { buffer } = session.server.tracing;
  if (request.kind === 'none') {
    deselectFrame(session);
    return ok;
  }
  let index = request.kind === 'index' ? request.index : indexAfterSelected(session, buffer);
  if (request.kind === 'search') {
    for (let frame = buffer.frame(index); frame !== undefined; frame = buffer.frame(index)) {
      if (request.matches(frame)) break;
      index += 1;
    }
  }
  const frame = selectFrame(session, buffer, index);
  return text(frame === undefined ? 'F-1' : `F${index.toString(16)}T${frame.tracepoint.toString(16)}`);
}

interface Piece {
  readonly offset: number;
  readonly lengthBytes: number;
}

function parsePiece(fields: FieldReader): Piece {
  fields.expect(':');
  const offset = fields.number();
  fields.expect(',');
  const lengthBytes = fields.number();
  fields.expectEnd();
  return { offset, lengthBytes };
}

function upload(session: GdbSession, { offset, lengthBytes }: Piece): Reply {
  const mostBytes = packetSizeBytes / 2;
  const bytes = session.server.tracing.buffer.read(offset, Math.min(lengthBytes, mostBytes));
  if (bytes === undefined) return failure(errno.invalid, 'behind the end of the trace buffer');
  return text(bytes.length === 0 ? 'l' : hexOf(bytes));
}

function initialize(session: GdbSession): Reply {
  session.selection.requireProcess();
  deselectFrame(session);
  session.server.tracing.initialize();
  return ok;
}

export const traceRunPackets: readonly PacketEntry[] = [
  packet({ name: 'qTStatus', parse: nothing, run: (session) => text(session.server.tracing.status()) }),
  packet({ name: 'QTinit', parse: nothing, run: initialize, errorText: 'any-client' }),
  packet({
    name: 'QTro',
    parse: parseRanges,
    run: (session, ranges) => {
      session.server.tracing.readOnlyRanges = ranges;
      return ok;
    },
    errorText: 'any-client',
  }),
  packet({
    name: 'QTStart',
    parse: nothing,
    run: (session) => {
      session.server.tracing.start(session.selection.requireProcess());
      return ok;
    },
    errorText: 'any-client',
  }),
  packet({
    name: 'QTStop',
    parse: nothing,
    run: (session) => {
      session.server.tracing.stop({ kind: 'command' });
      return ok;
    },
    errorText: 'any-client',
  }),
  packet({
    name: 'QTDisconnected',
    parse: parseFlag,
    run: (session, outlivesClient) => {
      session.server.tracing.outlivesClient = outlivesClient;
      return ok;
    },
    advertise: 'DisconnectedTracing+',
    errorText: 'any-client',
  }),
  packet({
    name: 'QTBuffer',
    parse: parseBufferSetting,
    run: setBuffer,
    advertise: 'QTBuffer:size+',
    errorText: 'any-client',
  }),
  packet({
    name: 'QTNotes',
    parse: parseNotes,
    run: (session, notes) => {
      session.server.tracing.note(notes);
      return ok;
    },
    errorText: 'any-client',
  }),
  packet({ name: 'QTFrame', parse: parseFrame, run: chooseFrame, errorText: 'any-client' }),
  packet({ name: 'qTBuffer', parse: parsePiece, run: upload }),
  packet({
    // Longer jumps than any instruction holds: fast tracepoints are not supported.
    name: 'qTMinFTPILen',
    parse: nothing,
    run: () => text('0'),
  }),
];
