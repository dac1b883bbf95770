/** Threads that begin and end (GDB manual, "General Query Packets"). */
import { type FieldReader, ProtocolError, type ThreadSelector } from 'gdb-js-rsp-parser';
import { ok, type PacketEntry, packet, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';
import { knownThreadOptions } from '../thread-events.js';
import { selects } from '../thread-selection.js';

function parseSwitch(fields: FieldReader): boolean {
  fields.expect(':');
  const value = fields.number();
  fields.expectEnd();
  if (value > 1) throw new ProtocolError(`neither 0 nor 1: ${value}`);
  return value === 1;
}

interface ThreadOptions {
  readonly options: number;
  readonly selector: ThreadSelector;
}

/** `;options[:thread]...`; without a thread all threads are meant. */
function parseOptions(fields: FieldReader): readonly ThreadOptions[] {
  const entries: ThreadOptions[] = [];
  while (fields.accept(';')) {
    // Of 32 bits, as the operators below see it.
    const options = fields.number(0xffffffff);
    if ((options & ~knownThreadOptions) !== 0) {
      throw new ProtocolError(`thread options 0x${options.toString(16)} are not all known`);
    }
    const selector = fields.accept(':')
      ? fields.threadSelector()
      : { process: undefined, thread: 'all' as const };
    entries.push({ options, selector });
  }
  fields.expectEnd();
  if (entries.length === 0) throw new ProtocolError('no options');
  return entries;
}

/** The last entry that names a thread counts; one that none names keeps its options. */
function setOptions(session: GdbSession, entries: readonly ThreadOptions[]): Reply {
  for (const thread of session.threads()) {
    const entry = entries.findLast(({ selector }) => selects(selector, thread));
    if (entry !== undefined) session.threadEvents.setOptions(thread, entry.options);
  }
  session.updateEventMask();
  return ok;
}

export const threadEventPackets: readonly PacketEntry[] = [
  packet({
    name: 'QThreadEvents',
    parse: parseSwitch,
    run: (session, isOn) => {
      session.threadEvents.isOn = isOn;
      session.updateEventMask();
      return ok;
    },
    advertise: 'QThreadEvents+',
  }),
  packet({
    name: 'QThreadOptions',
    parse: parseOptions,
    run: setOptions,
    advertise: `QThreadOptions=${knownThreadOptions.toString(16)}`,
    errorText: 'any-client',
  }),
];
