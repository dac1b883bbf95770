/** Every packet of the protocol, in both directions. The rows are the families' own. */
import { asciiText } from '../ascii.js';
import { FieldReader } from '../field-reader.js';
import { FieldWriter } from '../format/field-writer.js';
import { hexDigitValue, hexOfText } from '../hex.js';
import { branchTracePackets } from './branch-trace.js';
import { breakpointPackets } from './breakpoints.js';
import { connectionPackets } from './connection.js';
import { hostIoPackets } from './host-io.js';
import { lldbHostPackets } from './lldb-host.js';
import { lldbLaunchPackets } from './lldb-launch.js';
import { lldbMemoryPackets } from './lldb-memory.js';
import { lldbPlatformPackets } from './lldb-platform.js';
import { lldbThreadPackets } from './lldb-threads.js';
import { memoryPackets } from './memory.js';
import { memoryTagPackets } from './memory-tags.js';
import { processPackets } from './processes.js';
import { registerPackets } from './registers.js';
import type { Failure, PacketOfRow, PacketRow, ReplyOfRow } from './row.js';
import { runControlPackets } from './run-control.js';
import { signalPackets } from './signals.js';
import { symbolPackets } from './symbols.js';
import { threadPackets } from './threads.js';
import { traceRunPackets } from './trace-run.js';
import { tracepointPackets } from './tracepoints.js';
import { transferPackets } from './transfer.js';
import { vendorPackets } from './vendor.js';

const families = [
  ...connectionPackets,
  ...registerPackets,
  ...memoryPackets,
  ...runControlPackets,
  ...processPackets,
  ...breakpointPackets,
  ...transferPackets,
  ...signalPackets,
  ...hostIoPackets,
  ...threadPackets,
  ...symbolPackets,
  ...tracepointPackets,
  ...traceRunPackets,
  ...memoryTagPackets,
  ...branchTracePackets,
  ...lldbHostPackets,
  ...lldbLaunchPackets,
  ...lldbThreadPackets,
  ...lldbMemoryPackets,
  ...lldbPlatformPackets,
  ...vendorPackets,
] as const;

type Row = (typeof families)[number];
/** A row of the table whose types are not known one by one. */
export type AnyRow = PacketRow<string, object, object>;

/** Every name, as `kind` of a packet has it. */
export type PacketName = Row['name'];
type RowOf<Name extends PacketName> = Extract<Row, { readonly name: Name }>;

/** A packet of the table as a value: `kind` is its name, its fields are the other members. */
export type KnownPacket<Name extends PacketName = PacketName> = {
  [Each in Name]: PacketOfRow<RowOf<Each>>;
}[Name];

/** A packet that is not in the table. */
export interface UnknownPacket {
  readonly kind: 'unknown';
  readonly data: Uint8Array;
}

export type Packet = KnownPacket | UnknownPacket;

/** What may be answered to a packet. */
export type Reply<Name extends PacketName = PacketName> = { [Each in Name]: ReplyOfRow<RowOf<Each>> }[Name];

/** The table, for those who walk over it. */
export const packetTable: readonly AnyRow[] = families;

const rows: ReadonlyMap<string, AnyRow> = new Map(packetTable.map((row) => [row.name, row]));
const unseparatedRows = packetTable.filter((row) => row.isUnseparated);
/** Longer than every name, and than the name of an object with what is around it. */
const headBytes = 96;
/** A name ends at one of them, or with the packet; some names have up to two of them inside. */
const separators = new Set([':', ';', ',', '='].map((separator) => separator.charCodeAt(0)));
const mostInside = 2;
const singleLetters = /^[A-Zacdgkmpstxz!?]/;

function findRow(data: Uint8Array): AnyRow | undefined {
  const head = asciiText(data.subarray(0, headBytes));
  // Their names do not end at a separator: the object stands inside, or a `-` tells two packets apart.
  if (head.startsWith('qXfer:')) return rows.get(`qXfer:${head.split(':')[2]}`);
  if (head.startsWith('QTDP:-')) return rows.get('QTDP:-');
  return (
    rows.get(head) ??
    rowBySeparator(head) ??
    unseparatedRows.find(({ prefix }) => isFollowedByDigit(head, prefix)) ??
    (singleLetters.test(head) ? rows.get(head.slice(0, 1)) : undefined)
  );
}

