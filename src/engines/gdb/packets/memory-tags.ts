/** Tags of memory: GDB manual "General Query Packets", and `qIsAddressTagged`. Addresses may be tagged themselves. */
import { type FieldReader, hexOf, ProtocolError } from 'gdb-js-rsp-parser';
import { modulesOn } from '../../../../arch/index.js';
import type { MachineFacts } from '../../../../arch/module.js';
import { hasMemoryTags, readMemoryTags, type Thread, writeMemoryTags } from '../../../core/index.js';
import { packetSizeBytes } from '../features.js';
import { errno, failure, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';

interface TagRange {
  readonly address: bigint;
  readonly lengthBytes: number;
  readonly tagType: number;
}

/** `:ADDRESS,LENGTH:TYPE`, all hex. */
function takeRange(fields: FieldReader): TagRange {
  fields.expect(':');
  const address = fields.bigint();
  fields.expect(',');
  const lengthBytes = fields.number();
  fields.expect(':');
  return { address, lengthBytes, tagType: fields.number() };
}

function parseRange(fields: FieldReader): TagRange {
  const range = takeRange(fields);
  fields.expectEnd();
  return range;
}

function parseWrite(fields: FieldReader): TagRange & { readonly tags: Uint8Array } {
  const range = takeRange(fields);
  fields.expect(':');
  const tags = fields.hexBytes();
  fields.expectEnd();
  if (tags.length === 0) throw new ProtocolError('no tags');
  return { ...range, tags };
}

/** The thread whose memory is meant, where it has tags of that type. */
function threadFor(session: GdbSession, { tagType }: TagRange): Thread | Reply {
  const thread = session.selection.requireGeneral();
  const known = thread.process.taggedMemory?.tagType;
  return known === tagType ? thread : failure(errno.invalid, `no tags of type ${tagType}`);
}

function isReply(found: Thread | Reply): found is Reply {
  return 'kind' in found;
}

function read(session: GdbSession, range: TagRange): Reply {
  const thread = threadFor(session, range);
  if (isReply(thread)) return thread;
  const granuleBytes = thread.process.taggedMemory?.granuleBytes ?? 1;
  if (range.lengthBytes / granuleBytes > packetSizeBytes / 2 - granuleBytes)
    return failure(errno.invalid, 'more tags than a packet holds');
  return text(`m${hexOf(readMemoryTags(thread, range.address, range.lengthBytes))}`);
}

/** Whether a machine has any memory with tags. */
function hasTags(facts: MachineFacts): boolean {
  return modulesOn(facts.machine).some((module) => module.taggedMemory(facts) !== undefined);
}

export const memoryTagPackets: readonly PacketEntry[] = [
  packet({
    name: 'qMemTags',
    advertise: 'memory-tagging+',
    isOffered: hasTags,
    parse: parseRange,
    run: read,
    errorText: 'any-client',
  }),
  packet({
    name: 'QMemTags',
    isOffered: hasTags,
    parse: parseWrite,
    run: (session, { tags, ...range }) => {
      const thread = threadFor(session, range);
      if (isReply(thread)) return thread;
      writeMemoryTags(thread, range.address, range.lengthBytes, tags);
      return ok;
    },
    errorText: 'any-client',
  }),
  packet({
    name: 'qIsAddressTagged',
    isOffered: hasTags,
    parse: (fields) => {
      fields.expect(':');
      const address = fields.bigint();
      fields.expectEnd();
      return address;
    },
    run: (session, address) => text(hasMemoryTags(session.selection.requireGeneral(), address) ? '01' : '00'),
  }),
];
