/**
 * Packets whose requests and replies the codec's own rows describe: what is written once there is neither taken apart
 * nor put together here.
 */
import {
  type FieldReader,
  type KnownPacket,
  type PacketName,
  packetTable,
  printReply,
  type Reply as WireReply,
} from 'gdb-js-rsp-parser';
import { type PacketEntry, type PacketRow, packet, type Reply } from './packet.js';
import type { GdbSession } from './session.js';

/** A row whose request the codec parses. */
export function codecPacket<const Name extends PacketName>(
  name: Name,
  run: (session: GdbSession, request: KnownPacket<Name>) => Reply | Promise<Reply>,
  facts: Pick<PacketRow<unknown>, 'advertise' | 'errorText' | 'isOffered'> = {},
): PacketEntry {
  const row = packetTable.find((one) => one.name === name);
  if (row === undefined) throw new RangeError(`the codec has no packet ${name}`);
  const parse = (fields: FieldReader): KnownPacket<Name> => {
    const members = row.fields.read(fields);
    fields.expectEnd();
    // The codec's row says which members belong to its name.
    return { kind: name, ...members } as unknown as KnownPacket<Name>;
  };
  return packet({ name, parse, run, isUnseparated: row.isUnseparated, ...facts });
}

/** A reply to a packet of that name. */
export function replyTo<const Name extends PacketName>(name: Name, reply: WireReply<Name>): Reply {
  return { kind: 'binary', prefix: '', bytes: printReply(name, reply) };
}