/** The longest name that ends at a separator. */
function rowBySeparator(head: string): AnyRow | undefined {
  let found: AnyRow | undefined;
  let inside = 0;
  for (let end = 0; end < head.length && inside <= mostInside; end += 1) {
    if (!separators.has(head.charCodeAt(end))) continue;
    found = rows.get(head.slice(0, end)) ?? found;
    inside += 1;
  }
  return found;
}

function isFollowedByDigit(head: string, prefix: string): boolean {
  return head.startsWith(prefix) && hexDigitValue(head.charCodeAt(prefix.length)) >= 0;
}

/**
 * What a client has sent.
 * @param data of the frame, unescaped; binary fields of the result are views of it
 * @throws ProtocolError when it is in the table, and its fields do not fit
 */
export function parsePacket(data: Uint8Array): Packet {
  const row = findRow(data);
  if (row === undefined) return { kind: 'unknown', data };
  const fields = new FieldReader(data, row.prefix.length);
  const members = row.fields.read(fields);
  fields.expectEnd();
  // The row says which members belong to its name.
  return { kind: row.name, ...members } as KnownPacket;
}

/**
 * What a client sends: data for `escapeBinary` and `encodePacket`.
 * @throws RangeError when a value cannot stand in a packet
 */
export function printPacket(packet: Packet): Uint8Array {
  if (packet.kind === 'unknown') return packet.data;
  const row = requireRow(packet.kind);
  const to = new FieldWriter();
  to.text(row.prefix);
  row.fields.write(packet, to);
  return to.toBytes();
}

function requireRow(name: PacketName): AnyRow {
  const row = rows.get(name);
  if (row === undefined) throw new RangeError(`no packet ${name}`);
  return row;
}

/**
 * What a server has answered to a packet with this name.
 * @param data of the frame, unescaped; binary fields of the result are views of it
 * @throws ProtocolError when the packet cannot have this reply
 */
export function parseReply<Name extends PacketName>(name: Name, data: Uint8Array): Reply<Name> {
  const failure = parseFailure(data);
  if (failure !== undefined) return failure as Reply<Name>;
  const fields = new FieldReader(data);
  const reply = requireRow(name).answer.read(fields);
  fields.expectEnd();
  return reply as Reply<Name>;
}

const errorForm = /^E(?:([0-9a-fA-F]{2})(?:;((?:[0-9a-fA-F]{2})*))?|\.([\s\S]*))$/;
const longestError = 4096;

/** undefined when the reply is none of the failures that every packet can have. */
export function parseFailure(data: Uint8Array): Failure | undefined {
  if (data.length === 0) return { kind: 'unsupported' };
  if (data[0] !== 0x45 || data.length > longestError) return undefined;
  const [matched, digits, text, dotted] = errorForm.exec(asciiText(data)) ?? [];
  if (matched === undefined) return undefined;
  if (dotted !== undefined) return { kind: 'error-text', text: dotted };
  const number = Number.parseInt(digits ?? '', 16);
  return text === undefined
    ? { kind: 'error', number }
    : { kind: 'error', number, text: decodeHexText(text) };
}

function decodeHexText(hex: string): string {
  return new FieldReader(Uint8Array.from(hex, (digit) => digit.charCodeAt(0))).hexText();
}

/** What a server answers to a packet with this name. @throws RangeError as `printPacket` */
export function printReply<Name extends PacketName>(name: Name, reply: Reply<Name>): Uint8Array {
  const to = new FieldWriter();
  const failure = failureText(reply);
  if (failure === undefined) requireRow(name).answer.write(reply, to);
  else to.text(failure);
  return to.toBytes();
}

function failureText(reply: object): string | undefined {
  const failure = reply as Failure;
  switch (failure.kind) {
    case 'unsupported':
      return '';
    case 'error': {
      const number = `E${failure.number.toString(16).padStart(2, '0')}`;
      return failure.text === undefined ? number : `${number};${hexOfText(failure.text)}`;
    }
    case 'error-text':
      return `E.${failure.text}`;
    default:
      return undefined;
  }
}
